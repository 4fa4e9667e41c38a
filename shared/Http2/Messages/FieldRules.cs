using System.Buffers;

namespace Ambient.Http2.Messages;

/// <summary>What a field's name and value may be made of (RFC 9113 §8.2).</summary>
internal static class FieldRules
{
    // tchar of RFC 9110 §5.6.2 without upper case, which RFC 9113 §8.2 forbids.
    private static readonly SearchValues<byte> NameBytes = SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"u8);

    // All control characters but HTAB; RFC 9113 §8.2.1 demands it of NUL, CR and LF.
    private static readonly SearchValues<byte> ForbiddenInValues = SearchValues.Create(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127]);

    public static bool IsName(ReadOnlySpan<byte> name) => !name.IsEmpty && !name.ContainsAnyExcept(NameBytes);

    public static bool IsValue(ReadOnlySpan<byte> value) =>
        value.IsEmpty || !IsBlank(value[0]) && !IsBlank(value[^1]) && !value.ContainsAny(ForbiddenInValues);

    /// <summary>Fields about a connection, which HTTP/2 does not know (RFC 9113 §8.2.2).</summary>
    public static bool IsConnectionSpecific(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => name.Length switch
    {
        2 => name.SequenceEqual("te"u8) && !value.SequenceEqual("trailers"u8),
        7 => name.SequenceEqual("upgrade"u8),
        10 => name.SequenceEqual("connection"u8) || name.SequenceEqual("keep-alive"u8),
        16 => name.SequenceEqual("proxy-connection"u8),
        17 => name.SequenceEqual("transfer-encoding"u8),
        _ => false,
    };

    /// <summary>Digits only, up to 2^63-1; -1 if it is anything else (RFC 9110 §8.6).</summary>
    public static long ParseContentLength(ReadOnlySpan<byte> value)
    {
        if (value.Length is 0 or > 19) return -1;
        var length = 0L;
        foreach (var digit in value)
        {
            if (digit is < (byte)'0' or > (byte)'9') return -1;
            length = unchecked(length * 10 + (digit - '0'));
            if (length < 0) return -1;
        }
        return length;
    }

    private static bool IsBlank(byte b) => b is (byte)' ' or (byte)'\t';
}
