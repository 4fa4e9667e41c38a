namespace Ambient.Kubernetes.Client;

/// <summary>How long to wait before the next try: doubles with each failure, with jitter.</summary>
/// <remarks>Not thread-safe. Jitter is up to the delay itself again, so that clients that failed together do not come back together.</remarks>
public sealed class Backoff
{
    private readonly TimeSpan _first, _longest;
    private readonly Random _random;
    private TimeSpan _next;

    /// <param name="longest">The delay stops doubling here; jitter comes on top.</param>
    /// <param name="random">Not shared with other threads.</param>
    public Backoff(TimeSpan first, TimeSpan longest, Random random)
    {
        (_first, _longest, _random) = (first, longest, random);
        _next = first;
    }

    public TimeSpan Next()
    {
        var delay = _next;
        _next = delay * 2 < _longest ? delay * 2 : _longest;
        return delay * (1 + _random.NextDouble());
    }

    /// <summary>After a success: the next failure waits as long as the first did.</summary>
    public void Reset() => _next = _first;
}
