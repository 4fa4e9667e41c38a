using System.Threading.Tasks.Sources;

namespace Ambient.Transport;

/// <summary>A wait on a loop that somebody else on the same loop ends; reused for every wait, so waiting allocates nothing.</summary>
/// <remarks>
/// It remembers nothing: check the condition, then wait, with no await between; who changes the condition then ends the wait.
/// One waiter at a time.
/// </remarks>
public sealed class LoopSignal(EventLoop loop) : IValueTaskSource
{
    private Waiter _waiter;

    public ValueTask WaitAsync() => new(this, _waiter.Begin());

    /// <summary>Runs who waits, here and now; nothing happens if nobody does.</summary>
    public void Set() => _waiter.Complete()?.Run();

    /// <summary>Runs who waits soon, not within the caller: for calls that must not be re-entered.</summary>
    public void SetSoon()
    {
        if (_waiter.Complete() is { } waiting) loop.Defer(waiting);
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _waiter.Status(token);

    void IValueTaskSource.GetResult(short token) => _waiter.Collect(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _waiter.OnCompleted(continuation, state, token, loop);
}
