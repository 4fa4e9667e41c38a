using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Ambient.Model.Addresses;

/// <summary>An IP address within a named network: two networks may use the same addresses for different pods.</summary>
/// <remarks>
/// Equality ignores IPv6 scope ids and takes an IPv4-mapped IPv6 address for the IPv4 address it stands for, so what a
/// socket reports can be looked up as it is.
/// </remarks>
public readonly struct NetworkAddress : IEquatable<NetworkAddress>
{
    private readonly string? _network;
    private readonly IpBits _bits;

    /// <param name="network">Network id; empty is the default network.</param>
    public NetworkAddress(string network, IPAddress address)
    {
        _network = network;
        _bits = IpBits.Of(address);
    }

    public string Network => _network ?? "";

    /// <summary>The canonical address (IPv4 if it was mapped into IPv6, no scope id); made anew at each call.</summary>
    public IPAddress Address => _bits.ToAddress();

    public bool IsIPv6 => _bits.IsIPv6;

    internal IpBits Bits => _bits;

    /// <summary>Reads <c>network/ip</c>; the network may be empty (<c>/10.0.0.1</c>).</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out NetworkAddress result)
    {
        result = default;
        var slash = text?.IndexOf('/') ?? -1;
        if (slash < 0 || !IpText.TryParse(text.AsSpan(slash + 1), out var address)) return false;
        result = new(text![..slash], address);
        return true;
    }

    public bool Equals(NetworkAddress other) => _bits == other._bits && Network == other.Network;

    public override bool Equals(object? obj) => obj is NetworkAddress other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(_bits.Value, Network);

    public static bool operator ==(NetworkAddress left, NetworkAddress right) => left.Equals(right);

    public static bool operator !=(NetworkAddress left, NetworkAddress right) => !left.Equals(right);

    public override string ToString() => $"{Network}/{Address}";
}
