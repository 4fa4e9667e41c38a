using System.Security.Cryptography;
using Ambient.Certificates;
using Ambient.Certificates.Store;
using Ambient.Hbone;
using Ambient.Hosting.Health;
using Ambient.Hosting.Logging;
using Ambient.Hosting.Metrics;
using Ambient.MeshProxy.Discovery;
using Ambient.MeshProxy.Identity;
using Ambient.Model.State;
using Ambient.Tls;
using Ambient.Tls.Revocation;
using Ambient.Transport;
using Ambient.Ztunnel.Connections;
using Ambient.Ztunnel.Discovery;
using Ambient.Ztunnel.Dns;
using Ambient.Ztunnel.Dns.Forwarding;
using Ambient.Model;
using Ambient.Ztunnel.Options;
using Ambient.Ztunnel.Pods;
using Ambient.Ztunnel.Proxying;
using Ambient.Ztunnel.Workers;
using Microsoft.Extensions.Logging;

namespace Ambient.Ztunnel.Node;

/// <summary>The wiring of the node proxy, in the order in which data flows.</summary>
internal sealed class NodeParts : IAsyncDisposable
{
    public required MetricRegistry Metrics { get; init; }
    public required CertificateStore Certificates { get; init; }

    /// <summary>What <see cref="Certificates"/> asks.</summary>
    public required ICertificateSource Authority { get; init; }

    public required ConnectionLedgers Ledgers { get; init; }
    public required WorkerPool Workers { get; init; }

    /// <summary>Everything that is no traffic: pages, timers.</summary>
    public required EventLoop Control { get; init; }

    /// <summary>Null if there is none and the mesh is known from a file.</summary>
    public required ControlPlane? ControlPlane { get; init; }

    public required PodRegistry Registry { get; init; }
    public required PodProxyFactory Pods { get; init; }
    public required CrlStore? Crl { get; init; }

    /// <summary>The pods as the agent told them; set once they are served.</summary>
    public Func<IReadOnlyList<PodStatus>> PodList { get; set; } = static () => [];

    public static async Task<NodeParts> CreateAsync(ZtunnelOptions options, MeshState mesh, ProcessLog log, TimeProvider time, ILogger logger)
    {
        var metrics = new MetricRegistry();
        var random = new Random(RandomNumberGenerator.GetInt32(int.MaxValue));
        var source = await CertificateSources.OpenAsync(options.Authority, options.Node, time, log.Loggers);
        var store = new CertificateStore(source, new(), time, random, log.Loggers.CreateLogger<CertificateStore>());
        var crl = options.Authority.CrlFile is null ? null : new CrlStore();
        var identities = new TlsIdentities(store, TlsOptionsOf(options, crl, time));

        var ledgers = new ConnectionLedgers(new AccessLog(log.Output), options.Telemetry.MaxTrafficSeries);
        void Defect(Exception error) => DefectLog.Report(logger, error);
        var pauses = new AcceptPauses(metrics, time, logger);
        var control = new EventLoop("ztunnel-control", time) { UnhandledException = Defect, AcceptPaused = pauses.Report };
        var workers = new WorkerPool(options.WorkerThreads, ledgers, time, random, Defect, pauses.Report);
        var authorizer = new Authorizer(mesh, time, options.Telemetry.LogPolicyDecisions ? LogLevel.Information : LogLevel.Debug,
            log.Loggers.CreateLogger<Authorizer>());
        var registry = new PodRegistry();
        Follow(mesh, options.Node.NodeName is not null ? store : null, ledgers, authorizer);
        control.Start();
        TrimMemory(control, ledgers);
        // Last: from here on the mesh changes.
        var controlPlane = ControlPlane.Follow(new("ztunnel", options.Node, options.Discovery, options.Authority), mesh, metrics, time, new(random.Next()), log.Loggers);
        var lookups = options.Discovery.OnDemand ? new MeshLookups(controlPlane?.Client, mesh, options.Node.Network) : MeshLookups.None;
        var rules = RulesOf(options, authorizer, identities, lookups, new(metrics), time, random);

        return new()
        {
            Metrics = metrics,
            Certificates = store,
            Authority = source,
            Ledgers = ledgers,
            Workers = workers,
            Control = control,
            ControlPlane = controlPlane,
            Registry = registry,
            Crl = crl,
            Pods = new(options, mesh, workers, rules, registry, DnsOf(options, mesh, metrics, log), time),
        };
    }

