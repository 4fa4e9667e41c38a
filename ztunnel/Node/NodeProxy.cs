using Ambient.Hosting.Health;
using Ambient.Hosting.Logging;
using Ambient.Hosting.Stopping;
using Ambient.Linux;
using Ambient.Linux.Files;
using Ambient.Model.State;
using Ambient.Ztunnel.Options;
using Microsoft.Extensions.Logging;

namespace Ambient.Ztunnel.Node;

/// <summary>The node proxy from start to stop: READ THIS FIRST for how the process lives.</summary>
internal sealed partial class NodeProxy(ZtunnelOptions options, TimeProvider time, StopSignal stop)
{
    private const string StateTask = "state manager", PodsTask = "workload proxy manager", ProxyTask = "proxy";
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(2);

    private readonly ReadinessTasks _readiness = new();

    /// <summary>Serves until the stop signal, then ends in order.</summary>
    /// <exception cref="Exception">It could not start; the message says what to do.</exception>
    public async Task RunAsync()
    {
        using var log = new ProcessLog(options.Telemetry.LogFormat, options.Telemetry.LogFilter, OutputStream.StandardOutput(), time);
        var logger = log.Loggers.CreateLogger<NodeProxy>();
        Begin(logger);

        var mesh = new MeshState(options.Node.NodeName);
        await using var parts = await NodeParts.CreateAsync(options, mesh, log, time, logger);
        using var configuration = LoadConfiguration(mesh, logger);
        parts.Workers.Start();
        using var revocations = parts.WatchRevocations(options, _readiness, log);
        var pages = await NodePages.StartAsync(options, parts, mesh, configuration?.Source, _readiness, stop, time, log);
        if (!await IsMeshKnownAsync(parts)) return;
        var pods = await StartPodsAsync(parts, log);
        Log.Ready(logger, options.WorkerThreads, options.Node.Mode);

        Log.Stopping(logger, await stop.Requested, options.Drain.Deadline);
        await new StopSequence(time, log.Loggers.CreateLogger<StopSequence>())
            .Then("pods", _ => pods.StopAsync())
            .Then("pages", _ => pages.StopAsync())
            .RunAsync(options.Drain.Deadline + StopGrace, StopGrace);
    }

    private void Begin(ILogger logger)
    {
        foreach (var task in (string[])[StateTask, PodsTask, ProxyTask]) _readiness.Begin(task);
        var (soft, hard) = Limits.RaiseOpenFiles();
        Log.Starting(logger, soft, hard);
        if (options.Node.Mode == ProxyMode.Shared) Capabilities.Require(options.Sockets.Mark ?? 0);
    }

    private WatchedConfiguration? LoadConfiguration(MeshState mesh, ILogger logger) => WatchedConfiguration.Open(options.Discovery, mesh, logger);

    /// <summary>Pods are not served before the control plane has told of the mesh: nothing would be encrypted, no policy enforced.</summary>
    /// <returns>False: the process was told to stop before.</returns>
    private async Task<bool> IsMeshKnownAsync(NodeParts parts)
    {
        if (parts.ControlPlane is { } controlPlane)
        {
            if (await Task.WhenAny(controlPlane.Client.Ready, stop.Requested) == stop.Requested) return false;
            // Reading a whole mesh leaves more behind than it keeps, and now nobody is kept waiting.
            MemoryTrim.Trim();
        }
        _readiness.Complete(StateTask);
        return true;
    }

    private async Task<IRunningPods> StartPodsAsync(NodeParts parts, ProcessLog log)
    {
        IRunningPods pods = options.Node.Mode == ProxyMode.Shared
            ? await AgentPods.StartAsync(options, parts, time, log, ready => Set(PodsTask, ready))
            : await OwnPod.StartAsync(options, parts);
        if (options.Node.Mode == ProxyMode.Dedicated) _readiness.Complete(PodsTask);
        _readiness.Complete(ProxyTask);
        return pods;
    }

    private void Set(string task, bool done)
    {
        if (done) _readiness.Complete(task);
        else _readiness.Begin(task);
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 645.
    private static partial class Log
    {
        [LoggerMessage(641, LogLevel.Information, "Starting; open files: {Soft} of {Hard}")]
        public static partial void Starting(ILogger logger, ulong soft, ulong hard);

        [LoggerMessage(642, LogLevel.Information, "Serving with {Workers} workers in {Mode} mode")]
        public static partial void Ready(ILogger logger, int workers, ProxyMode mode);

        [LoggerMessage(643, LogLevel.Information, "Stopping ({Why}): connections may finish for {Deadline}")]
        public static partial void Stopping(ILogger logger, string why, TimeSpan deadline);
    }
}

/// <summary>What serves pods, as far as stopping is concerned.</summary>
internal interface IRunningPods
{
    /// <summary>Drains every pod; returns when nothing is carried any more.</summary>
    Task StopAsync();
}
