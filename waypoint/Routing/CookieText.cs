using System.Globalization;
using System.Text;

namespace Ambient.Waypoint.Routing;

/// <summary>Cookies as clients send them, and as they are given to them (RFC 6265 §4).</summary>
internal static class CookieText
{
    /// <param name="path">Empty for that of the request.</param>
    /// <param name="lifetime">Rounded down to whole seconds; zero for as long as the client's session.</param>
    public static string Write(string name, string value, string path, TimeSpan lifetime) => string.Create(CultureInfo.InvariantCulture,
        $"{name}={value}{(lifetime > TimeSpan.Zero ? $"; Max-Age={(long)lifetime.TotalSeconds}" : "")}{(path.Length > 0 ? $"; Path={path}" : "")}; HttpOnly");

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
