namespace Ambient.Http2.Floods;

/// <summary>A leaky bucket: what happens fills it, time and useful work drain it.</summary>
internal struct RateMeter
{
    private long _level; // thousandths
    private long _seenAt; // milliseconds

    /// <summary>Counts one.</summary>
    /// <returns>False once there is more than <paramref name="limit"/> allows.</returns>
    public bool Count(RateLimit limit, long nowMilliseconds)
    {
        var elapsed = Math.Max(0, nowMilliseconds - _seenAt);
        var drained = elapsed > 1_000_000 ? long.MaxValue / 2 : elapsed * limit.PerSecond;
        if (limit.PerSecond == 0) drained = 0;
        _level = Math.Max(0, _level - drained) + 1000;
        _seenAt = nowMilliseconds;
        return _level <= limit.Burst * 1000L;
    }

    /// <summary>Useful work makes up for so many.</summary>
    public void Forgive(int count) => _level = Math.Max(0, _level - count * 1000L);
}
