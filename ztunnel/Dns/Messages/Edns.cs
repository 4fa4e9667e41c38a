namespace Ambient.Ztunnel.Dns.Messages;

/// <summary>The OPT pseudo-record of a query (RFC 6891 §6.1.2, §6.1.3).</summary>
/// <param name="PayloadSize">Largest UDP answer the sender takes; below 512 it means 512 (§6.2.3).</param>
internal readonly record struct Edns(ushort PayloadSize, byte Version, bool DnssecOk)
{
    /// <summary>Largest UDP answer without EDNS (RFC 1035 §4.2.1).</summary>
    public const int MinPayloadSize = 512;

    private const uint DnssecOkBit = 0x8000;

    public int UsablePayloadSize => Math.Max((int)PayloadSize, MinPayloadSize);

    /// <summary>Reads everything behind the questions; the whole message must be well formed.</summary>
    /// <param name="offset">Behind the last question.</param>
    /// <param name="edns">Null if the sender does not speak EDNS.</param>
    /// <returns>False if a record is malformed, bytes are left over, or there is more than one OPT (§6.1.1).</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, DnsHeader header, int offset, out Edns? edns)
    {
        edns = null;
        var before = header.Answers + header.Authorities;
        for (var i = 0; i < before + header.Additionals; i++)
        {
            if (!ResourceRecord.TryRead(message, offset, out var record))
                return false;
            offset = record.End;
            if (record.Type != RecordType.OPT)
                continue;
            if (i < before || edns is not null || message[record.NameOffset] != 0)
                return false;
            edns = new(record.Class, (byte)(record.Ttl >> 16), (record.Ttl & DnssecOkBit) != 0);
        }
        return offset == message.Length;
    }

    internal static uint TtlOf(byte extendedCode, byte version, bool dnssecOk) =>
        (uint)extendedCode << 24 | (uint)version << 16 | (dnssecOk ? DnssecOkBit : 0);
}
