using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Ambient.Model.Addresses;

/// <summary>The target of a CONNECT request (RFC 9110 §9.3.6): an address and port, or a host name and port.</summary>
/// <remarks>Exactly one of <see cref="Address"/> and <see cref="Host"/> is set.</remarks>
public sealed record Authority
{
    /// <summary>Longest host name that is read (RFC 1035 §2.3.4, with a trailing dot).</summary>
    public const int MaxHostLength = 254;

    private Authority(IPAddress? address, string? host, ushort port)
    {
        Address = address;
        Host = host;
        Port = port;
    }

    /// <summary>Canonical: IPv4 if it was mapped into IPv6.</summary>
    public IPAddress? Address { get; }

    public string? Host { get; }

    public ushort Port { get; }

    /// <summary>Reads <c>10.0.0.1:80</c>, <c>[2001:db8::1]:80</c> or <c>web.shop.svc:80</c>. The port is mandatory.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out Authority? authority)
    {
        authority = null;
        var colon = text?.LastIndexOf(':') ?? -1;
        if (colon <= 0 || !TryParsePort(text.AsSpan(colon + 1), out var port)) return false;

        var host = text.AsSpan(0, colon);
        if (host is ['[', .. var inner, ']'])
            return inner.Contains(':') && IpText.TryParse(inner, out var v6) && (authority = Of(v6, port)) is not null;
        if (IpText.TryParse(host, out var address)) authority = host.Contains(':') ? null : Of(address, port);
        else if (IsHostName(host)) authority = new(null, host.ToString(), port);
        return authority is not null;
    }

    public static Authority Of(IPAddress address, ushort port) => new(IpBits.Of(address).ToAddress(), null, port);

    public static Authority Of(IPEndPoint target) => Of(target.Address, (ushort)target.Port);

    public static Authority Of(string host, ushort port) => new(null, host, port);

    /// <summary>As it stands in <c>:authority</c>.</summary>
    public override string ToString() => Address is null ? $"{Host}:{Port}" : new IPEndPoint(Address, Port).ToString();

    // int.TryParse would also take "+80" and " 80".
    private static bool TryParsePort(ReadOnlySpan<char> text, out ushort port)
    {
        port = 0;
        return text.Length is > 0 and <= 5 && ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port);
    }

    private static bool IsHostName(ReadOnlySpan<char> text)
    {
        if (text.Length > MaxHostLength) return false;
        foreach (var c in text)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.' or '_' or '*')) return false;
        return true;
    }
}
