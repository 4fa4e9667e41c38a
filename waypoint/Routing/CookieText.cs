using System.Text;

namespace Ambient.Waypoint.Routing;

/// <summary>Finds cookies in what a client sent (RFC 6265 §4.2).</summary>
internal static class CookieText
{
    /// <param name="cookies">Pairs of name and value, separated by semicolons; several header lines by commas.</param>
    /// <returns>Empty if there is none of the name.</returns>
    public static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> cookies, string name)
    {
        Span<byte> wanted = stackalloc byte[256];
        if (!Encoding.ASCII.TryGetBytes(name, wanted, out var length)) return default;
        foreach (var range in cookies.SplitAny((byte)';', (byte)','))
        {
            var pair = cookies[range].Trim((byte)' ');
            var equals = pair.IndexOf((byte)'=');
            if (equals >= 0 && pair[..equals].SequenceEqual(wanted[..length])) return pair[(equals + 1)..];
        }

        return default;
    }
}
