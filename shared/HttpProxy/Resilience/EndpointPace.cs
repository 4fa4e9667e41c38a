namespace Ambient.HttpProxy.Resilience;

/// <summary>How fast and how reliably a server has answered lately, so that one that is slow or fails is asked less before any policy says so.</summary>
/// <remarks>
/// Peaks count at once and are forgotten over <see cref="Memory"/>: a server that was slow is asked again now and then. Thread-safe; racing
/// writers may lose one observation, which matters to nobody.
/// </remarks>
internal sealed class EndpointPace
{
    /// <summary>Seconds in which an observation loses two thirds of its weight.</summary>
    private const double Memory = 10;

    private const double Fastest = 0.000_1, Unknown = 1; // seconds: shorter times are noise; what a first request is taken to last while it lasts
    private const double WorstHealth = 0.05;

    private double _latency, _failures;
    private long _at;

    /// <param name="seconds">To the head of the answer, or until there was none.</param>
    /// <param name="now">By the clock with <paramref name="frequency"/> ticks a second.</param>
    public void Note(double seconds, bool failed, long now, long frequency)
    {
        var kept = Math.Exp(-(double)Math.Max(0, now - Volatile.Read(ref _at)) / frequency / Memory);
        var (latency, failures) = (Volatile.Read(ref _latency), Volatile.Read(ref _failures));
        // Each observation moves the average by a tenth at least, or a busy server's would stand still.
        var weight = Math.Max(1 - kept, 0.1);
        Volatile.Write(ref _failures, failures + (failed ? 1 - failures : -failures) * weight);
        if (!failed) Volatile.Write(ref _latency, seconds > latency ? seconds : latency + (seconds - latency) * weight); // a quick refusal is no quick answer
        Volatile.Write(ref _at, now);
    }

    /// <summary>What one more request there would cost; lower is better.</summary>
    /// <param name="active">Requests under way there.</param>
    public double Cost(int active, long now, long frequency)
    {
        var (latency, failures) = (Volatile.Read(ref _latency), Volatile.Read(ref _failures));
        if (latency == 0 && failures == 0) return active == 0 ? 0 : Unknown * active;
        var kept = Math.Exp(-(double)Math.Max(0, now - Volatile.Read(ref _at)) / frequency / Memory);
        var health = Math.Max(WorstHealth, 1 - failures * kept);
        if (latency == 0) latency = Unknown; // it has only ever failed
        // To the eighth power: one request in three that fails makes a server seem 25 times as slow, one in a hundred hardly slower.
        health *= health;
        health *= health;
        return (active + 1) * Math.Max(Fastest, latency * kept) / (health * health);
    }
}
