using Ambient.Model.Routes;

namespace Ambient.HttpProxy.Filters;

/// <summary>Counts the requests of a route against its limit, for all clients together or for each. Thread-safe.</summary>
/// <remarks>At most <see cref="MaxClients"/> clients have a bucket of their own; those beyond share one.</remarks>
internal sealed class TokenBuckets(RateLimit limit, TimeProvider time)
{
    public const int MaxClients = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Bucket> _byClient = [];
    private readonly Bucket _shared = new(limit.Tokens, time.GetTimestamp());

    /// <param name="client">Its identity; empty for one without.</param>
    /// <param name="wait">Until the next token comes.</param>
    public bool TryTake(string client, out TimeSpan wait)
    {
        var now = time.GetTimestamp();
        lock (_gate) return TryTake(BucketOf(client, now), now, out wait);
    }

    private Bucket BucketOf(string client, long now)
    {
        if (!limit.PerClient) return _shared;
        if (_byClient.TryGetValue(client, out var known)) return known;
        if (_byClient.Count >= MaxClients) Forget(now);
        return _byClient.Count >= MaxClients ? _shared : _byClient[client] = new(limit.Tokens, now);
    }

    // A bucket that has had time to fill up says no more than a new one.
    private void Forget(long now)
    {
        var full = limit.Interval * (limit.Tokens / Math.Max(1.0, limit.PerFill) + 1);
        foreach (var (client, bucket) in _byClient)
            if (time.GetElapsedTime(bucket.FilledAt, now) > full) _byClient.Remove(client);
    }

    private bool TryTake(Bucket bucket, long now, out TimeSpan wait)
    {
        var passed = time.GetElapsedTime(bucket.FilledAt, now);
        var fills = (long)(passed / limit.Interval);
        if (fills > 0)
        {
            bucket.Tokens = Math.Min(limit.Tokens, bucket.Tokens + fills * limit.PerFill);
            bucket.FilledAt += (long)(limit.Interval.TotalSeconds * fills * time.TimestampFrequency);
        }

        wait = bucket.Tokens > 0 ? TimeSpan.Zero : limit.Interval - time.GetElapsedTime(bucket.FilledAt, now);
        if (bucket.Tokens == 0) return false;
        bucket.Tokens--;
        return true;
    }

    private sealed class Bucket(long tokens, long filledAt)
    {
        public long Tokens = tokens;
        public long FilledAt = filledAt;
    }
}
