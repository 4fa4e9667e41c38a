namespace Ambient.Transport;

/// <summary>Wants to act when the current turn is over; see <see cref="EventLoop.AtTurnEnd"/>.</summary>
public interface ITurnEnd
{
    void TurnEnded();
}

/// <summary>Handing work to the loop.</summary>
public sealed partial class EventLoop
{
    /// <summary>Runs <paramref name="work"/> on the loop, in the order of posting. Any thread; after the loop has ended it is dropped.</summary>
    public void Post(Action work) => TryPost(WorkItem.Of(work));

    /// <inheritdoc cref="Post(Action)"/>
    /// <remarks>Allocates nothing if <typeparamref name="T"/> is a class and <paramref name="work"/> is static.</remarks>
    public void Post<T>(Action<T> work, T state) => TryPost(WorkItem.Of(work, state));

    /// <summary>Runs <paramref name="work"/> on the loop and brings its result back. Any thread.</summary>
    /// <exception cref="ObjectDisposedException">The loop has ended; the work was not run.</exception>
    public Task<T> RunAsync<T>(Func<ValueTask<T>> work)
    {
        var call = new LoopCall<T>(work);
        if (!TryPost(WorkItem.Of(static call => call.Start(), call)))
            call.Result.SetException(new ObjectDisposedException(Name, "The event loop has ended."));
        return call.Result.Task;
    }

    /// <inheritdoc cref="RunAsync{T}(Func{ValueTask{T}})"/>
    public Task RunAsync(Func<ValueTask> work) => RunAsync(async () =>
    {
        await work();
        return true;
    });

    /// <summary><c>await</c> it to continue on this loop; free if already there.</summary>
    public LoopAwaitable SwitchTo() => new(this, LoopAwaitable.Kind.Switch);

    /// <summary><c>await</c> it on this loop to let everything that is ready go first.</summary>
    public LoopAwaitable Yield() => new(this, LoopAwaitable.Kind.Yield);

    /// <summary>Calls <paramref name="work"/> once after everything of this turn was handled and before the loop waits. On the loop only.</summary>
    /// <remarks>Work registered by other work at a turn's end runs at the end of the same turn.</remarks>
    public void AtTurnEnd(ITurnEnd work) => _turnEnds.Enqueue(work);

    /// <summary>Calls back once on the loop. On the loop only; keep the timer and <see cref="LoopTimer.Start"/> it again to save the allocation.</summary>
    public LoopTimer StartTimer(TimeSpan due, Action<object?> fired, object? state)
    {
        var timer = new LoopTimer(this, fired, state);
        timer.Start(due);
        return timer;
    }

    /// <summary>Completes on the loop after <paramref name="time"/>. On the loop only.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> fired first.</exception>
    public async ValueTask DelayAsync(TimeSpan time, CancellationToken stop = default)
    {
        var elapsed = new TaskCompletionSource();
        var timer = StartTimer(time, static elapsed => ((TaskCompletionSource)elapsed!).TrySetResult(), elapsed);
        using (stop.UnsafeRegister(static (elapsed, stop) => ((TaskCompletionSource)elapsed!).TrySetCanceled(stop), elapsed))
        {
            try
            {
                await elapsed.Task;
            }
            finally
            {
                timer.Cancel();
            }
        }
    }

    /// <summary>Runs in this turn if that has not come to deferred work yet, else in the next. On the loop only.</summary>
    internal void Defer(in WorkItem item) => _deferred.Enqueue(item);

    /// <returns>False if the loop has ended.</returns>
    internal bool TryPost(in WorkItem item)
    {
        if (!_posted.TryAdd(item, out var wasEmpty))
            return false;
        if (wasEmpty && !IsCurrent) // the loop looks by itself before it sleeps
            _wake.Signal();
        return true;
    }
}
