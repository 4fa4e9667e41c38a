namespace Ambient.Transport;

/// <summary>The running timers of a loop, earliest on top. A timer knows its place, so cancelling does not search.</summary>
internal sealed class TimerHeap(TimeProvider time)
{
    private LoopTimer[] _timers = new LoopTimer[32];

    internal int Count { get; private set; }

    internal void Start(LoopTimer timer, TimeSpan due)
    {
        timer.Due = time.GetTimestamp() + ToTicks(due);
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
        if (Count == 0 || _timers[0].Due > now)
            return null;
        var timer = _timers[0];
        Cancel(timer);
        return timer;
    }

    /// <returns>How long until the earliest timer; zero if it is due, null if none runs.</returns>
    internal TimeSpan? UntilNext()
    {
        if (Count == 0)
            return null;
        var left = _timers[0].Due - time.GetTimestamp();
        return left <= 0 ? TimeSpan.Zero : ToTimeSpan(left);
    }

    internal long Now => time.GetTimestamp();

    private long ToTicks(TimeSpan due) =>
        due <= TimeSpan.Zero ? 0 : Limit((Int128)due.Ticks * time.TimestampFrequency / TimeSpan.TicksPerSecond);

    // Not rounded up, or a clock that stops at the deadline would wake nobody; not zero, or the loop would spin until then.
    private TimeSpan ToTimeSpan(long left) =>
        new(Math.Max(1, Limit((Int128)left * TimeSpan.TicksPerSecond / time.TimestampFrequency)));

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
        while (index > 0 && _timers[(index - 1) / 2].Due > timer.Due)
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
        while (EarlierChild(index) is var child and >= 0 && _timers[child].Due < timer.Due)
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
        return left + 1 < Count && _timers[left + 1].Due < _timers[left].Due ? left + 1 : left;
    }
}
