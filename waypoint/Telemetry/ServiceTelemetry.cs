using Ambient.Model;
using Ambient.Model.Telemetry;
using Ambient.Model.Workloads;

namespace Ambient.Waypoint.Telemetry;

/// <summary>What is told of the requests for one service, put together from all that users say about it. Immutable.</summary>
/// <param name="Tracing">With a collector; null traces nothing.</param>
/// <param name="Metrics">The widest first: later ones go before.</param>
internal sealed record ServiceTelemetry(TracingSettings? Tracing, AccessLogSettings AccessLog, EquatableArray<MetricOverride> Metrics)
{
    public static readonly ServiceTelemetry Default = new(null, new(), []);

    /// <param name="service">Null for a workload that was addressed itself.</param>
    /// <param name="gateway">Ours, <c>namespace/name</c>.</param>
    public static ServiceTelemetry Of(IEnumerable<TelemetryPolicy> policies, ServiceKey? service, string gateway)
    {
        var (tracing, log, metrics) = ((TracingSettings?)null, (AccessLogSettings?)null, new List<MetricOverride>());
        var heard = policies.GroupBy(policy => policy.NarrownessFor(service, gateway)).Where(static level => level.Key > 0).OrderBy(static level => level.Key)
            .Select(static level => level.OrderBy(static policy => policy.Created).ThenBy(static policy => policy.Name, StringComparer.Ordinal).First());
        foreach (var policy in heard)
        {
            tracing = policy.Tracing?.Over(tracing) ?? tracing;
            log = policy.AccessLog?.Over(log) ?? log;
            metrics.AddRange(policy.Metrics);
        }

        return tracing?.Collector is null && log is null && metrics.Count == 0 ? Default
            : new(tracing?.Collector is null ? null : tracing, log ?? new(), metrics.ToEquatableArray());
    }
}
