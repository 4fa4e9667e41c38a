using Ambient.Hosting.Metrics;
using Ambient.Model.Workloads;
using Ambient.Ztunnel.Connections;

namespace Ambient.Ztunnel.Proxying;

/// <summary>What proxies count beside connections. Thread-safe.</summary>
internal sealed class ProxyMetrics(MetricRegistry metrics)
{
    private readonly MetricFamily<Counter> _lookups = metrics.AddCounters("istio_on_demand_dns",
        "The total number of look-ups of host names of workloads without address (unstable).",
        [.. TrafficLabels.Names.AsSpan(TrafficLabels.Source, TrafficLabels.SourceCount), "hostname"]);

    private readonly MetricFamily<Counter> _revoked = metrics.AddCounters("istio_crl_policy_rejections",
        "The total number of peers that were turned away because their certificate is revoked (unstable).", ["reporter"]);

    /// <summary>A connection of <paramref name="source"/> goes to a workload that is known by name only.</summary>
    public void CountLookup(Workload source, string hostname)
    {
        var labels = new string?[TrafficLabels.SourceCount + 1];
        TrafficLabels.FillSource(labels, source);
        labels[^1] = hostname;
        _lookups.With(labels!).Increment();
    }

    /// <summary>A handshake, or a CONNECT under way, ended for that reason.</summary>
    public void CountRevoked(Direction direction) => _revoked.With(TrafficLabels.ReporterOf(direction)).Increment();
}