    /// <param name="readiness">Held until the file could be read once.</param>
    public Revocations? WatchRevocations(ZtunnelOptions options, ReadinessTasks readiness, ProcessLog log) =>
        Crl is null ? null : new(options.Authority.CrlFile!, Crl, Registry.CloseRevoked, readiness, log.Loggers.CreateLogger<Revocations>());

    public async ValueTask DisposeAsync()
    {
        if (ControlPlane is not null) await ControlPlane.DisposeAsync();
        Workers.Dispose();
        Control.Dispose();
        await Certificates.DisposeAsync();
        (Authority as IDisposable)?.Dispose();
    }

    private static ProxyRules RulesOf(
        ZtunnelOptions options, Authorizer authorizer, TlsIdentities identities, MeshLookups lookups, ProxyMetrics metrics, TimeProvider time, Random random) => new()
    {
        Lookups = lookups,
        Outbound = new(options.Node.Network, ProxyPorts(options)),
        Inbound = new(options.Node.Network, ProxyPorts(options)),
        Authorizer = authorizer,
        Identities = identities,
        Tunnels = options.Tunnels.ToHbone(),
        Hosts = new(time, options.Listeners.IPv6, new Random(random.Next())),
        Metrics = metrics,
        Network = options.Node.Network,
        Baggage = options.Telemetry.Baggage,
        LocalhostAppTunnel = options.Tunnels.LocalhostAppTunnel,
        ConnectTimeout = options.Tunnels.ConnectTimeout,
    };

    private static EquatableArray<ushort> ProxyPorts(ZtunnelOptions options) => options.Listeners.Socks
        ? [ListenerOptions.OutboundPort, ListenerOptions.PassthroughPort, ListenerOptions.HbonePort, ListenerOptions.SocksPort]
        : [ListenerOptions.OutboundPort, ListenerOptions.PassthroughPort, ListenerOptions.HbonePort];

    private static TlsOptions TlsOptionsOf(ZtunnelOptions options, CrlStore? crl, TimeProvider time)
    {
        var tls = new TlsOptions { Crl = crl, Time = time };
        if (options.Tunnels.PostQuantumOnly) tls.Groups = ["X25519MLKEM768"];
        return tls;
    }

    private static DnsProxies? DnsOf(ZtunnelOptions options, MeshState mesh, MetricRegistry metrics, ProcessLog log)
    {
        if (!options.Dns.Enabled) return null;
        var resolvers = ResolverConfiguration.Read("/etc/resolv.conf");
        var settings = new DnsSettings
        {
            ClusterDomain = options.Node.ClusterDomain,
            IPv6Enabled = options.Listeners.IPv6,
            PreferredServiceNamespace = options.Dns.PreferredNamespace,
            Search = options.Node.Mode == ProxyMode.Dedicated ? resolvers.Search : null,
        };
        return new(settings, resolvers, mesh, new DnsMetrics(metrics), log.Loggers.CreateLogger<DnsProxy>());
    }

    /// <summary>What a change of the mesh sets off: certificates ahead of need, open connections judged anew.</summary>
    /// <param name="store">Null when this node's name is not known: then every workload of the mesh would seem local.</param>
    private static void Follow(MeshState mesh, CertificateStore? store, ConnectionLedgers ledgers, Authorizer authorizer) =>
        mesh.Changed += change =>
        {
            foreach (var identity in change.NewLocalIdentities) store?.Retain(identity);
            foreach (var identity in change.GoneLocalIdentities) store?.Release(identity);
            if (change.PoliciesChanged || change.ReattachedWorkloads.Count > 0) ledgers.Rejudge(authorizer.Rejudge);
        };

    private static void TrimMemory(EventLoop control, ConnectionLedgers ledgers)
    {
        var trim = new MemoryTrim(() => ledgers.Count);
        control.Post(() =>
        {
            LoopTimer timer = null!;
            timer = new(control, _ =>
            {
                trim.Check();
                timer.Start(MemoryTrim.Interval);
            }, null);
            timer.Start(MemoryTrim.Interval);
        });
    }
}
