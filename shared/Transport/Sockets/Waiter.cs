using System.Threading.Tasks.Sources;

namespace Ambient.Transport;

/// <summary>One direction's wait for readiness: reused for every wait, so waiting allocates nothing.</summary>
/// <remarks>A wait is begun, given its continuation, completed, and collected; the version tells one wait from the next.</remarks>
internal struct Waiter
{
    private Action<object?>? _continuation;
    private object? _state;
    private short _version;
    private Phase _phase;

    private enum Phase : byte
    {
        Idle,
        Begun,
        Awaited,
        Completed,
    }

    internal readonly bool IsPending => _phase is Phase.Begun or Phase.Awaited;

    /// <returns>The version to hand out as the token of this wait; at most 14 bits.</returns>
    internal short Begin()
    {
        if (_phase != Phase.Idle)
            throw new InvalidOperationException("Somebody is waiting already; one waiter for each direction.");
        _phase = Phase.Begun;
        return _version = (short)((_version + 1) & 0x3FFF);
    }

    internal void OnCompleted(Action<object?> continuation, object? state, short version, EventLoop loop)
    {
        Check(version);
        if (_phase == Phase.Completed)
        {
            loop.Defer(WorkItem.Of(continuation, state));
            return;
        }

        (_continuation, _state, _phase) = (continuation, state, Phase.Awaited);
    }

    internal readonly ValueTaskSourceStatus Status(short version)
    {
        Check(version);
        return _phase == Phase.Completed ? ValueTaskSourceStatus.Succeeded : ValueTaskSourceStatus.Pending;
    }

    internal void Collect(short version)
    {
        Check(version);
        if (_phase != Phase.Completed)
            throw new InvalidOperationException("The wait has not completed; await it.");
        _phase = Phase.Idle;
    }

    /// <summary>Completes a pending wait.</summary>
    /// <returns>What to run, now or soon; nothing if nobody awaits yet, or nobody waits.</returns>
    internal WorkItem? Complete()
    {
        if (!IsPending)
            return null;
        var continuation = _continuation;
        var state = _state;
        (_continuation, _state, _phase) = (null, null, Phase.Completed);
        return continuation is null ? null : WorkItem.Of(continuation, state);
    }

    private readonly void Check(short version)
    {
        if (version != _version || _phase == Phase.Idle)
            throw new InvalidOperationException("This wait is over; a ValueTask is awaited once.");
    }
}
