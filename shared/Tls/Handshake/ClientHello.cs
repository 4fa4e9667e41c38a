using System.Buffers.Binary;
using System.Text;

namespace Ambient.Tls.Handshake;

public enum HelloStatus : byte
{
    /// <summary>More bytes are needed.</summary>
    Incomplete,
    Complete,

    /// <summary>It is no ClientHello, or one that breaks the rules, or longer than is read.</summary>
    Foreign,
}

/// <summary>What a client asks for as it begins TLS (RFC 8446 §4.1.2), read by somebody who takes no part in it. Pure.</summary>
public static class ClientHello
{
    /// <summary>Bytes that are looked at, headers of records included.</summary>
    public const int Longest = 16 * 1024;

    private const byte HandshakeRecord = 22, HelloMessage = 1;
    private const int RecordHeader = 5, MessageHeader = 4, MostRecordBytes = 1 << 14, VersionAndRandom = 2 + 32, LongestName = 253;

    /// <param name="bytes">All that the client has sent so far.</param>
    /// <param name="name">The server's (RFC 6066 §3), in lower case; empty if none is asked for, or nothing is known.</param>
    public static HelloStatus Read(ReadOnlySpan<byte> bytes, out string name)
    {
        name = "";
        Span<byte> message = stackalloc byte[Longest]; // it may come in several records
        var length = 0;
        for (var rest = bytes[..Math.Min(bytes.Length, Longest)]; ;)
        {
            if (!IsBeginningOfRecord(rest)) return HelloStatus.Foreign;
            if (rest.Length <= RecordHeader) break;
            var whole = BinaryPrimitives.ReadUInt16BigEndian(rest[3..]);
            if (whole is 0 or > MostRecordBytes) return HelloStatus.Foreign;
            var part = rest.Slice(RecordHeader, Math.Min(whole, rest.Length - RecordHeader));
            part.CopyTo(message[length..]);
            length += part.Length;
            if (message[0] != HelloMessage) return HelloStatus.Foreign;
            if (length >= MessageHeader && Body(message[..length], out var body)) return ReadBody(body, out name) ? HelloStatus.Complete : HelloStatus.Foreign;
            if (part.Length < whole) break;
            rest = rest[(RecordHeader + whole)..];
        }

        return bytes.Length < Longest ? HelloStatus.Incomplete : HelloStatus.Foreign;
    }

    private static bool IsBeginningOfRecord(ReadOnlySpan<byte> bytes) => (bytes.Length < 1 || bytes[0] == HandshakeRecord) && (bytes.Length < 2 || bytes[1] == 3);

    private static bool Body(ReadOnlySpan<byte> message, out ReadOnlySpan<byte> body)
    {
        var length = message[1] << 16 | message[2] << 8 | message[3];
        body = message[MessageHeader..];
        if (body.Length < length) return false;
        body = body[..length];
        return true;
    }

    private static bool ReadBody(ReadOnlySpan<byte> body, out string name)
    {
        name = "";
        if (body.Length < VersionAndRandom) return false;
        body = body[VersionAndRandom..];
        if (!TryTake(ref body, 1, out _) || !TryTake(ref body, 2, out _) || !TryTake(ref body, 1, out _)) return false; // session, cipher suites, compression
        if (body.IsEmpty) return true;
        if (!TryTake(ref body, 2, out var extensions) || !body.IsEmpty) return false;
        while (!extensions.IsEmpty)
        {
            if (extensions.Length < 2) return false;
            var isName = BinaryPrimitives.ReadUInt16BigEndian(extensions) == 0;
            extensions = extensions[2..];
            if (!TryTake(ref extensions, 2, out var extension) || (isName && !ReadName(extension, out name))) return false;
        }

        return true;
    }

    private static bool ReadName(ReadOnlySpan<byte> extension, out string name)
    {
        name = "";
        if (!TryTake(ref extension, 2, out var names) || !extension.IsEmpty || names.Length < 1 || names[0] != 0) return false; // of host names there is no other kind
        names = names[1..];
        if (!TryTake(ref names, 2, out var host) || !names.IsEmpty || host.Length is 0 or > LongestName || host.ContainsAnyExceptInRange((byte)'!', (byte)'~')) return false;
        name = Encoding.ASCII.GetString(host).ToLowerInvariant();
        return true;
    }

    /// <param name="width">Bytes of the length in front.</param>
    private static bool TryTake(ref ReadOnlySpan<byte> rest, int width, out ReadOnlySpan<byte> vector)
    {
        vector = default;
        if (rest.Length < width) return false;
        var length = width == 1 ? rest[0] : BinaryPrimitives.ReadUInt16BigEndian(rest);
        if (rest.Length - width < length) return false;
        vector = rest.Slice(width, length);
        rest = rest[(width + length)..];
        return true;
    }
}
