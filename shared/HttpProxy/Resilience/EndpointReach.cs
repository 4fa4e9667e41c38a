namespace Ambient.HttpProxy.Resilience;

/// <summary>
/// Whether a server could be connected to lately. One that could not is passed over while there are others, so that news of servers that
/// are gone cost one request a detour when they come late, not each of them. Thread-safe.
/// </summary>
internal sealed class EndpointReach
{
    /// <summary>How long it is passed over. Then one request tries it, and the others when that one has reached it.</summary>
    public static readonly TimeSpan AvoidedFor = TimeSpan.FromSeconds(5);

    /// <summary>How long the one that tries is given.</summary>
    private static readonly TimeSpan Trial = TimeSpan.FromSeconds(2);

    private long _avoidedUntil, _failsSince; // 0: it was reached

    public void Note(bool wasReached, TimeProvider time)
    {
        if (!wasReached)
        {
            Interlocked.CompareExchange(ref _failsSince, Math.Max(1, time.GetTimestamp()), 0);
            Volatile.Write(ref _avoidedUntil, After(AvoidedFor, time));
        }
        else if (Volatile.Read(ref _avoidedUntil) != 0)
        {
            Volatile.Write(ref _failsSince, 0);
            Volatile.Write(ref _avoidedUntil, 0);
        }
    }

    /// <summary>True if it has been failing only since shortly before <paramref name="when"/>, or since later: news of it may be under way.</summary>
    public bool FailsOnlySince(long when, TimeProvider time) => Volatile.Read(ref _failsSince) is not 0 and var since && time.GetElapsedTime(since, when) < AvoidedFor;

    public bool IsAvoided(TimeProvider time) => Volatile.Read(ref _avoidedUntil) is not 0 and var until && time.GetTimestamp() < until;

    /// <summary>It was chosen: if its time was over, it is for this request to find out.</summary>
    public void Chosen(TimeProvider time)
    {
        var until = Volatile.Read(ref _avoidedUntil);
        if (until != 0) Interlocked.CompareExchange(ref _avoidedUntil, After(Trial, time), until);
    }

    private static long After(TimeSpan span, TimeProvider time) => time.GetTimestamp() + (long)(span.TotalSeconds * time.TimestampFrequency);
}
