namespace Ambient.Kubernetes.Client;

/// <summary>A token bucket: so many requests per second in the long run, more after a pause. First come, first served. Thread-safe.</summary>
internal sealed class RequestLimiter
{
    private readonly double _perSecond;
    private readonly int _burst;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private double _tokens;
    private long _filledAt;

    public RequestLimiter(double perSecond, int burst, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(perSecond);
        ArgumentOutOfRangeException.ThrowIfLessThan(burst, 1);
        (_perSecond, _burst, _time) = (perSecond, burst, time);
        (_tokens, _filledAt) = (burst, time.GetTimestamp());
    }

    /// <summary>Returns when the next request may be sent.</summary>
    public async ValueTask WaitAsync(CancellationToken stop)
    {
        var wait = Take();
        if (wait <= TimeSpan.Zero) return;
        try { await Task.Delay(wait, _time, stop); }
        catch (OperationCanceledException)
        {
            lock (_gate) _tokens++;
            throw;
        }
    }

    // The bucket may go below zero: each who waits has taken a token of the future, which keeps them in order.
    private TimeSpan Take()
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            _tokens = Math.Min(_burst, _tokens + _time.GetElapsedTime(_filledAt, now).TotalSeconds * _perSecond);
            _filledAt = now;
            _tokens--;
            return _tokens >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_tokens / _perSecond);
        }
    }
}
