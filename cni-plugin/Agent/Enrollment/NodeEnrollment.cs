using Ambient.CniAgent.PodNamespaces;

namespace Ambient.CniAgent.Enrollment;

/// <summary>The pods of this node that are to be in the mesh. Whoever watches pods says what it wants; the rest happens here.</summary>
/// <remarks>Used by one watcher, which does not call it from two threads at once.</remarks>
internal sealed class NodeEnrollment(EnrollmentContext context) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PodEnrollment> _pods = [];
    private readonly Dictionary<string, Departure> _leaving = [];

    /// <summary>Pods on their way out.</summary>
    public int Leaving { get { lock (_lock) return _leaving.Count; } }

    /// <summary>The pod is to be in the mesh. The same again changes nothing; a changed one is enrolled anew.</summary>
    /// <param name="isNewSandbox">Nothing has run in it yet. It is enrolled anew also if the pod is the same: the namespace may be another behind the same path.</param>
    public async Task WantAsync(PodSpec pod, IEnrollmentObserver observer, bool isNewSandbox = false)
    {
        if (Take(_leaving, pod.Uid) is { } leaving)
            await leaving.CancelAsync();
        if (Find(pod.Uid) is { } current)
        {
            if (current.Pod == pod && !isNewSandbox)
                return;
            await current.StopAsync();
        }
        context.Enroller.Announce(pod);
        lock (_lock)
            _pods[pod.Uid] = new PodEnrollment(pod, isNewSandbox, context, observer);
    }

    /// <summary>How the pod stands; null if it is not wanted.</summary>
    public EnrollmentStatus? StatusOf(string uid) => Find(uid)?.Status;

    /// <returns>How the pod stands once it is enrolled, or when <paramref name="limit"/> fires; null if it is no longer wanted.</returns>
    public async Task<EnrollmentStatus?> WaitUntilEnrolledAsync(string uid, CancellationToken limit)
    {
        if (Find(uid) is not { } pod)
            return null;
        await pod.Enrolled.WaitAsync(limit).ContinueWith(static _ => { }, TaskScheduler.Default);
        return pod.Status;
    }

    /// <summary>The pod's sandbox is gone or about to go: its rules go with it. Goes on behind this call.</summary>
    /// <returns>Completes when all node proxies have let go of the pod, or have had their time.</returns>
    public async Task<Task> ForgetAsync(string uid)
    {
        if (Take(_leaving, uid) is { } earlier)
            await earlier.CancelAsync();
        if (Take(_pods, uid) is { } enrolled)
            await enrolled.StopAsync();
        return Leave(uid, isTakenOut: false, stop => context.Enroller.ForgetAsync(uid, stop));
    }

    /// <summary>The pod is not to be in the mesh. Goes on behind this call until it is out; the same again changes nothing.</summary>
    /// <param name="pod">As it was wanted, perhaps by an earlier process.</param>
    /// <param name="opened">Called, perhaps again, when nothing of it is captured any more, while what was is given time to finish; must not throw.</param>
    /// <param name="removed">Called once it is out; must not throw.</param>
    public async Task UnwantAsync(PodSpec pod, Action? opened = null, Action? removed = null)
    {
        if (IsOnItsWay(pod.Uid))
            return;
        if (Take(_leaving, pod.Uid) is { } earlier)
            await earlier.CancelAsync();
        if (Take(_pods, pod.Uid) is { } enrolled)
            await enrolled.StopAsync();
        _ = Leave(pod.Uid, isTakenOut: true, stop => PodEnrollment.RemoveAsync(pod, context, opened ?? Nothing, removed ?? Nothing, stop));
    }

    /// <summary>Another node proxy is the newest now. Any thread.</summary>
    public void Wake()
    {
        lock (_lock)
        {
            foreach (var pod in _pods.Values)
                pod.Wake();
        }
    }

    /// <summary>Stops looking after all pods and leaves them as they are: enrolled ones stay closed and served.</summary>
    public async ValueTask DisposeAsync()
    {
        PodEnrollment[] pods;
        Departure[] leaving;
        lock (_lock)
            (pods, leaving) = ([.. _pods.Values], [.. _leaving.Values]);
        foreach (var pod in pods)
            await pod.StopAsync();
        foreach (var pod in leaving)
            await pod.CancelAsync();
    }

    private static void Nothing()
    {
    }

    /// <param name="isTakenOut">Its sandbox goes on without us; otherwise it goes.</param>
    private Task Leave(string uid, bool isTakenOut, Func<CancellationToken, Task> leave)
    {
        lock (_lock)
            return (_leaving[uid] = new Departure(isTakenOut, leave, left => Forget(uid, left))).Done;
    }

    private bool IsOnItsWay(string uid)
    {
        lock (_lock)
            return _leaving.TryGetValue(uid, out var departure) && departure.IsTakenOut;
    }

    private void Forget(string uid, Departure left)
    {
        lock (_lock)
        {
            if (_leaving.GetValueOrDefault(uid) == left)
                _leaving.Remove(uid);
        }
    }

    private PodEnrollment? Find(string uid)
    {
        lock (_lock)
            return _pods.GetValueOrDefault(uid);
    }

    private T? Take<T>(Dictionary<string, T> from, string uid) where T : class
    {
        lock (_lock)
        {
            from.Remove(uid, out var taken);
            return taken;
        }
    }

    // A pod on its way out: until it is, it comes back, or the process ends.
    private sealed class Departure
    {
        private readonly CancellationTokenSource _stop = new();

        /// <param name="over">Called at its end, however it ends.</param>
        public Departure(bool isTakenOut, Func<CancellationToken, Task> leave, Action<Departure> over)
        {
            IsTakenOut = isTakenOut;
            Done = Task.Run(async () =>
            {
                try { await leave(_stop.Token); }
                finally { over(this); }
            });
        }

        public bool IsTakenOut { get; }

        public Task Done { get; }

        public async Task CancelAsync()
        {
            await _stop.CancelAsync();
            await Done;
        }
    }
}
