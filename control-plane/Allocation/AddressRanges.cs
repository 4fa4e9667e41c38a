using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Ambient.ControlPlane.Allocation;

/// <summary>The addresses that are given to hosts without any: 240.240.0.0/16 and 2001:2::/48, which lead nowhere outside of the mesh.</summary>
/// <remarks>Where a host's search begins follows from its name, so that two control planes that never met mostly choose alike.</remarks>
internal static class AddressRanges
{
    /// <summary>All of the range but its first and last address.</summary>
    public const int V4Size = (1 << 16) - 2;

    private const uint V4Start = 0xF0F0_0000;

    // 2001:2::/48 as the upper half of an address; its next sixteen bits stay zero.
    private const ulong V6Start = 0x2001_0002_0000_0000;

    public static bool Contains(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return length == 4
            ? BinaryPrimitives.ReadUInt32BigEndian(bytes) >> 16 == V4Start >> 16
            : BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 16 == V6Start >> 16;
    }

    /// <param name="attempt">From 0 to <see cref="V4Size"/> - 1: each leads to another address.</param>
    public static IPAddress V4(string host, int attempt)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, V4Start + 1 + (uint)((Hash(host) + (ulong)attempt) % V4Size));
        return new(bytes);
    }

    /// <inheritdoc cref="V4"/>
    public static IPAddress V6(string host, int attempt)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, V6Start);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Math.Max(1, unchecked(Hash(host) + (ulong)attempt)));
        return new(bytes);
    }

    // FNV-1a, 64 bits: the same in every process and version.
    private static ulong Hash(string text)
    {
        var hash = 14695981039346656037;
        foreach (var one in Encoding.UTF8.GetBytes(text)) hash = unchecked((hash ^ one) * 1099511628211);
        return hash;
    }
}
