using Ambient.Linux;

namespace Ambient.Transport;

/// <summary>Ends the loop's sleep when its earliest timer is due, by whatever clock the loop runs on.</summary>
/// <remarks>The system's clock becomes epoll's timeout; another clock, which stands until it is moved, wakes the loop through a timer of its own.</remarks>
internal sealed class Alarm : IDisposable
{
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(40); // timers take less than 2^32 ms

    private readonly ITimer? _timer;

    internal Alarm(TimeProvider time, EventFd wake)
    {
        if (time != TimeProvider.System)
            _timer = time.CreateTimer(static wake => ((EventFd)wake!).Signal(), wake, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <returns>The timeout for epoll in milliseconds, rounded up so that the loop does not wake too early and spin.</returns>
    internal int Set(TimerHeap timers)
    {
        if (timers.UntilNext() is not { } left)
            return -1;
        if (left == TimeSpan.Zero)
            return 0;
        if (_timer is null)
            return (int)Math.Min(int.MaxValue, Math.Ceiling(left.TotalMilliseconds));
        return Start(_timer, timers, left) ? -1 : 0;
    }

    /// <returns>False: the time has come meanwhile.</returns>
    private static bool Start(ITimer timer, TimerHeap timers, TimeSpan left)
    {
        while (left > TimeSpan.Zero)
        {
            timer.Change(left < LongestTimer ? left : LongestTimer, Timeout.InfiniteTimeSpan);
            var now = timers.UntilNext()!.Value;
            if (now == left) return true;
            left = now; // somebody has moved the clock since it was looked at
        }
        return false;
    }

    public void Dispose() => _timer?.Dispose();
}
