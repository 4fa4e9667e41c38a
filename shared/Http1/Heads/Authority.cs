using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ambient.Http1.Heads;

/// <summary>uri-host [":" port] (RFC 9110 §7.2): a DNS name, an IPv4 address or an IPv6 address in brackets. No user information.</summary>
public static class Authority
{
    // RFC 3986 reg-name, less percent-encoding and sub-delims: no resolver takes those, and some readers stop at them.
    private static readonly SearchValues<byte> HostName = SearchValues.Create(
        "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <param name="port">The digits after the colon; empty if there is no colon.</param>
    public static bool TryParse(ReadOnlySpan<byte> authority, out ReadOnlySpan<byte> port)
    {
        port = default;
        var hostEnd = HostEnd(authority);
        if (hostEnd <= 0 || hostEnd > 257) return false;
        if (hostEnd == authority.Length) return true;

        port = authority[(hostEnd + 1)..];
        return IsPort(port);
    }

    private static int HostEnd(ReadOnlySpan<byte> authority)
    {
        if (authority.IsEmpty) return -1;
        if (authority[0] == '[') return BracketedEnd(authority);

        var colon = authority.IndexOf((byte)':');
        var end = colon < 0 ? authority.Length : colon;
        return authority[..end].IndexOfAnyExcept(HostName) < 0 ? end : -1;
    }

    private static int BracketedEnd(ReadOnlySpan<byte> authority)
    {
        var close = authority.IndexOf((byte)']');
        if (close < 0 || close > 46) return -1;
        if (close + 1 < authority.Length && authority[close + 1] != ':') return -1;

        Span<char> text = stackalloc char[46];
        var inside = authority[1..close];
        if (inside.Contains((byte)'%') || Ascii.ToUtf16(inside, text, out var length) != OperationStatus.Done) return -1;
        return IPAddress.TryParse(text[..length], out var address) && address.AddressFamily == AddressFamily.InterNetworkV6
            ? close + 1
            : -1;
    }

    private static bool IsPort(ReadOnlySpan<byte> digits)
    {
        if (digits.Length is 0 or > 5 || digits.IndexOfAnyExceptInRange((byte)'0', (byte)'9') >= 0) return false;
        var value = 0;
        foreach (var digit in digits) value = value * 10 + (digit - '0');
        return value <= ushort.MaxValue;
    }
}
