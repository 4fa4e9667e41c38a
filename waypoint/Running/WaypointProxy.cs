using Ambient.Hosting.Health;
using Ambient.Hosting.Logging;
using Ambient.Hosting.Stopping;
using Ambient.Linux;
using Ambient.Linux.Files;
using Ambient.Waypoint.Inbound;
using Ambient.Waypoint.Options;
using Microsoft.Extensions.Logging;

namespace Ambient.Waypoint.Running;

/// <summary>The waypoint from start to stop: READ THIS FIRST for how the process lives.</summary>
internal sealed partial class WaypointProxy(WaypointOptions options, TimeProvider time, StopSignal stop)
{
    private const string StateTask = "mesh and routes", CertificateTask = "own certificate", ListenerTask = "tunnels";
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(2);

    private readonly ReadinessTasks _readiness = new();

    /// <summary>Serves until the stop signal, then ends in order.</summary>
    /// <exception cref="Exception">It could not start; the message says what to do.</exception>
    public async Task RunAsync()
    {
        using var log = new ProcessLog(options.Telemetry.LogFormat, options.Telemetry.LogFilter, OutputStream.StandardOutput(), time);
        var logger = log.Loggers.CreateLogger<WaypointProxy>();
        foreach (var task in (string[])[StateTask, CertificateTask, ListenerTask]) _readiness.Begin(task);
        Limits.RaiseOpenFiles();
        Log.Starting(logger, options.GatewayKey, options.Identity.ToString());

        await using var parts = await WaypointParts.CreateAsync(options, log, time, logger);
        using var revocations = parts.WatchRevocations(_readiness, log);
        var pages = await WaypointPages.StartAsync(options, parts, _readiness, stop, log);
        if (!await IsReadyAsync(parts)) return;
        var listener = await TunnelListener.StartAsync(parts.Workers);
        _readiness.Complete(ListenerTask);
        Log.Ready(logger, options.WorkerThreads);

        Log.Stopping(logger, await stop.Requested, options.Drain.Deadline);
        await new StopSequence(time, log.Loggers.CreateLogger<StopSequence>())
            .Then("connections", _ => listener.StopAsync(options.Drain.Deadline))
            .Then("pages", _ => pages.StopAsync())
            .RunAsync(options.Drain.Deadline + StopGrace, StopGrace);
    }

    /// <summary>Nobody is served before routes and policies are known: what they forbid would pass.</summary>
    /// <returns>False: the process was told to stop before.</returns>
    private async Task<bool> IsReadyAsync(WaypointParts parts)
    {
        var known = parts.ControlPlane.Client.Ready.ContinueWith(_ => _readiness.Complete(StateTask), TaskScheduler.Default);
        var certified = parts.Rules.Identities.FindAsync(options.Identity).AsTask().ContinueWith(_ => _readiness.Complete(CertificateTask), TaskScheduler.Default);
        if (await Task.WhenAny(Task.WhenAll(known, certified), stop.Requested) == stop.Requested) return false;
        MemoryTrim.Trim(); // reading a whole mesh leaves more behind than it keeps
        return true;
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 1304.
    private static partial class Log
    {
        [LoggerMessage(1301, LogLevel.Information, "Starting as {Gateway} with the identity {Identity}")]
        public static partial void Starting(ILogger logger, string gateway, string identity);

        [LoggerMessage(1302, LogLevel.Information, "Serving with {Workers} workers")]
        public static partial void Ready(ILogger logger, int workers);

        [LoggerMessage(1303, LogLevel.Information, "Stopping ({Why}): requests may finish for {Deadline}")]
        public static partial void Stopping(ILogger logger, string why, TimeSpan deadline);
    }
}
