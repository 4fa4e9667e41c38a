using Ambient.Hosting.Metrics;
using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Microsoft.Extensions.Logging;

namespace Ambient.Ztunnel.Pods;

/// <summary>
/// The pods this node serves: what the agent told, what runs, and what could not be started yet. Outlives sessions with the
/// agent: when one is lost, pods are served on, and the next session's snapshot tells which of them are gone.
/// </summary>
/// <remarks>Thread-safe; changes are made one after another.</remarks>
internal sealed partial class PodProxies : IAsyncDisposable
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    // Both below the 5 s that the agent waits for its answer. A slower stop goes on behind it; a slower start is tried again.
    private static readonly TimeSpan StopWait = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(4);

    private readonly IPodProxyFactory _factory;
    private readonly TimeProvider _time;
    private readonly ILogger<PodProxies> _logger;
    private readonly Action<bool> _readinessChanged;
    private readonly CancellationTokenSource _stop = new();
    private readonly ITimer _retry;

    // Guards what follows.
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<string, RunningPod> _running = [];
    private readonly Dictionary<string, PendingPod> _pending = [];
    private readonly HashSet<string> _named = [];
    private readonly HashSet<Task> _stopping = [];
    private bool _inSnapshot = true;
    private bool _closed;

    private volatile bool _isReady;
    private volatile IReadOnlyList<PodStatus> _list = [];

    /// <param name="readinessChanged">Called with <see cref="IsReady"/> when it changed; must not block.</param>
    public PodProxies(IPodProxyFactory factory, TimeProvider time, ILogger<PodProxies> logger, Action<bool> readinessChanged)
    {
        (_factory, _time, _logger, _readinessChanged) = (factory, time, logger, readinessChanged);
        _retry = time.CreateTimer(_ => RetryPending(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Proxies that were started, and that were stopped, since the process began.</summary>
    public Counter Started { get; init; } = new();

    /// <inheritdoc cref="Started"/>
    public Counter Stopped { get; init; } = new();

    /// <summary>A session told all its pods and none of them is waiting to be started.</summary>
    public bool IsReady => _isReady;

    /// <summary>All pods, sorted by uid. Takes no lock.</summary>
    public IReadOnlyList<PodStatus> List() => _list;

    /// <summary>A session begins: the agent will name every pod anew, so what was pending is forgotten.</summary>
    public Task BeginSessionAsync() => InTurnAsync(() =>
    {
        _inSnapshot = true;
        _named.Clear();
        ClearPending();
        return ValueTask.CompletedTask;
    });

    /// <summary>
    /// The session was lost: pods are served on and pending ones still tried, but we are not ready until the next session
    /// has told them all.
    /// </summary>
    public Task EndSessionAsync() => InTurnAsync(() =>
    {
        _inSnapshot = true;
        return ValueTask.CompletedTask;
    });

    /// <summary>Serves a pod. Said again with the same namespace and names it changes nothing; otherwise it is replaced.</summary>
    /// <param name="netns">Taken over.</param>
    /// <exception cref="ZdsException">Pod: the namespace is none, or the proxy did not start (and is tried again every 5 s).</exception>
    public Task AddAsync(PodInfo pod, NetworkNamespace netns) => InTurnAsync(async () =>
    {
        if (_inSnapshot)
            _named.Add(pod.Uid);
        RequireNetworkNamespace(pod, netns);
        if (_running.TryGetValue(pod.Uid, out var running))
        {
            if (running.Netns.Key == netns.Key && running.Pod == pod)
            {
                netns.Dispose();
                return;
            }
            Log.Replacing(_logger, pod.Uid, pod.Namespace, pod.Name);
            _running.Remove(pod.Uid);
            var stopping = StopInBackground(running);
            if (running.Netns.Key == netns.Key)
                await WaitForStopAsync(stopping, pods: 1); // the new one needs its ports
        }
        DropPending(pod.Uid);
        await StartAsync(new PendingPod(pod, netns, IsArriving: !_inSnapshot));
    });

    /// <summary>The pod still exists; the agent has no descriptor for it.</summary>
    /// <exception cref="ZdsException">Session: only allowed before the snapshot's end.</exception>
    public Task KeepAsync(string uid) => InTurnAsync(() =>
    {
        if (!_inSnapshot)
            throw new ZdsException(ZdsFailure.Session, $"Keep for pod {uid} after the snapshot: only Add and Del are allowed then.");
        _named.Add(uid);
        return ValueTask.CompletedTask;
    });

    /// <summary>The pod is gone. Before the snapshot's end a running proxy is left to the snapshot; unknown pods are no error.</summary>
    public Task DeleteAsync(string uid) => InTurnAsync(async () =>
    {
        DropPending(uid);
        _named.Remove(uid);
        if (!_inSnapshot && _running.Remove(uid, out var running))
            await StopAndWaitAsync([running], PodStop.Leaving);
    });

    /// <summary>The agent has told all its pods: what runs beyond them is stopped.</summary>
    /// <exception cref="ZdsException">Session: the second one in a session.</exception>
    public Task SnapshotSentAsync() => InTurnAsync(async () =>
    {
        if (!_inSnapshot)
            throw new ZdsException(ZdsFailure.Session, "A second SnapshotSent: a session has one snapshot.");
        _inSnapshot = false;
        var stale = _running.Values.Where(pod => !_named.Contains(pod.Pod.Uid)).ToList();
        foreach (var pod in stale)
        {
            Log.Stale(_logger, pod.Pod.Uid, pod.Pod.Namespace, pod.Pod.Name);
            _running.Remove(pod.Pod.Uid);
        }
        _named.Clear();
        Log.Snapshot(_logger, _running.Count, _pending.Count, stale.Count);
        await StopAndWaitAsync(stale, PodStop.Immediate);
    });

    /// <summary>The process ends: every pod is drained at the same time; nothing is started any more. Stays not ready.</summary>
    public async Task DrainAsync()
    {
        await _stop.CancelAsync();
        Task[] all = [];
        await InTurnAsync(() =>
        {
            _closed = true;
            ClearPending();
            foreach (var pod in _running.Values)
                StopInBackground(pod, PodStop.Graceful);
            _running.Clear();
            lock (_stopping)
                all = [.. _stopping];
            return ValueTask.CompletedTask;
        });
        await Task.WhenAll(all);
    }

    public async ValueTask DisposeAsync()
    {
        await DrainAsync();
        await _retry.DisposeAsync();
        _stop.Dispose();
        _turn.Dispose();
    }

    private static void RequireNetworkNamespace(PodInfo pod, NetworkNamespace netns)
    {
        try
        {
            netns.Run(static () => true); // the kernel lets nobody enter what is not one
        }
        catch (LinuxException error)
        {
            netns.Dispose();
            throw new ZdsException(ZdsFailure.Pod,
                $"The descriptor for pod {pod.Namespace}/{pod.Name} is not a network namespace that can be entered: {error.Message}", error);
        }
    }

    private async Task InTurnAsync(Func<ValueTask> change)
    {
        await _turn.WaitAsync();
        try
        {
            await change();
        }
        finally
        {
            try { Publish(); }
            finally { _turn.Release(); }
        }
    }

    private void Publish()
    {
        _list = [.. _running.Values.Select(pod => new PodStatus(pod.Pod, PodState.Up, null, pod.Proxy))
            .Concat(_pending.Values.Select(pod => new PodStatus(pod.Pod, PodState.Pending, pod.Error, null)))
            .OrderBy(status => status.Pod.Uid, StringComparer.Ordinal)];
        var ready = !_inSnapshot && !_closed && _pending.Count == 0;
        if (ready == _isReady)
            return;
        _isReady = ready;
        _readinessChanged(ready);
    }

    private sealed record RunningPod(PodInfo Pod, NetworkNamespace Netns, IPodProxy Proxy);

    private sealed record PendingPod(PodInfo Pod, NetworkNamespace Netns, bool IsArriving)
    {
        public string? Error { get; set; }
    }
}
