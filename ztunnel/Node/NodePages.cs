using System.Net;
using Ambient.Certificates;
using Ambient.Certificates.Store;
using Ambient.Hosting.Health;
using Ambient.Hosting.Logging;
using Ambient.Hosting.Metrics;
using Ambient.Hosting.Pages;
using Ambient.Hosting.Stopping;
using Ambient.Linux.Sockets;
using Ambient.Model.Identities;
using Ambient.Model.State;
using Ambient.Ztunnel.Admin;
using Ambient.Ztunnel.Connections;
using Ambient.Ztunnel.LocalConfiguration;
using Ambient.Ztunnel.Options;
using Ambient.Ztunnel.Pods;
using Ambient.Ztunnel.Proxying;
using Microsoft.Extensions.Logging;

namespace Ambient.Ztunnel.Node;

/// <summary>The node's own pages: administration on loopback, metrics and readiness for everybody.</summary>
internal sealed class NodePages
{
    private readonly NodeParts _parts;
    private readonly List<PageServer> _servers = [];

    private NodePages(NodeParts parts) => _parts = parts;

    /// <exception cref="Linux.LinuxException">A port is taken.</exception>
    public static async Task<NodePages> StartAsync(ZtunnelOptions options, NodeParts parts, MeshState mesh,
        LocalConfigurationSource? configuration, ReadinessTasks readiness, StopSignal stop, TimeProvider time, ProcessLog log)
    {
        var pages = new NodePages(parts);
        var build = BuildInfo.Current(options.Telemetry.IstioVersion);
        AddMetrics(parts, mesh, time, build);
        var source = new DumpSource(mesh, configuration, parts);
        var admin = new AdminPages(new ConfigDump(options, build, source, parts.Ledgers), new LoggingPage(log.Levels), new StopPage(stop),
            new IndexPage(options, build, readiness, mesh, parts.Ledgers, () => parts.PodList().Count));
        var any = options.Listeners.IPv6 ? IPAddress.IPv6Any : IPAddress.Any;

        await pages.ServeAsync(admin.RespondAsync, log, LoopbackOf(options.Listeners));
        await pages.ServeAsync(new MetricsPage(parts.Metrics).RespondAsync, log, new IPEndPoint(any, options.Listeners.StatsPort));
        await pages.ServeAsync(new ReadinessPage(readiness).RespondAsync, log, new IPEndPoint(any, ListenerOptions.ReadinessPort));
        return pages;
    }

    public Task StopAsync() => _parts.Control.RunAsync(async () =>
    {
        foreach (var server in _servers) await server.StopAsync(TimeSpan.FromSeconds(1));
    });

    private Task ServeAsync(PageHandler handler, ProcessLog log, params IPEndPoint[] at) => _parts.Control.RunAsync(() =>
    {
        var server = new PageServer(_parts.Control, new(), handler, log.Loggers.CreateLogger<PageServer>());
        foreach (var address in at)
            server.Listen(ListeningSocket.Open(address, new() { V6Only = IPAddress.IPv6Loopback.Equals(address.Address) }));
        _servers.Add(server);
        return ValueTask.CompletedTask;
    });

    private static IPEndPoint[] LoopbackOf(ListenerOptions listeners) => listeners.IPv6 && LoopbackIPv6.IsEnabled()
        ? [new(IPAddress.Loopback, listeners.AdminPort), new(IPAddress.IPv6Loopback, listeners.AdminPort)]
        : [new(IPAddress.Loopback, listeners.AdminPort)];

    private static void AddMetrics(NodeParts parts, MeshState mesh, TimeProvider time, BuildInfo build)
    {
        parts.Metrics.AddGauges("istio_build", "Istio component build info", ["component", "tag"]).With("ztunnel", build.IstioVersion).Set(1);
        parts.Metrics.Add(new TcpMetrics(parts.Ledgers, mesh, time));
        parts.Metrics.AddGauge("workload_manager_active_proxy_count", "The total number of proxies that are served now (unstable).",
            () => parts.PodList().Count(static pod => pod.State == PodState.Up));
        parts.Metrics.AddGauge("workload_manager_pending_proxy_count", "The total number of proxies that could not be started yet (unstable).",
            () => parts.PodList().Count(static pod => pod.State == PodState.Pending));
        ProcessMetrics.AddTo(parts.Metrics);
    }

    private sealed class DumpSource(MeshState mesh, LocalConfigurationSource? configuration, NodeParts parts) : IConfigDumpSource
    {
        public MeshSnapshot Mesh => mesh.Current;

        public MeshSnapshot? StaticMesh
        {
            get
            {
                if (configuration is null) return null;
                var alone = new MeshState();
                alone.Apply(configuration.Current.ChangesSince(LocalConfigurationFile.Empty));
                return alone.Current;
            }
        }

        public IReadOnlyList<CertificateStatus> Certificates => parts.Certificates.List();

        public WorkloadCertificate? CertificateOf(SpiffeId identity) =>
            parts.Certificates.TryGet(identity, out var certificate) ? certificate : null;

        public IReadOnlyList<PodStatus> Pods => parts.PodList();

        public IReadOnlyDictionary<string, string> RejectedResources =>
            parts.ControlPlane?.Client.RejectedResources ?? new Dictionary<string, string>();
    }
}
