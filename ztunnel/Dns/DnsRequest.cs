using Ambient.Model.Workloads;
using Ambient.Ztunnel.Dns.Messages;

namespace Ambient.Ztunnel.Dns;

/// <summary>What metrics and logs need to know of one request until it has ended.</summary>
/// <param name="Source">Null if the client's workload is not known or was not needed.</param>
internal readonly record struct DnsRequest(RecordType Type, DnsTransport Transport, Workload? Source)
{
    public DnsLabels Labels => new(
        RecordTypes.LabelOf(Type), Transport == DnsTransport.Udp ? "udp" : "tcp", OrUnknown(Source?.CanonicalName), OrUnknown(Source?.CanonicalRevision));

    /// <summary>Reads the first question; a message without one has type "unknown".</summary>
    public static DnsRequest Of(ReadOnlySpan<byte> message, DnsTransport transport, Workload? source) =>
        new(Question.TryRead(message, DnsHeader.Size, out var question) ? question.Type : default, transport, source);

    private static string OrUnknown(string? value) => string.IsNullOrEmpty(value) ? "unknown" : value;
}
