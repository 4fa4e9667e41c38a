using System.Buffers;
using System.Globalization;
using System.Net;

namespace Ambient.Hbone.Headers;

/// <summary>The <c>:authority</c> of a CONNECT: an address, or a service's hostname, each with a port (RFC 9113 §8.5).</summary>
public abstract record Authority
{
    private const int MaxChars = 253 + 6; // a DNS name (RFC 1035 §2.3.4), a colon and a port
    private static readonly SearchValues<char> HostChars =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._*");

    public sealed record Address(IPEndPoint EndPoint) : Authority
    {
        public override string ToString() => EndPoint.ToString();
    }

    public sealed record Service(string Hostname, ushort Port) : Authority
    {
        public override string ToString() => $"{Hostname}:{Port}";
    }

    /// <summary>Null when there is no host, no port from 1 to 65535, or it is neither an address nor a DNS name.</summary>
    public static Authority? TryParse(ReadOnlySpan<char> text)
    {
        if (text.Length > MaxChars) return null;
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !TryParsePort(text[(colon + 1)..], out var port)) return null;

        var host = text[..colon];
        if (host[0] == '[')
            return host[^1] == ']' && IPAddress.TryParse(host[1..^1], out var v6) ? OfAddress(v6, port) : null;
        if (host.Contains(':')) return null; // IPv6 needs its brackets
        if (IsDottedQuad(host)) return IPAddress.TryParse(host, out var v4) ? OfAddress(v4, port) : null;
        return host.ContainsAnyExcept(HostChars) ? null : new Service(host.ToString().ToLowerInvariant().TrimEnd('.'), port);
    }

    private static Address OfAddress(IPAddress ip, ushort port) => new(new(ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4() : ip, port));

    private static bool TryParsePort(ReadOnlySpan<char> digits, out ushort port) =>
        ushort.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port != 0;

    private static bool IsDottedQuad(ReadOnlySpan<char> host) => !host.ContainsAnyExcept("0123456789.") && host.Count('.') == 3;
}
