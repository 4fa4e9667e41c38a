namespace Ambient.CniAgent;

/// <summary>Something to wait for that may happen any number of times meanwhile: the next wait then returns at once. Thread-safe, for one who waits.</summary>
internal sealed class Signal
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _waiting;
    private bool _isSet;

    public void Set()
    {
        lock (_lock)
        {
            _isSet = _waiting is null || !_waiting.TrySetResult(); // a wait that is over already has not seen it
        }
    }

    /// <summary>Returns when it was set, the limit is over or <paramref name="stop"/> has fired; never throws for these.</summary>
    /// <remarks>Nothing is thrown within either: each pod waits here, and to throw costs the code and tables of unwinding in memory.</remarks>
    public async Task WaitAsync(TimeSpan limit, TimeProvider time, CancellationToken stop)
    {
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_isSet)
            {
                _isSet = false;
                return;
            }
            _waiting = waiting;
        }
        using var late = time.CreateTimer(End, waiting, limit, Timeout.InfiniteTimeSpan);
        using var stopped = stop.UnsafeRegister(End, waiting);
        await waiting.Task;
        lock (_lock)
            _waiting = null;
    }

    private static void End(object? waiting) => ((TaskCompletionSource)waiting!).TrySetResult();
}
