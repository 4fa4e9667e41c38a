using Ambient.Model.Workloads;

namespace Ambient.Model.State;

/// <summary>What this process knows of the mesh. One writer at a time changes it; readers hold a snapshot.</summary>
/// <param name="localNode">This node's name, by which local workloads are told; null = all are local.</param>
public sealed class MeshState(string? localNode = null)
{
    private readonly Lock _writing = new();
    private readonly WorkloadSharing _sharing = new();
    private volatile MeshSnapshot _current = MeshSnapshot.Empty;

    /// <summary>Raised after each change, in order, on the writer's thread: handlers must be quick and must not throw.</summary>
    public event Action<MeshChange>? Changed;

    /// <summary>The latest consistent view; what you hold never changes.</summary>
    public MeshSnapshot Current => _current;

    /// <summary>Applies all of <paramref name="delta"/> at once: readers see all of it or nothing.</summary>
    /// <remarks>Costs time for what changed, not for what is known. Thread-safe; writers wait for each other.</remarks>
    public MeshChange Apply(ResourceDelta delta)
    {
        lock (_writing)
        {
            var before = _current;
            var change = new MeshUpdate(before, localNode, _sharing).Apply(delta);
            _current = change.Snapshot;
            if (!ReferenceEquals(before, change.Snapshot)) Changed?.Invoke(change);
            return change;
        }
    }

    /// <summary>Waits until the node's agent's workload is known here too.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> fired first.</exception>
    public Task<Workload> WaitForLocalWorkloadAsync(LocalName name, CancellationToken stop) =>
        WaitForAsync(snapshot => snapshot.FindLocalWorkload(name), stop);

    /// <summary>Waits until <paramref name="find"/> finds something in the latest view.</summary>
    /// <param name="find">Runs on writers' threads too: quick, and without exceptions.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> fired first.</exception>
    public async Task<T> WaitForAsync<T>(Func<MeshSnapshot, T?> find, CancellationToken stop) where T : class
    {
        if (find(Current) is { } known) return known;

        var found = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look(MeshSnapshot snapshot)
        {
            if (find(snapshot) is { } what) found.TrySetResult(what);
        }
        void OnChanged(MeshChange change) => Look(change.Snapshot);

        Changed += OnChanged;
        try
        {
            Look(Current); // it may have come since we looked first
            await using var cancelled = stop.Register(() => found.TrySetCanceled(stop));
            return await found.Task;
        }
        finally
        {
            Changed -= OnChanged;
        }
    }
}
