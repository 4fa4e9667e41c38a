using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Ambient.Ztunnel.Connections;

/// <summary><c>10.0.0.1:80</c> and <c>[2001:db8::1]:80</c> without an allocation.</summary>
internal static class EndPointText
{
    /// <param name="text">64 characters are always enough.</param>
    public static bool TryFormat(IPEndPoint endPoint, Span<char> text, out int length)
    {
        length = 0;
        var isV6 = endPoint.AddressFamily == AddressFamily.InterNetworkV6;
        if (isV6 && !TryAdd(text, ref length, "[")) return false;
        if (!endPoint.Address.TryFormat(text[length..], out var written)) return false;
        length += written;
        if (!TryAdd(text, ref length, isV6 ? "]:" : ":")) return false;
        if (!endPoint.Port.TryFormat(text[length..], out written, default, CultureInfo.InvariantCulture)) return false;
        length += written;
        return true;
    }

    private static bool TryAdd(Span<char> text, ref int length, string piece)
    {
        if (!piece.TryCopyTo(text[length..])) return false;
        length += piece.Length;
        return true;
    }
}
