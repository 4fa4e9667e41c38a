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
        return (endPoint.AddressFamily == AddressFamily.InterNetworkV6
                ? TryAdd(text, ref length, "[") && TryAddV6(text, ref length, endPoint.Address) && TryAdd(text, ref length, "]:")
                : TryAddV4(text, ref length, endPoint.Address) && TryAdd(text, ref length, ":"))
            && TryAdd(text, ref length, endPoint.Port);
    }

    private static bool TryAddV6(Span<char> text, ref int length, IPAddress address)
    {
        var fits = address.TryFormat(text[length..], out var written);
        length += written;
        return fits;
    }

    // By hand: nearly every line has two of these.
    private static bool TryAddV4(Span<char> text, ref int length, IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[4];
        if (!address.TryWriteBytes(bytes, out _)) return false;
        for (var i = 0; i < bytes.Length; i++)
            if ((i > 0 && !TryAdd(text, ref length, ".")) || !TryAdd(text, ref length, bytes[i])) return false;
        return true;
    }

    private static bool TryAdd(Span<char> text, ref int length, int number)
    {
        var fits = number.TryFormat(text[length..], out var written, default, CultureInfo.InvariantCulture);
        length += written;
        return fits;
    }

    private static bool TryAdd(Span<char> text, ref int length, string piece)
    {
        if (!piece.TryCopyTo(text[length..])) return false;
        length += piece.Length;
        return true;
    }
}
