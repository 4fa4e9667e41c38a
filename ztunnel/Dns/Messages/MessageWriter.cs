using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ambient.Ztunnel.Dns.Messages;

/// <summary>
/// Writes one response from front to back into memory of the caller. What no longer fits within the limit is left out whole
/// and the message is marked truncated; room for the OPT record is kept from the start.
/// </summary>
internal ref struct MessageWriter
{
    private const int OptSize = 11, RecordOverhead = 2 + 10; // a compressed owner, then type, class, TTL, data length

    private readonly Span<byte> _buffer;
    private readonly int _limit;
    private DnsHeader _header;

    /// <param name="buffer">At least <see cref="DnsHeader.Size"/> bytes.</param>
    /// <param name="limit">Largest message in bytes: the client's UDP payload size, or 65,535 for TCP.</param>
    /// <param name="request">What is answered: its identifier, opcode, RD and CD are copied.</param>
    public MessageWriter(Span<byte> buffer, int limit, DnsHeader request)
    {
        _buffer = buffer;
        _limit = Math.Min(limit, buffer.Length);
        var copied = request.Flags & (DnsHeader.OpcodeMask | DnsHeader.RecursionDesired | DnsHeader.CheckingDisabled);
        _header = new(request.Id, (ushort)(copied | DnsHeader.Response | DnsHeader.RecursionAvailable), 0, 0, 0, 0);
        Length = DnsHeader.Size;
    }

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    public void MarkAuthoritative() => _header = _header with { Flags = (ushort)(_header.Flags | DnsHeader.Authoritative) };

    public void MarkTruncated() => _header = _header with { Flags = (ushort)(_header.Flags | DnsHeader.Truncated) };

    /// <summary>Copies the first question as the client wrote it, so that the case of its letters is kept.</summary>
    /// <returns>The offset of its name, for owners that are the same name.</returns>
    public int CopyQuestion(ReadOnlySpan<byte> request, Question question)
    {
        var offset = Length;
        request[question.NameOffset..question.End].CopyTo(_buffer[offset..]);
        Length += question.End - question.NameOffset;
        _header = _header with { Questions = 1 };
        return offset;
    }

    /// <summary>Adds an address; <paramref name="reserved"/> bytes behind it stay free.</summary>
    /// <returns>False if it does not fit: nothing was written.</returns>
    public bool TryAddAddress(int ownerOffset, IPAddress address, uint ttl, int reserved)
    {
        var isV6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        var size = isV6 ? 16 : 4;
        if (Length + RecordOverhead + size + reserved > _limit)
            return false;

        BeginRecord(ownerOffset, isV6 ? RecordType.AAAA : RecordType.A, ttl, size);
        address.TryWriteBytes(_buffer[Length..], out _);
        Length += size;
        return true;
    }

    /// <summary>Adds an alias to a name that is the first labels of the owner.</summary>
    /// <param name="targetLabels">Those labels as they stand on the wire, without the root.</param>
    /// <returns>The offset of the target's name, or 0 if it does not fit.</returns>
    public int AddAlias(int ownerOffset, ReadOnlySpan<byte> targetLabels, uint ttl, int reserved)
    {
        var size = targetLabels.Length + 1;
        if (Length + RecordOverhead + size + reserved > _limit)
            return 0;

        BeginRecord(ownerOffset, RecordType.CNAME, ttl, size);
        var target = Length;
        targetLabels.CopyTo(_buffer[target..]);
        _buffer[target + targetLabels.Length] = 0;
        Length += size;
        return target;
    }

    /// <summary>Bytes that <see cref="AddEdns"/> without a reason takes; reserve them while records are added.</summary>
    public static int SizeOf(Edns? edns) => edns is null ? 0 : OptSize;

    /// <summary>Answers the client's OPT record with ours: version 0, its own payload size, DO copied (RFC 3225 §3).</summary>
    /// <param name="reason">Left out if it does not fit.</param>
    public void AddEdns(Edns client, ResponseCode code, ExtendedError? reason = null)
    {
        var dataLength = reason is null ? 0 : 6 + reason.Text.Length;
        if (Length + OptSize + dataLength > _limit)
            (dataLength, reason) = (0, null);

        _buffer[Length++] = 0; // the root
        WriteFields(RecordType.OPT, (ushort)client.UsablePayloadSize,
            Edns.TtlOf((byte)((ushort)code >> 4), version: 0, client.DnssecOk), dataLength);
        _header = _header with { Additionals = 1 };
        if (reason is not null)
            WriteReason(reason);
    }

    /// <summary>Writes the header; call it last.</summary>
    /// <returns>The size of the finished message.</returns>
    public readonly int Finish(ResponseCode code)
    {
        (_header with { Flags = (ushort)(_header.Flags | (ushort)code & 0xF) }).Write(_buffer);
        return Length;
    }

    private void BeginRecord(int ownerOffset, RecordType type, uint ttl, int dataLength)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[Length..], (ushort)(0xC000 | ownerOffset));
        Length += 2;
        WriteFields(type, Question.Internet, ttl, dataLength);
        _header = _header with { Answers = (ushort)(_header.Answers + 1) };
    }

    private void WriteFields(RecordType type, ushort @class, uint ttl, int dataLength)
    {
        var fields = _buffer[Length..];
        BinaryPrimitives.WriteUInt16BigEndian(fields, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(fields[2..], @class);
        BinaryPrimitives.WriteUInt32BigEndian(fields[4..], ttl);
        BinaryPrimitives.WriteUInt16BigEndian(fields[8..], (ushort)dataLength);
        Length += 10;
    }

    // RFC 8914 §2: option code, length, info code, text.
    private void WriteReason(ExtendedError reason)
    {
        var option = _buffer[Length..];
        BinaryPrimitives.WriteUInt16BigEndian(option, ExtendedError.Option);
        BinaryPrimitives.WriteUInt16BigEndian(option[2..], (ushort)(2 + reason.Text.Length));
        BinaryPrimitives.WriteUInt16BigEndian(option[4..], reason.InfoCode);
        Length += 6 + Encoding.ASCII.GetBytes(reason.Text, option[6..]);
    }
}
