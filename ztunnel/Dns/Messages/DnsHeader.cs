using System.Buffers.Binary;

namespace Ambient.Ztunnel.Dns.Messages;

/// <summary>Four bits that say what a message asks for; numbers without a name are legal and are forwarded.</summary>
internal enum Opcode : byte { Query = 0, Status = 2, Notify = 4, Update = 5, Stateful = 6 }

/// <summary>RCODE (RFC 1035 §4.1.1); 16 and above need an OPT record to be carried (RFC 6891 §6.1.3).</summary>
internal enum ResponseCode : ushort { NoError = 0, FormatError = 1, ServerFailure = 2, NameError = 3, NotImplemented = 4, Refused = 5, BadVersion = 16 }

/// <summary>The first 12 bytes of every message (RFC 1035 §4.1.1, RFC 4035 §3.1.6 for AD and CD).</summary>
internal readonly record struct DnsHeader(
    ushort Id, ushort Flags, ushort Questions, ushort Answers, ushort Authorities, ushort Additionals)
{
    public const int Size = 12;

    public const ushort Response = 0x8000, Authoritative = 0x0400, Truncated = 0x0200, RecursionDesired = 0x0100,
        RecursionAvailable = 0x0080, CheckingDisabled = 0x0010, OpcodeMask = 0x7800;

    public bool IsResponse => (Flags & Response) != 0;
    public bool IsTruncated => (Flags & Truncated) != 0;
    public Opcode Opcode => (Opcode)((Flags & OpcodeMask) >> 11);

    /// <summary>The four bits in the header; an OPT record may extend them.</summary>
    public ResponseCode Code => (ResponseCode)(Flags & 0x000F);

    /// <returns>False if the message is shorter than a header.</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, out DnsHeader header)
    {
        header = default;
        if (message.Length < Size)
            return false;

        header = new(
            BinaryPrimitives.ReadUInt16BigEndian(message),
            BinaryPrimitives.ReadUInt16BigEndian(message[2..]),
            BinaryPrimitives.ReadUInt16BigEndian(message[4..]),
            BinaryPrimitives.ReadUInt16BigEndian(message[6..]),
            BinaryPrimitives.ReadUInt16BigEndian(message[8..]),
            BinaryPrimitives.ReadUInt16BigEndian(message[10..]));
        return true;
    }

    public void Write(Span<byte> into)
    {
        BinaryPrimitives.WriteUInt16BigEndian(into, Id);
        BinaryPrimitives.WriteUInt16BigEndian(into[2..], Flags);
        BinaryPrimitives.WriteUInt16BigEndian(into[4..], Questions);
        BinaryPrimitives.WriteUInt16BigEndian(into[6..], Answers);
        BinaryPrimitives.WriteUInt16BigEndian(into[8..], Authorities);
        BinaryPrimitives.WriteUInt16BigEndian(into[10..], Additionals);
    }

    public static ushort ReadId(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt16BigEndian(message);

    public static void WriteId(Span<byte> message, ushort id) => BinaryPrimitives.WriteUInt16BigEndian(message, id);
}
