namespace Ambient.Transport;

/// <summary>Calls back once on its loop when a time has passed; can be started again any number of times without allocating.</summary>
/// <remarks>Used on the loop only. Starting and cancelling cost O(log n) of the timers that are running.</remarks>
public sealed class LoopTimer
{
    internal const int NotRunning = -1;

    private readonly EventLoop _loop;
    private readonly Action<object?> _fired;
    private readonly object? _state;

    /// <summary>Creates a timer that does not run yet.</summary>
    /// <param name="fired">Given <paramref name="state"/>; runs on the loop.</param>
    public LoopTimer(EventLoop loop, Action<object?> fired, object? state)
    {
        _loop = loop;
        _fired = fired;
        _state = state;
    }

    public bool IsRunning => Index != NotRunning;

    internal int Index { get; set; } = NotRunning;

    internal long Due { get; set; }

    /// <summary>The time that gives it its place among the others: <see cref="Due"/>, or earlier if it was put off since.</summary>
    internal long PlacedAt { get; set; }

    /// <summary>(Re)starts it; a running one gets the new time.</summary>
    /// <param name="due">From now; zero or less fires in this or the next turn.</param>
    public void Start(TimeSpan due) => _loop.Timers.Start(this, due);

    /// <summary>After this it does not fire, also if its time has come already. Idempotent.</summary>
    public void Cancel() => _loop.Timers.Cancel(this);

    internal void Fire() => _fired(_state);
}
