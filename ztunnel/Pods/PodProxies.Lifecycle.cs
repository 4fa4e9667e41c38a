using Microsoft.Extensions.Logging;

namespace Ambient.Ztunnel.Pods;

// Starting, trying again and stopping. All but RetryPending run in turn.
internal sealed partial class PodProxies
{
    /// <exception cref="ZdsException">Pod: not started; it stays pending.</exception>
    private async ValueTask StartAsync(PendingPod pod)
    {
        if (_closed)
        {
            pod.Netns.Dispose();
            throw new ZdsException(ZdsFailure.Pod, "This proxy is shutting down and serves no new pods.");
        }
        using var limit = new CancellationTokenSource(StartLimit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
        try
        {
            var proxy = await _factory.StartAsync(pod.Pod, pod.Netns, pod.IsArriving, either.Token);
            _pending.Remove(pod.Pod.Uid);
            _running[pod.Pod.Uid] = new RunningPod(pod.Pod, pod.Netns, proxy);
            Started.Increment();
            Log.Started(_logger, pod.Pod.Uid, pod.Pod.Namespace, pod.Pod.Name);
        }
        catch (Exception error)
        {
            // Whatever stops one pod's proxy from starting must not end the others'.
            pod.Error = error.Message;
            _pending[pod.Pod.Uid] = pod;
            _retry.Change(RetryAfter, Timeout.InfiniteTimeSpan);
            Log.NotStarted(_logger, pod.Pod.Uid, pod.Pod.Namespace, pod.Pod.Name, RetryAfter.TotalSeconds, error);
            throw new ZdsException(ZdsFailure.Pod, $"Pod {pod.Pod.Namespace}/{pod.Pod.Name} is not served yet: {error.Message}", error);
        }
    }

    // A timer's callback: nobody awaits it, so it ends in Track like everything else that runs behind a request.
    private void RetryPending() => Track(InTurnAsync(async () =>
    {
        foreach (var pod in _pending.Values.ToList())
        {
            if (_closed)
                return;
            try
            {
                await StartAsync(pod);
            }
            catch (ZdsException)
            {
                // Logged, still pending, and the timer runs again.
            }
        }
    }));

    private void DropPending(string uid)
    {
        if (_pending.Remove(uid, out var pod))
            pod.Netns.Dispose();
    }

    private void ClearPending()
    {
        foreach (var pod in _pending.Values)
            pod.Netns.Dispose();
        _pending.Clear();
    }

    private Task StopAndWaitAsync(IReadOnlyList<RunningPod> pods, PodStop how) =>
        WaitForStopAsync(Task.WhenAll([.. pods.Select(pod => StopInBackground(pod, how))]), pods.Count);

    private async Task WaitForStopAsync(Task stopping, int pods)
    {
        try
        {
            await stopping.WaitAsync(StopWait, _time);
        }
        catch (TimeoutException)
        {
            Log.SlowStop(_logger, pods, StopWait.TotalSeconds);
        }
    }

    private Task StopInBackground(RunningPod pod, PodStop how = PodStop.Immediate) => Track(StopAsync(pod, how));

    private async Task StopAsync(RunningPod pod, PodStop how)
    {
        try
        {
            await pod.Proxy.StopAsync(how);
            Log.Stopped(_logger, pod.Pod.Uid, pod.Pod.Namespace, pod.Pod.Name);
        }
        catch (Exception error)
        {
            Log.NotStopped(_logger, pod.Pod.Uid, pod.Pod.Namespace, pod.Pod.Name, error);
        }
        finally
        {
            Stopped.Increment();
            pod.Netns.Dispose();
        }
    }

    private Task Track(Task task)
    {
        lock (_stopping)
            _stopping.Add(task);
        _ = task.ContinueWith(ended =>
        {
            lock (_stopping)
                _stopping.Remove(ended);
        }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return task;
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 509.
    private static partial class Log
    {
        [LoggerMessage(501, LogLevel.Information, "Pod {Uid} ({Namespace}/{Name}) is served")]
        public static partial void Started(ILogger logger, string uid, string @namespace, string name);

        [LoggerMessage(502, LogLevel.Warning, "Pod {Uid} ({Namespace}/{Name}) is not served yet, next try in {PauseSeconds} s")]
        public static partial void NotStarted(
            ILogger logger, string uid, string @namespace, string name, double pauseSeconds, Exception error);

        [LoggerMessage(503, LogLevel.Information, "Pod {Uid} ({Namespace}/{Name}) has another network namespace or name: its proxy is replaced")]
        public static partial void Replacing(ILogger logger, string uid, string @namespace, string name);

        [LoggerMessage(504, LogLevel.Information, "Pod {Uid} ({Namespace}/{Name}) is not in the agent's snapshot: its proxy is stopped")]
        public static partial void Stale(ILogger logger, string uid, string @namespace, string name);

        [LoggerMessage(505, LogLevel.Information, "Snapshot complete: {Running} pods served, {Pending} waiting, {Stale} stale ones stopped")]
        public static partial void Snapshot(ILogger logger, int running, int pending, int stale);

        [LoggerMessage(506, LogLevel.Information, "Pod {Uid} ({Namespace}/{Name}) is no longer served")]
        public static partial void Stopped(ILogger logger, string uid, string @namespace, string name);

        [LoggerMessage(507, LogLevel.Error, "Pod {Uid} ({Namespace}/{Name}): its proxy did not stop cleanly")]
        public static partial void NotStopped(ILogger logger, string uid, string @namespace, string name, Exception error);

        [LoggerMessage(508, LogLevel.Warning, "{Pods} pod proxies are still stopping after {WaitSeconds} s; going on")]
        public static partial void SlowStop(ILogger logger, int pods, double waitSeconds);
    }
}
