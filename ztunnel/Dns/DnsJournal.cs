using Ambient.Ztunnel.Dns.Forwarding;
using Ambient.Ztunnel.Dns.Messages;
using Microsoft.Extensions.Logging;

namespace Ambient.Ztunnel.Dns;

/// <summary>Counts requests and writes the DNS access log: one debug line for each request when it has ended.</summary>
internal sealed partial class DnsJournal(IDnsMetrics metrics, ILogger logger)
{
    public void Requested(in DnsRequest request) => metrics.Requested(request.Labels);

    /// <summary>We answered by ourselves.</summary>
    public void Answered(in DnsRequest request, ReadOnlySpan<byte> query, string result, int endpoints)
    {
        if (logger.IsEnabled(LogLevel.Debug))
            Write(request, query, result, endpoints);
    }

    public void Forwarding(in DnsRequest request) => metrics.Forwarded(request.Labels);

    /// <param name="failure">Null if an upstream's answer was relayed.</param>
    public void ForwardingEnded(in DnsRequest request, ReadOnlySpan<byte> query, TimeSpan duration, ForwardFailure? failure)
    {
        var labels = request.Labels;
        metrics.ForwardingTook(labels, duration);
        if (failure is not null)
            metrics.ForwardingFailed(labels);
        if (logger.IsEnabled(LogLevel.Debug))
            Write(request, query, failure?.Result ?? "forwarded", endpoints: 0);
    }

    private void Write(in DnsRequest request, ReadOnlySpan<byte> query, string result, int endpoints) =>
        Log.Access(logger, request.Source?.Name, request.Source?.Namespace, RecordTypes.LabelOf(request.Type),
            DomainName.ToText(query, DnsHeader.Size), result, endpoints);

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 902.
    private static partial class Log
    {
        [LoggerMessage(901, LogLevel.Debug, "dns src.workload={Workload} src.namespace={Namespace} query={Query} domain={Domain} result={Result} endpoints={Endpoints}")]
        public static partial void Access(
            ILogger logger, string? workload, string? @namespace, string query, string domain, string result, int endpoints);
    }
}
