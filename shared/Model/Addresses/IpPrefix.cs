using System.Globalization;
using System.Net;

namespace Ambient.Model.Addresses;

/// <summary>A range of IP addresses that share their first bits (CIDR, RFC 4632 §3.1). Host bits are cleared.</summary>
public readonly record struct IpPrefix
{
    private IpPrefix(IpBits bits, int length)
    {
        Bits = bits.Masked(length);
        Length = length;
    }

    internal IpBits Bits { get; }

    /// <summary>How many leading bits are shared: 0–32 for IPv4, 0–128 for IPv6.</summary>
    public int Length { get; }

    public IPAddress Address => Bits.ToAddress();

    public bool IsIPv6 => Bits.IsIPv6;

    /// <summary>True if it holds exactly one address.</summary>
    public bool IsHost => Length == Bits.Width;

    /// <returns>False if the length is not in the range of the address's family.</returns>
    public static bool TryCreate(IPAddress address, int length, out IpPrefix prefix)
    {
        var bits = IpBits.Of(address);
        var fits = length >= 0 && length <= bits.Width;
        prefix = fits ? new(bits, length) : default;
        return fits;
    }

    internal static IpPrefix Of(IpBits bits, int length) => new(bits, length);

    public static IpPrefix Host(IPAddress address)
    {
        var bits = IpBits.Of(address);
        return new(bits, bits.Width);
    }

    /// <summary>Reads <c>10.0.0.0/8</c>; an address without a length is a range of one.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out IpPrefix prefix)
    {
        prefix = default;
        var slash = text.IndexOf('/');
        if (!IpText.TryParse(slash < 0 ? text : text[..slash], out var address)) return false;
        if (slash < 0)
        {
            prefix = Host(address);
            return true;
        }
        return int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            && TryCreate(address, length, out prefix);
    }

    /// <exception cref="FormatException">Not a CIDR range.</exception>
    public static IpPrefix Parse(string text) =>
        TryParse(text, out var prefix) ? prefix : throw new FormatException($"'{text}' is not an IP range such as 10.0.0.0/8.");

    /// <summary>False for an address of the other family.</summary>
    public bool Contains(IPAddress address) => Contains(IpBits.Of(address));

    internal bool Contains(IpBits address) => address.IsIPv6 == IsIPv6 && address.Masked(Length) == Bits;

    public override string ToString() => $"{Address}/{Length}";
}

/// <summary>A range of IP addresses within a named network.</summary>
public readonly record struct NetworkPrefix(string Network, IpPrefix Prefix)
{
    public override string ToString() => $"{Network}/{Prefix}";
}
