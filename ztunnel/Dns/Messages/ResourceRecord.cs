using System.Buffers.Binary;

namespace Ambient.Ztunnel.Dns.Messages;

/// <summary>Where one record lies in its message (RFC 1035 §4.1.3); the data is not interpreted.</summary>
internal readonly record struct ResourceRecord(
    int NameOffset, RecordType Type, ushort Class, uint Ttl, int DataOffset, int DataLength)
{
    public int End => DataOffset + DataLength;

    /// <returns>False if the record is malformed or cut off.</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, int offset, out ResourceRecord record)
    {
        record = default;
        var end = offset;
        if (!DomainName.TrySkip(message, ref end) || end + 10 > message.Length)
            return false;

        var fields = message[end..];
        var dataLength = BinaryPrimitives.ReadUInt16BigEndian(fields[8..]);
        if (end + 10 + dataLength > message.Length)
            return false;

        record = new(offset,
            (RecordType)BinaryPrimitives.ReadUInt16BigEndian(fields),
            BinaryPrimitives.ReadUInt16BigEndian(fields[2..]),
            BinaryPrimitives.ReadUInt32BigEndian(fields[4..]),
            end + 10, dataLength);
        return true;
    }
}
