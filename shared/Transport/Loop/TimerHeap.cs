namespace Ambient.Transport;

/// <summary>The running timers of a loop, earliest on top. A timer knows its place, so cancelling does not search.</summary>
/// <remarks>A running timer that is put off keeps its place until that is on top: idle timeouts are put off with every request.</remarks>
internal sealed class TimerHeap(TimeProvider time)
{
    private static readonly TimeSpan Simple = TimeSpan.FromDays(100); // in any whole unit far from overflow

    // The clock's units in one of TimeSpan's; 0 if that is no whole number. On Linux it is 100.
    private readonly long _perTick = time.TimestampFrequency % TimeSpan.TicksPerSecond == 0 ? time.TimestampFrequency / TimeSpan.TicksPerSecond : 0;
    private LoopTimer[] _timers = new LoopTimer[32];

    internal int Count { get; private set; }

    internal void Start(LoopTimer timer, TimeSpan due)
    {
        timer.Due = time.GetTimestamp() + ToTicks(due);
        if (timer.IsRunning && timer.Due >= timer.PlacedAt) return;
        timer.PlacedAt = timer.Due;
        if (timer.IsRunning)
        {
            Place(timer.Index);
            return;
        }

        if (Count == _timers.Length)
            Array.Resize(ref _timers, Count * 2);
        Set(Count++, timer);
        Place(timer.Index);
    }

    internal void Cancel(LoopTimer timer)
    {
        if (!timer.IsRunning)
            return;
        var index = timer.Index;
        timer.Index = LoopTimer.NotRunning;
        var last = _timers[--Count];
        _timers[Count] = null!;
        if (index == Count)
            return;
        Set(index, last);
        Place(index);
    }

    /// <returns>The next timer whose time has come at <paramref name="now"/>, no longer running; null if there is none.</returns>
    internal LoopTimer? TakeDue(long now)
    {
        while (Count > 0 && _timers[0] is var timer && timer.PlacedAt <= now)
        {
            if (timer.Due == timer.PlacedAt)
            {
                Cancel(timer);
                return timer;
            }

            timer.PlacedAt = timer.Due; // it was put off: others may come before it
            MoveDown(0);
        }

        return null;
    }

    /// <returns>How long until there is something to look at; zero if there is, null if no timer runs.</returns>
    internal TimeSpan? UntilNext()
    {
        if (Count == 0)
            return null;
        var left = _timers[0].PlacedAt - time.GetTimestamp();
        return left <= 0 ? TimeSpan.Zero : ToTimeSpan(left);
    }

    internal long Now => time.GetTimestamp();

    private long ToTicks(TimeSpan due)
    {
        if (due <= TimeSpan.Zero) return 0;
        if (_perTick > 0 && due < Simple) return due.Ticks * _perTick;
        return Limit((Int128)due.Ticks * time.TimestampFrequency / TimeSpan.TicksPerSecond);
    }

    // Not rounded up, or a clock that stops at the deadline would wake nobody; not zero, or the loop would spin until then.
    private TimeSpan ToTimeSpan(long left) =>
        new(Math.Max(1, _perTick > 0 ? left / _perTick : Limit((Int128)left * TimeSpan.TicksPerSecond / time.TimestampFrequency)));

    private static long Limit(Int128 value) => (long)Int128.Min(value, long.MaxValue / 4);

    private void Set(int index, LoopTimer timer)
    {
        _timers[index] = timer;
        timer.Index = index;
    }

    private void Place(int index)
    {
        index = MoveUp(index);
        MoveDown(index);
    }

    private int MoveUp(int index)
    {
        var timer = _timers[index];
        while (index > 0 && _timers[(index - 1) / 2].PlacedAt > timer.PlacedAt)
        {
            Set(index, _timers[(index - 1) / 2]);
            index = (index - 1) / 2;
        }

        Set(index, timer);
        return index;
    }

    private void MoveDown(int index)
    {
        var timer = _timers[index];
        while (EarlierChild(index) is var child and >= 0 && _timers[child].PlacedAt < timer.PlacedAt)
        {
            Set(index, _timers[child]);
            index = child;
        }

        Set(index, timer);
    }

    private int EarlierChild(int index)
    {
        var left = 2 * index + 1;
        if (left >= Count)
            return -1;
        return left + 1 < Count && _timers[left + 1].PlacedAt < _timers[left].PlacedAt ? left + 1 : left;
    }
}
