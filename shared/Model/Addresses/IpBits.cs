using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Ambient.Model.Addresses;

/// <summary>An IP address as a number: no scope id, and an IPv4-mapped IPv6 address is the IPv4 address.</summary>
internal readonly record struct IpBits
{
    private readonly ulong _high, _low; // a UInt128 would be aligned to 16 bytes

    public IpBits(UInt128 value, bool isIPv6) => (_high, _low, IsIPv6) = ((ulong)(value >> 64), (ulong)value, isIPv6);

    public UInt128 Value => new(_high, _low);

    public bool IsIPv6 { get; }

    public int Width => IsIPv6 ? 128 : 32;

    public static IpBits Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        if (length == 4) return new(BinaryPrimitives.ReadUInt32BigEndian(bytes), false);

        var value = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        // ::ffff:a.b.c.d, RFC 4291 §2.5.5.2
        return value >> 32 == 0xFFFF ? new(value & uint.MaxValue, false) : new(value, true);
    }

    /// <summary>The first <paramref name="length"/> bits; the others are zero.</summary>
    public IpBits Masked(int length)
    {
        if (length >= Width) return this;
        var mask = length == 0 ? UInt128.Zero : UInt128.MaxValue << (Width - length);
        return new(Value & mask, IsIPv6);
    }

    public IPAddress ToAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        return new IPAddress(IsIPv6 ? bytes : bytes[12..]);
    }

    public static AddressFamily FamilyOf(IPAddress address) =>
        Of(address).IsIPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
}
