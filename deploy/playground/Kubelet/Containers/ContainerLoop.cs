using System.Text.Json.Nodes;
using Ambient.Lab;
using Ambient.Lab.Processes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Kubelet.Probes;
using Ambient.Playground.Kubelet.Sandboxes;

namespace Ambient.Playground.Kubelet.Containers;

/// <summary>One container of a pod: started, probed, started again after it has ended, and stopped with its pod.</summary>
/// <param name="policy">The pod's restartPolicy, or OnFailure for init containers.</param>
internal sealed class ContainerLoop(PodContext pod, PodSandbox sandbox, PodVolumes volumes, JsonObject container, ContainerState state, string policy)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1), LongestWait = TimeSpan.FromSeconds(30);

    /// <summary>Runs until the container has ended for good.</summary>
    /// <param name="stopping">Fires when the pod ends: the container gets SIGTERM and its grace, then SIGKILL.</param>
    /// <param name="killed">Fires when the node dies: nothing is waited for, and nothing reported.</param>
    public async Task RunAsync(CancellationToken stopping, CancellationToken killed)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, killed);
        var wait = TimeSpan.Zero;
        try
        {
            while (true)
            {
                var exit = await RunOnceAsync(stopping, killed);
                killed.ThrowIfCancellationRequested();
                if (stopping.IsCancellationRequested) return;
                if (exit is { } code && (policy == "Never" || (policy == "OnFailure" && code == 0))) return;
                if (exit is not null && wait > TimeSpan.Zero) BackOff("CrashLoopBackOff", $"back-off {wait.TotalSeconds:0} s restarting failed container");
                await Task.Delay(exit is null && wait == TimeSpan.Zero ? FirstWait : wait, pod.Time, either.Token);
                wait = wait == TimeSpan.Zero ? FirstWait : TimeSpan.FromTicks(Math.Min(LongestWait.Ticks, wait.Ticks * 2));
                if (exit is not null) pod.Report(() => state.Restarts++);
            }
        }
        catch (OperationCanceledException) when (!killed.IsCancellationRequested)
        {
            pod.Report(() => state.End(0, pod.Time.GetUtcNow(), isFinal: true)); // it was waiting to be started again
        }
    }

    // Null if it could not be started.
    private async Task<int?> RunOnceAsync(CancellationToken stopping, CancellationToken killed)
    {
        var id = ContainerRuntime.NewId();
        Daemon process;
        try
        {
            var document = pod.Document();
            var command = ContainerCommand.Of(document, container, pod.Store);
            var place = new ProcessPlace(sandbox.Namespace, sandbox.GroupFor(id), container.Text("workingDir"), volumes.MountsOf(document, container));
            process = Daemon.Start($"{state.Name} of {pod.Identity}", place, pod.LogFile(state.Name), command.Environment, command.Program, command.Arguments);
        }
        catch (Exception refusal) when (refusal is ContainerException or LabException)
        {
            BackOff(refusal is ContainerException known ? known.Reason : "ErrImagePull", refusal.Message);
            pod.Record("Failed", $"Error: {refusal.Message}", "Warning");
            return null;
        }
        await using (process)
        {
            pod.Record("Started", $"Started container {state.Name}");
            pod.Report(() => state.Run(id, process.Id, pod.Time.GetUtcNow(), container["startupProbe"] is not null));
            await WatchAsync(process, stopping, killed);
            if (killed.IsCancellationRequested) return null;
            var code = process.ExitCode;
            var isFinal = stopping.IsCancellationRequested || policy == "Never" || (policy == "OnFailure" && code == 0);
            pod.Report(() => state.End(code, pod.Time.GetUtcNow(), isFinal));
            return code;
        }
    }

    // Returns once the process has ended: by itself, by a probe's verdict, or with its pod.
    private async Task WatchAsync(Daemon process, CancellationToken stopping, CancellationToken killed)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(killed);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping, killed);
        var ended = process.WaitForExitAsync(Timeout.InfiniteTimeSpan);
        var sentenced = ProbeAsync(over.Token);
        await Task.WhenAny(ended, sentenced, Task.Delay(Timeout.InfiniteTimeSpan, pod.Time, stop.Token));
        if (killed.IsCancellationRequested) await process.KillAsync();
        else if (!ended.IsCompleted) await EndAsync(process, killed);
        await over.CancelAsync();
        try { await sentenced; }
        catch (OperationCanceledException) { }
        await ended;
    }

    private async Task EndAsync(Daemon process, CancellationToken killed)
    {
        pod.Record("Killing", $"Stopping container {state.Name}");
        if (container.ObjectAt("lifecycle", "preStop", "exec") is { } hook)
            await Command.RunAsync(new("ip", ["netns", "exec", sandbox.Namespace, .. hook.TextsAt("command")]), input: null, pod.Grace);
        process.Signal("TERM");
        var patience = process.WaitForExitAsync(Timeout.InfiniteTimeSpan);
        await Task.WhenAny(patience, Task.Delay(pod.Grace, pod.Time, killed));
        await process.KillAsync();
    }

    // Startup first, then readiness and liveness side by side. Returns if the container is to be killed; otherwise only by the token.
    private async Task ProbeAsync(CancellationToken over)
    {
        if (container.ObjectAt("startupProbe") is { } startup)
        {
            var started = false;
            await LoopOf(startup).RunAsync(result => { started = result.Succeeded; return false; }, over);
            if (!started) return;
            pod.Report(() => state.HasStarted = true);
        }
        if (container.ObjectAt("readinessProbe") is { } readiness) _ = FollowReadinessAsync(readiness, over);
        else pod.Report(() => state.IsReady = true);
        if (container.ObjectAt("livenessProbe") is not { } liveness)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, pod.Time, over);
            return;
        }
        await LoopOf(liveness).RunAsync(result =>
        {
            if (!result.Succeeded) pod.Record("Unhealthy", $"Liveness probe failed: {result.Message}", "Warning");
            return result.Succeeded;
        }, over);
    }

    private async Task FollowReadinessAsync(JsonObject readiness, CancellationToken over)
    {
        try
        {
            await LoopOf(readiness).RunAsync(result =>
            {
                if (state.IsReady && !result.Succeeded) pod.Record("Unhealthy", $"Readiness probe failed: {result.Message}", "Warning");
                if (state.IsReady != result.Succeeded) pod.Report(() => state.IsReady = result.Succeeded && state.IsRunning);
                return true;
            }, over);
        }
        catch (OperationCanceledException) { } // its container has ended
    }

    private ProbeLoop LoopOf(JsonObject probe) => new(probe, new(container, sandbox.Addresses[0], sandbox.Namespace, pod.Sockets), pod.Time);

    private void BackOff(string reason, string message) => pod.Report(() => state.Wait(reason, message));
}
