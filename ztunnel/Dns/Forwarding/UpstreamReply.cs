using Ambient.Ztunnel.Dns.Messages;

namespace Ambient.Ztunnel.Dns.Forwarding;

internal enum ReplyVerdict : byte
{
    /// <summary>Not an answer to this query: forged, late or broken. The right one may still come.</summary>
    Ignore,

    /// <summary>The answer.</summary>
    Final,

    /// <summary>An answer, by a server that could not help: another is asked before it is relayed.</summary>
    Unhelpful,
}

/// <summary>
/// A query on its way and the rules by which an answer belongs to it (RFC 5452 §9.1): identifier, opcode and question must be
/// those that were sent. That the answer comes from where the query went is the socket's matter: it is connected.
/// </summary>
internal readonly ref struct UpstreamReply(ReadOnlySpan<byte> query, ReadOnlySpan<byte> reply)
{
    private readonly ReadOnlySpan<byte> _query = query, _reply = reply;

    /// <param name="id">The identifier that the query carried to this upstream.</param>
    public ReplyVerdict Judge(ushort id)
    {
        if (!DnsHeader.TryRead(_query, out var asked) || !DnsHeader.TryRead(_reply, out var header)
            || header.Id != id || !header.IsResponse || header.Opcode != asked.Opcode || !AnswersTheQuestion(asked, header))
            return ReplyVerdict.Ignore;

        // As the C library does: these say something about the server, not about the name.
        var unhelpful = header.Opcode == Opcode.Query
            && header.Code is ResponseCode.ServerFailure or ResponseCode.NotImplemented or ResponseCode.Refused;
        return unhelpful ? ReplyVerdict.Unhelpful : ReplyVerdict.Final;
    }

    private bool AnswersTheQuestion(DnsHeader asked, DnsHeader header)
    {
        // Servers leave the question out of errors that they found before they read it, and of answers to UPDATE (RFC 2136 §3.8).
        if (header.Questions == 0)
            return asked.Questions == 0 || header.Opcode != Opcode.Query || header.Code != ResponseCode.NoError;
        if (!Question.TryRead(_query, DnsHeader.Size, out var question))
            return true; // an opcode whose body we do not know
        return asked.Questions > 0
            && Question.TryRead(_reply, DnsHeader.Size, out var repeated)
            && Question.Same(_query, question, _reply, repeated);
    }
}
