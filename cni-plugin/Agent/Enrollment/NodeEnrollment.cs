using Ambient.CniAgent.PodNamespaces;

namespace Ambient.CniAgent.Enrollment;

/// <summary>The pods of this node that are to be in the mesh. Whoever watches pods says what it wants; the rest happens here.</summary>
/// <remarks>Used by one watcher, which does not call it from two threads at once.</remarks>
internal sealed class NodeEnrollment(EnrollmentContext context) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PodEnrollment> _pods = [];
    private readonly Dictionary<string, Leaving> _leaving = [];

    /// <summary>The pod is to be in the mesh. The same again changes nothing; a changed one is enrolled anew.</summary>
    /// <param name="report">Told of each change of its status, by one thread at a time; must not throw.</param>
    public async Task WantAsync(PodSpec pod, Action<EnrollmentStatus> report)
    {
        if (Take(_leaving, pod.Uid) is { } leaving)
            await leaving.CancelAsync();
        if (Find(pod.Uid) is { } current)
        {
            if (current.Pod == pod)
                return;
            await current.StopAsync();
        }
        lock (_lock)
            _pods[pod.Uid] = new PodEnrollment(pod, context, report);
    }

    /// <summary>The pod is not to be in the mesh. Goes on behind this call until it is out.</summary>
    /// <param name="pod">As it was wanted, perhaps by an earlier process.</param>
    /// <param name="removed">Called once it is out; must not throw.</param>
    public async Task UnwantAsync(PodSpec pod, Action removed)
    {
        if (Take(_leaving, pod.Uid) is { } earlier)
            await earlier.CancelAsync();
        if (Take(_pods, pod.Uid) is { } enrolled)
            await enrolled.StopAsync();
        lock (_lock)
            _leaving[pod.Uid] = new Leaving(pod, context, removed);
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
        Leaving[] leaving;
        lock (_lock)
            (pods, leaving) = ([.. _pods.Values], [.. _leaving.Values]);
        foreach (var pod in pods)
            await pod.StopAsync();
        foreach (var pod in leaving)
            await pod.CancelAsync();
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

    // A pod on its way out: tried until it works, it comes back, or the process ends.
    private sealed class Leaving
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _task;

        public Leaving(PodSpec pod, EnrollmentContext context, Action removed) =>
            _task = Task.Run(() => PodEnrollment.RemoveAsync(pod, context, removed, _stop.Token));

        public async Task CancelAsync()
        {
            await _stop.CancelAsync();
            await _task;
        }
    }
}
