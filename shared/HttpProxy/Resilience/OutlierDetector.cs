using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Traffic;

namespace Ambient.HttpProxy.Resilience;

/// <summary>Leaves servers alone for a while that fail too often in a row (waypoint reference, 4.11). Thread-safe.</summary>
/// <remarks>Needs no timer: sweeps are made up for when somebody looks.</remarks>
public sealed class OutlierDetector(OutlierDetection rule, TimeProvider time)
{
    private static readonly TimeSpan LongestEjection = TimeSpan.FromSeconds(300);

    private readonly Lock _gate = new();
    private volatile bool _isInPanic;
    private long _sweptAt = time.GetTimestamp();

    /// <summary>Counts an answer or its absence.</summary>
    /// <param name="status">0 if there was no answer.</param>
    internal void Report(UpstreamEndpoint endpoint, IReadOnlyList<UpstreamEndpoint> all, int status)
    {
        var health = endpoint.Health;
        if (status is > 0 and < 500 && health.IsSpotless) return;
        lock (_gate)
        {
            if (!Count(health, status) || health.IsEjected || !MayEject(all)) return;
            var length = rule.BaseEjection * ++health.Ejections;
            var longest = rule.BaseEjection > LongestEjection ? rule.BaseEjection : LongestEjection;
            health.EjectedUntil = time.GetTimestamp() + (long)((length < longest ? length : longest).TotalSeconds * time.TimestampFrequency);
            health.IsEjected = true;
            LookForPanic(all);
        }
    }

    /// <summary>Lets those come back whose time is over. Cheap; to be called before servers are chosen.</summary>
    internal void Sweep(IReadOnlyList<UpstreamEndpoint> all)
    {
        var now = time.GetTimestamp();
        if (time.GetElapsedTime(Volatile.Read(ref _sweptAt), now) < rule.Interval) return;
        lock (_gate)
        {
            if (time.GetElapsedTime(_sweptAt, now) < rule.Interval) return;
            _sweptAt = now;
            foreach (var endpoint in all) Sweep(endpoint.Health, now);
            LookForPanic(all);
        }
    }

    /// <summary>So few are healthy that nobody counts as ejected.</summary>
    internal bool IsInPanic => _isInPanic;

    private static void Sweep(EndpointHealth health, long now)
    {
        if (!health.IsEjected)
        {
            if (health.Ejections > 0) health.Ejections--;
            return;
        }

        if (health.EjectedUntil > now) return;
        health.IsEjected = false;
        health.Reset();
    }

    /// <returns>True if a limit is reached.</returns>
    private bool Count(EndpointHealth health, int status)
    {
        if (status is > 0 and < 500)
        {
            health.Reset();
            return false;
        }

        var isLocal = status == 0;
        if (isLocal && rule.SplitsLocalErrors) return Reaches(++health.LocalFailures, rule.ConsecutiveLocalFailures);
        health.ServerErrors++;
        health.GatewayErrors = isLocal || status is 502 or 503 or 504 ? health.GatewayErrors + 1 : 0;
        return Reaches(health.ServerErrors, rule.Consecutive5xx) | Reaches(health.GatewayErrors, rule.ConsecutiveGatewayErrors);
    }

    private static bool Reaches(uint count, uint limit) => limit > 0 && count >= limit;

    private void LookForPanic(IReadOnlyList<UpstreamEndpoint> all) =>
        _isInPanic = 100L * all.Count(static endpoint => !endpoint.Health.IsEjected) < (long)rule.MinHealthPercent * all.Count;

    private bool MayEject(IReadOnlyList<UpstreamEndpoint> all)
    {
        var ejected = all.Count(static endpoint => endpoint.Health.IsEjected);
        return (ejected + 1) * 100L <= (long)rule.MaxEjectionPercent * all.Count;
    }
}

/// <summary>How a server has done lately. Written under its detector's lock.</summary>
internal sealed class EndpointHealth
{
    private volatile bool _isEjected;

    public uint ServerErrors, GatewayErrors, LocalFailures, Ejections;
    public long EjectedUntil;

    public bool IsEjected { get => _isEjected; set => _isEjected = value; }

    public bool IsSpotless => ServerErrors + LocalFailures == 0;

    public void Reset() => ServerErrors = GatewayErrors = LocalFailures = 0;
}
