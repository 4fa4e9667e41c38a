using System.Buffers.Binary;

namespace Ambient.Ztunnel.Dns.Messages;

/// <summary>What a message asks (RFC 1035 §4.1.2); the zone of an UPDATE has the same form (RFC 2136 §2.3).</summary>
/// <param name="NameOffset">Where the name starts in its message.</param>
/// <param name="Class">1 is the Internet; others are forwarded.</param>
/// <param name="End">The offset behind this question.</param>
internal readonly record struct Question(int NameOffset, RecordType Type, ushort Class, int End)
{
    public const ushort Internet = 1;

    /// <returns>False if the question is malformed or cut off.</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, int offset, out Question question)
    {
        question = default;
        var end = offset;
        if (!DomainName.TrySkip(message, ref end) || end + 4 > message.Length)
            return false;

        question = new(offset,
            (RecordType)BinaryPrimitives.ReadUInt16BigEndian(message[end..]),
            BinaryPrimitives.ReadUInt16BigEndian(message[(end + 2)..]),
            end + 4);
        return true;
    }

    /// <summary>True if both ask the same; the letters' case and compression do not count.</summary>
    public static bool Same(ReadOnlySpan<byte> message, Question question, ReadOnlySpan<byte> otherMessage, Question other) =>
        question.Type == other.Type && question.Class == other.Class
        && DomainName.Equal(message, question.NameOffset, otherMessage, other.NameOffset);
}
