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
using Ambient.Model.Traffic;
using Ambient.Tls;
using Ambient.Tls.Revocation;
using Ambient.Transport;
using Ambient.Waypoint.Inbound;
using Ambient.Waypoint.Options;
using Ambient.Waypoint.Routing;
using Ambient.Waypoint.Tcp;
using Ambient.Waypoint.Telemetry;
using Ambient.Waypoint.Tracing;
using Microsoft.Extensions.Logging;

namespace Ambient.Waypoint.Running;

/// <summary>The wiring of the waypoint, in the order in which data flows.</summary>
internal sealed class WaypointParts : IAsyncDisposable
{
    private static readonly TimeSpan TrimInterval = MemoryTrim.Interval;

    public required MetricRegistry Metrics { get; init; }
    public required CertificateStore Certificates { get; init; }
    public required ICertificateSource Authority { get; init; }
    public required ControlPlane ControlPlane { get; init; }
    public required WaypointRules Rules { get; init; }

    /// <summary>Everything that is no traffic: pages, timers.</summary>
    public required EventLoop Control { get; init; }

    public required IReadOnlyList<Worker> Workers { get; init; }

    /// <summary>Null if nobody is revoked by a file.</summary>
    public required CrlStore? Crl { get; init; }

    public static async Task<WaypointParts> CreateAsync(WaypointOptions options, ProcessLog log, TimeProvider time, ILogger logger)
    {
        var (metrics, mesh, traffic) = (new MetricRegistry(), new MeshState(options.Node.NodeName), new TrafficState());
        var random = new Random(RandomNumberGenerator.GetInt32(int.MaxValue));
        var source = await CertificateSources.OpenAsync(options.Authority, options.Node, time, log.Loggers);
        var store = new CertificateStore(source, new(), time, random, log.Loggers.CreateLogger<CertificateStore>());
        store.Retain(options.Identity);
        var crl = options.Authority.CrlFile is null ? null : new CrlStore();
        var tls = new TlsOptions { Crl = crl, Time = time };
        if (options.Tunnels.PostQuantumOnly) tls.Groups = ["X25519MLKEM768"];

        void Report(Exception error) => DefectLog.Report(logger, error);
        var rules = new WaypointRules(options, mesh, traffic, new TlsIdentities(store, tls), new ServiceTraffics(options, mesh, traffic, time),
            new TargetFinder(options, mesh, time), new HostResolver(time, ipv6: true, new(random.Next())), new RequestMetrics(metrics, mesh, options, time), new AccessLog(options.AccessLog, log.Output, time),
            new TraceExport(metrics, new SpanWriter(options, time), log.Loggers.CreateLogger<TraceExport>(), Report), Report);
        var pauses = new AcceptPauses(metrics, time, logger);
        var control = new EventLoop("waypoint-control", time) { UnhandledException = Report, AcceptPaused = pauses.Report };
        control.Start();
        var workers = Enumerable.Range(0, options.WorkerThreads)
            .Select(number => new Worker(new($"waypoint-{number}", time) { UnhandledException = Report, AcceptPaused = pauses.Report }, rules, new(random.Next()))).ToArray();
        foreach (var worker in workers) worker.Loop.Start();
        metrics.Add(new OpenConnections(workers));
        KeepSmall(control, workers, rules.Services);
        rules.Targets.Left += isFor => Array.ForEach(workers, worker => worker.Part(isFor));

        return new()
        {
            Metrics = metrics,
            Certificates = store,
            Authority = source,
            Rules = rules,
            Control = control,
            Workers = workers,
            Crl = crl,
            ControlPlane = ControlPlane.Follow(new("waypoint", options.Node, options.Discovery, options.Authority, traffic),
                mesh, metrics, time, new(random.Next()), log.Loggers)!,
        };
    }

    /// <param name="readiness">Held until the file could be read once.</param>
    public Revocations? WatchRevocations(ReadinessTasks readiness, ProcessLog log) =>
        Crl is null ? null : new(Rules.Options.Authority.CrlFile!, Crl, CloseRevoked, readiness, log.Loggers.CreateLogger<Revocations>());

    public async ValueTask DisposeAsync()
    {
        await ControlPlane.DisposeAsync();
        foreach (var worker in Workers) worker.Dispose();
        Control.Dispose();
        await Certificates.DisposeAsync();
        (Authority as IDisposable)?.Dispose();
    }

    private void CloseRevoked(Func<PeerIdentity, bool> isRevoked)
    {
        foreach (var worker in Workers) worker.CloseRevoked(isRevoked);
    }

    /// <summary>Gives back memory that is not needed, and forgets what was put together for services that are gone.</summary>
    private static void KeepSmall(EventLoop control, IReadOnlyList<Worker> workers, ServiceTraffics services)
    {
        var trim = new MemoryTrim(() => workers.Sum(static worker => (long)worker.Connections.Count));
        control.Post(() =>
        {
            LoopTimer timer = null!;
            timer = new(control, _ =>
            {
                trim.Check();
                services.Forget();
                timer.Start(TrimInterval);
            }, null);
            timer.Start(TrimInterval);
        });
    }
}
