namespace Ambient.TestKit;

/// <summary>A clock that moves only when a test says so.</summary>
/// <remarks>
/// Thread-safe. Its timestamp frequency is a prime unlike any real one: code that mixes up timestamps, ticks and
/// milliseconds gets answers that are visibly wrong.
/// </remarks>
public sealed class ManualTime : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly List<(int Count, TaskCompletionSource Reached)> _waiters = [];
    private readonly DateTimeOffset _start;
    private TimeSpan _elapsed;

    public ManualTime() : this(new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero)) { }

    public ManualTime(DateTimeOffset start) => _start = start;

    public override long TimestampFrequency => 9_999_991;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>Timers that are waiting to fire.</summary>
    public int PendingTimers { get { lock (_gate) return _timers.Count; } }

    /// <summary>Completes once at least so many timers are waiting to fire: the code under test has come to its pause.</summary>
    public Task WhenPendingAsync(int timers)
    {
        lock (_gate)
        {
            if (_timers.Count >= timers) return Task.CompletedTask;
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((timers, reached));
            return reached.Task;
        }
    }

    public override DateTimeOffset GetUtcNow() { lock (_gate) return _start + _elapsed; }

    public override long GetTimestamp()
    {
        lock (_gate) return (long)((Int128)_elapsed.Ticks * TimestampFrequency / TimeSpan.TicksPerSecond);
    }

    /// <summary>Moves the clock and fires what falls due, in order of its due time, each on this thread at that time.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        TimeSpan end;
        lock (_gate) end = _elapsed + by;

        while (TakeDue(end) is { } timer)
            timer.Fire();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    // With none left the clock is moved in the same step: a timer that is started from then on counts from there.
    private ManualTimer? TakeDue(TimeSpan end)
    {
        lock (_gate)
        {
            var next = _timers.MinBy(timer => timer.Due);
            if (next is null || next.Due > end)
            {
                if (end > _elapsed) _elapsed = end;
                return null;
            }

            if (next.Due > _elapsed) _elapsed = next.Due;
            if (next.Period > TimeSpan.Zero) next.Due += next.Period;
            else _timers.Remove(next);
            return next;
        }
    }

    // Under the lock; the continuations run elsewhere.
    private void TellWaiters()
    {
        foreach (var (_, reached) in _waiters.Where(waiter => _timers.Count >= waiter.Count)) reached.TrySetResult();
        _waiters.RemoveAll(waiter => _timers.Count >= waiter.Count);
    }

    private sealed class ManualTimer(ManualTime clock, TimerCallback callback, object? state) : ITimer
    {
        private bool _disposed;

        public TimeSpan Due { get; set; }
        public TimeSpan Period { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                if (_disposed) return false;
                clock._timers.Remove(this);
                if (dueTime == Timeout.InfiniteTimeSpan) return true;
                (Due, Period) = (clock._elapsed + dueTime, period);
                clock._timers.Add(this);
                clock.TellWaiters();
                return true;
            }
        }

        public void Dispose()
        {
            lock (clock._gate)
            {
                _disposed = true;
                clock._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
