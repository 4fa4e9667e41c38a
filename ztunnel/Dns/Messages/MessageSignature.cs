namespace Ambient.Ztunnel.Dns.Messages;

/// <summary>Messages that a forwarder must not change even in their identifier.</summary>
internal static class MessageSignature
{
    /// <summary>
    /// True for a message signed by SIG(0), which covers the identifier as sent (RFC 2931 §3.1). TSIG does not: it carries
    /// the original one for exactly our case (RFC 8945 §5.3).
    /// </summary>
    public static bool CoversIdentifier(ReadOnlySpan<byte> message, DnsHeader header)
    {
        if (header.Additionals == 0)
            return false;
        var offset = DnsHeader.Size;
        for (var i = 0; i < header.Questions; i++)
        {
            if (!Question.TryRead(message, offset, out var question))
                return false;
            offset = question.End;
        }
        var records = header.Answers + header.Authorities + header.Additionals;
        for (var i = 1; ; i++)
        {
            if (!ResourceRecord.TryRead(message, offset, out var record))
                return false;
            offset = record.End;
            if (i == records) // the signature is the last record
                return record.Type == RecordType.SIG;
        }
    }
}
