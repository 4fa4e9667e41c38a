using System.Buffers;

namespace Ambient.Http1;

/// <summary>The character classes of RFC 9110 §5.6 that names, values and targets are checked against.</summary>
internal static class HttpCharacters
{
    private static readonly SearchValues<byte> Token = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    // Everything below space except HTAB, and DEL. Bytes from 0x80 are opaque (obs-text) and harmless: framing fields never hold them.
    private static readonly SearchValues<byte> ForbiddenInValue = SearchValues.Create(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127]);

    public static bool IsToken(ReadOnlySpan<byte> text) => !text.IsEmpty && text.IndexOfAnyExcept(Token) < 0;

    public static bool IsFieldValue(ReadOnlySpan<byte> text) => text.IndexOfAny(ForbiddenInValue) < 0;

    /// <summary>Printable ASCII without a fragment: what a target may hold on the wire. Decoding and dot segments are the router's.</summary>
    public static bool IsTarget(ReadOnlySpan<byte> text) =>
        !text.IsEmpty && text.IndexOfAnyExceptInRange((byte)0x21, (byte)0x7E) < 0 && !text.Contains((byte)'#');

    /// <summary>Without the optional whitespace (SP, HTAB) around it.</summary>
    public static ReadOnlySpan<byte> TrimWhitespace(ReadOnlySpan<byte> text)
    {
        var (start, end) = (0, text.Length);
        while (start < end && IsWhitespace(text[start])) start++;
        while (end > start && IsWhitespace(text[end - 1])) end--;
        return text[start..end];
    }

    private static bool IsWhitespace(byte character) => character is (byte)' ' or (byte)'\t';
}
