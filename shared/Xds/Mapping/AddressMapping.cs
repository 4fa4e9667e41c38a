using System.Net;
using Ambient.Model.Addresses;
using Google.Protobuf;
using Wire = Ambient.Protos.Workloads;

namespace Ambient.Xds.Mapping;

/// <summary>IP addresses, alone and within networks. What cannot be mapped throws <see cref="ArgumentException"/>.</summary>
internal static class AddressMapping
{
    public static ByteString ToWire(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return ByteString.CopyFrom(bytes[..length]);
    }

    public static IPAddress ToModel(ByteString bytes)
    {
        if (bytes.Length is not (4 or 16)) throw new ArgumentException($"an IP address has {bytes.Length} bytes; it must have 4 or 16");
        var address = new IPAddress(bytes.Span);
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }

    public static Wire.NetworkAddress ToWire(NetworkAddress address) => new() { Network = address.Network, Address = ToWire(address.Address) };

    public static Wire.NetworkAddress ToWire(NetworkPrefix range) =>
        new() { Network = range.Network, Address = ToWire(range.Prefix.Address), Length = (uint)range.Prefix.Length };

    public static NetworkAddress ToModel(Wire.NetworkAddress address, SharedValues pool) =>
        new(pool.Share(address.Network), ToModel(address.Address));

    /// <summary>False if it is a single address: it has no length, or that of the whole address.</summary>
    public static bool TryGetRange(Wire.NetworkAddress address, SharedValues pool, out NetworkPrefix range)
    {
        range = default;
        if (!address.HasLength) return false;
        var prefix = ToPrefix(address.Address, address.Length);
        range = new(pool.Share(address.Network), prefix);
        return !prefix.IsHost;
    }

    public static IpPrefix ToPrefix(ByteString address, uint length)
    {
        if (length <= 128 && IpPrefix.TryCreate(ToModel(address), (int)length, out var prefix)) return prefix;
        throw new ArgumentException($"the prefix length {length} is too long for an IP address of {address.Length} bytes");
    }
}
