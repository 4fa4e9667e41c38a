using Ambient.HttpProxy.Resilience;
using Ambient.Model.Traffic;

namespace Ambient.HttpProxy.Upstreams;

/// <summary>What a cluster counts and remembers while its servers come and go. Thread-safe.</summary>
public sealed class ClusterState(TrafficPolicy policy, TimeProvider time)
{
    private int _turn;

    public TrafficPolicy Policy => policy;

    internal TimeProvider Time => time;

    public RetryBudget Retries { get; init; } = policy switch
    {
        { RetryBudget: { } budget } => new(budget.Percent / 100, (int)Math.Min(budget.Least, int.MaxValue)),
        { Limits.MaxRetries: > 0 and var most } => new(0, (int)Math.Min(most, int.MaxValue)),
        _ => new(),
    };

    public RequestGate Gate { get; } = new(policy.Limits);

    public OutlierDetector? Outliers { get; } = policy.Outlier is { } rule ? new(rule, time) : null;

    internal int NextTurn() => Interlocked.Increment(ref _turn) & int.MaxValue;
}
