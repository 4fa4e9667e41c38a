namespace Ambient.Ztunnel.Dns;

/// <summary>Labels of the DNS metrics; empty values are already "unknown".</summary>
/// <param name="RequestQueryType">Lower-case record type, one of a fixed set.</param>
/// <param name="RequestProtocol">"udp" or "tcp".</param>
internal readonly record struct DnsLabels(
    string RequestQueryType, string RequestProtocol, string SourceCanonicalService, string SourceCanonicalRevision);

/// <summary>What the DNS proxies count; called from every worker, so implementations are thread-safe and quick.</summary>
internal interface IDnsMetrics
{
    /// <summary>istio_dns_requests_total: every well-formed request of a client.</summary>
    void Requested(in DnsLabels labels);

    /// <summary>istio_dns_upstream_requests_total: every request that was forwarded, however many upstreams were tried.</summary>
    void Forwarded(in DnsLabels labels);

    /// <summary>istio_dns_upstream_failures_total: forwarded requests that no upstream answered.</summary>
    void ForwardingFailed(in DnsLabels labels);

    /// <summary>istio_dns_upstream_request_duration_seconds: from forwarding to the answer or the failure.</summary>
    void ForwardingTook(in DnsLabels labels, TimeSpan duration);
}
