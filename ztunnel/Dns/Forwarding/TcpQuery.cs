using Ambient.Ztunnel.Dns.Messages;

namespace Ambient.Ztunnel.Dns.Forwarding;

/// <summary>A message of a TCP client on its way to an upstream.</summary>
/// <param name="message">Taken over.</param>
/// <param name="received">Timestamp of the loop's clock.</param>
internal sealed class TcpQuery(PooledMessage message, DnsHeader header, DnsRequest request, long received) : IDisposable
{
    public PooledMessage Message => message;
    public DnsHeader Header => header;
    public DnsRequest Request => request;
    public long Received => received;

    /// <summary>When it was last written to an upstream; null if to none yet. Only questions may be asked again elsewhere then.</summary>
    public long? Sent { get; set; }

    public bool MayBeSent => Sent is null || header.Opcode == Opcode.Query;

    /// <summary>The answer may consist of many messages (RFC 5936 §2.2, RFC 1995 §4).</summary>
    public bool IsTransfer =>
        header.Opcode == Opcode.Query && Question.TryRead(message.Span, DnsHeader.Size, out var question)
        && question.Type is RecordType.AXFR or RecordType.IXFR;

    public bool IsAnsweredBy(ReadOnlySpan<byte> reply) =>
        new UpstreamReply(message.Span, reply).Judge(header.Id) != ReplyVerdict.Ignore;

    public void Dispose() => message.Dispose();
}
