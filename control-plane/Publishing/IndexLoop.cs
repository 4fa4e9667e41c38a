using System.Threading.Channels;
using Ambient.ControlPlane.Indexing;
using Ambient.Kubernetes.Informers;
using Ambient.Kubernetes.Resources;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Publishing;

/// <summary>The one writer of the index: takes changes of objects from all informers, waits until it is quiet, and tells what follows from them.</summary>
/// <param name="publish">Called on the loop with each difference.</param>
/// <remarks>Nothing is published before everything that existed at the start is in the index: a proxy never sees half a mesh as a whole one.</remarks>
internal sealed partial class IndexLoop(
    MeshIndex index, DebounceOptions debounce, Action<IndexChanges> publish, TimeProvider time, ILogger<IndexLoop> logger)
{
    // Informers wait when so many changes are not in the index yet.
    private const int MostWaiting = 8192;

    // Names in the error that ends the loop: one of the last is to blame.
    private const int MostNamed = 10;

    // Lines about objects in one round: a bad template may come in thousands.
    private const int MostLogged = 50;

    private readonly Channel<Action> _work = Channel.CreateBounded<Action>(
        new BoundedChannelOptions(MostWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private readonly TaskCompletionSource _published = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<(string Kind, ObjectName Name)> _lastChanged = new(MostNamed);
    private bool _complete;
    private long _rounds, _objects;

    /// <summary>Completes when the index has been published for the first time.</summary>
    public Task Published => _published.Task;

    /// <summary>Rebuilds until now.</summary>
    public long Rounds => Interlocked.Read(ref _rounds);

    /// <summary>Changes of objects until now.</summary>
    public long Objects => Interlocked.Read(ref _objects);

    /// <summary>How long the last rebuild and publication took.</summary>
    public TimeSpan LastRound { get; private set; }

    /// <summary>Hands a change over. Any thread; waits while the index is behind.</summary>
    public async ValueTask TellAsync<T>(ObjectChange<T> change) where T : KubernetesObject
    {
        try { await _work.Writer.WriteAsync(() => Apply(change)); }
        catch (ChannelClosedException) { } // we are stopping: nobody waits for the index any more
    }

    /// <summary>Runs <paramref name="question"/> on the loop, which owns the index. Any thread.</summary>
    public async Task<R> AskAsync<R>(Func<MeshIndex, R> question, CancellationToken stop)
    {
        var answer = new TaskCompletionSource<R>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _work.Writer.WriteAsync(() =>
        {
            try { answer.SetResult(question(index)); }
            catch (Exception e) { answer.SetException(e); }
        }, stop);
        return await answer.Task.WaitAsync(stop);
    }

    /// <param name="complete">Completes when all that existed at the start has been handed over.</param>
    /// <exception cref="InvalidOperationException">The index cannot be rebuilt or published. What it holds is half done then: only a new process can go on.</exception>
    public async Task RunAsync(Task complete, CancellationToken stop)
    {
        var completion = MarkCompleteAsync(complete, stop);
        try
        {
            while (await _work.Reader.WaitToReadAsync(stop))
            {
                await CollectAsync(stop);
                if (_complete) Publish();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested) { }
        finally { _work.Writer.TryComplete(); }
        await completion;
    }

    // Comes behind all that was handed over before.
    private async Task MarkCompleteAsync(Task complete, CancellationToken stop)
    {
        try
        {
            await complete.WaitAsync(stop);
            await _work.Writer.WriteAsync(() => _complete = true, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested) { }
    }

    /// <summary>Takes what comes until it is quiet, or has not been for too long.</summary>
    private async Task CollectAsync(CancellationToken stop)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            while (_work.Reader.TryRead(out var work)) work();
            if (_complete && !_published.Task.IsCompleted) return; // everybody waits for the first publication

            var left = debounce.Max - time.GetElapsedTime(began);
            var quiet = left < debounce.After ? left : debounce.After;
            if (quiet <= TimeSpan.Zero || !await HearsMoreAsync(quiet, stop)) return;
        }
    }

    private async Task<bool> HearsMoreAsync(TimeSpan within, CancellationToken stop)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var more = _work.Reader.WaitToReadAsync(over.Token).AsTask();
        var first = await Task.WhenAny(more, Task.Delay(within, time, over.Token));
        await over.CancelAsync();
        stop.ThrowIfCancellationRequested();
        return first == more;
    }

    private void Apply<T>(ObjectChange<T> change) where T : KubernetesObject
    {
        Interlocked.Increment(ref _objects);
        if (_lastChanged.Count == MostNamed) _lastChanged.Dequeue();
        _lastChanged.Enqueue((typeof(T).Name, change.Name));
        try
        {
            if (change.New is { } value) index.Set(value);
            else index.Remove(change.Old!);
        }
        // The index promises not to throw. If it does all the same, one object is wrong and not the mesh.
        catch (Exception e) { Log.Defect(logger, typeof(T).Name, change.Name, e); }
    }

    private void Publish()
    {
        try { PublishChanges(); }
        catch (Exception e)
        {
            var objects = string.Join(", ", _lastChanged.Select(static one => $"{one.Kind} {one.Name}"));
            Log.Broken(logger, objects, e);
            throw new InvalidOperationException($"the mesh could not be rebuilt and published ({e.Message}); changed last: {objects}", e);
        }
    }

    private void PublishChanges()
    {
        var began = time.GetTimestamp();
        var changes = index.TakeChanges();
        if (!changes.IsEmpty) publish(changes);
        foreach (var diagnostic in changes.NewDiagnostics.Take(MostLogged)) Log.Found(logger, diagnostic);
        if (changes.NewDiagnostics.Count > MostLogged) Log.FoundMore(logger, changes.NewDiagnostics.Count - MostLogged);
        Interlocked.Increment(ref _rounds);
        LastRound = time.GetElapsedTime(began);
        Log.Published(logger, changes.Delta.Workloads.Count, changes.Delta.Services.Count, changes.Delta.Policies.Count,
            changes.Traffic.Set.Count, changes.Delta.RemovedAddresses.Count + changes.Delta.RemovedPolicies.Count + changes.Traffic.Removed.Count,
            changes.Conditions.Count, LastRound.TotalMilliseconds);
        _published.TrySetResult();
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 1246.
    private static partial class Log
    {
        [LoggerMessage(1241, LogLevel.Error, "{Kind} {Name} brought the index into trouble; please report this")]
        public static partial void Defect(ILogger logger, string kind, ObjectName name, Exception error);

        [LoggerMessage(1242, LogLevel.Debug,
            "Published {Workloads} workloads, {Services} services, {Policies} policies, {Traffic} routes and rules of traffic, {Removed} removals and {Conditions} conditions in {Ms} ms")]
        public static partial void Published(ILogger logger, int workloads, int services, int policies, int traffic, int removed, int conditions, double ms);

        [LoggerMessage(1243, LogLevel.Warning, "{Diagnostic}")]
        public static partial void Found(ILogger logger, Diagnostic diagnostic);

        [LoggerMessage(1244, LogLevel.Warning, "{Count} more such lines: see /debug/diagnosticz")]
        public static partial void FoundMore(ILogger logger, int count);

        [LoggerMessage(1245, LogLevel.Critical, "The mesh could not be rebuilt and published, so this process ends; please report this. Changed last: {Objects}")]
        public static partial void Broken(ILogger logger, string objects, Exception error);
    }
}

/// <param name="After">Changes are collected until it has been quiet for so long.</param>
/// <param name="Max">… and for no longer than that.</param>
internal sealed record DebounceOptions(TimeSpan After, TimeSpan Max);
