using Ambient.Hosting.Metrics;

namespace Ambient.Ztunnel.Dns;

/// <summary>The <c>istio_dns_*</c> families of the process.</summary>
internal sealed class DnsMetrics(MetricRegistry metrics) : IDnsMetrics
{
    private static readonly string[] Labels = ["request_query_type", "request_protocol", "source_canonical_service", "source_canonical_revision"];
    private static readonly double[] Seconds = [0.0005, 0.001, 0.01, 0.1, 1, 5];

    private readonly MetricFamily<Counter> _requests =
        metrics.AddCounters("istio_dns_requests", "Total number of DNS requests (unstable).", Labels);
    private readonly MetricFamily<Counter> _forwarded =
        metrics.AddCounters("istio_dns_upstream_requests", "Total number of DNS requests forwarded to upstream (unstable).", Labels);
    private readonly MetricFamily<Counter> _failed =
        metrics.AddCounters("istio_dns_upstream_failures", "Total number of DNS requests that no upstream answered (unstable).", Labels);
    private readonly MetricFamily<Histogram> _durations = metrics.AddHistograms("istio_dns_upstream_request_duration_seconds",
        "Total time in seconds Ambient takes to get DNS responses from upstream (unstable).", Seconds, Labels);

    public void Requested(in DnsLabels labels) => _requests.With(Of(labels)).Add(1);

    public void Forwarded(in DnsLabels labels) => _forwarded.With(Of(labels)).Add(1);

    public void ForwardingFailed(in DnsLabels labels) => _failed.With(Of(labels)).Add(1);

    public void ForwardingTook(in DnsLabels labels, TimeSpan duration) => _durations.With(Of(labels)).Observe(duration.TotalSeconds);

    private static string[] Of(in DnsLabels labels) =>
        [labels.RequestQueryType, labels.RequestProtocol, labels.SourceCanonicalService, labels.SourceCanonicalRevision];
}
