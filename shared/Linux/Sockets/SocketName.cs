using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Ambient.Linux.Sockets;

/// <summary>An IP address and port as the kernel writes it (struct sockaddr_in, sockaddr_in6): comparing and keeping one allocates nothing.</summary>
/// <remarks>
/// It is kept as it came, because answering on a dual-stack socket needs the IPv4-mapped form.
/// <see cref="ToEndPoint"/> and <see cref="Port"/> are for everything else.
/// </remarks>
public struct SocketName : IEquatable<SocketName>
{
    internal const int MaxLength = 28; // sizeof(struct sockaddr_in6)

    private Bytes _bytes;
    private byte _length;

    [InlineArray(MaxLength)]
    private struct Bytes
    {
        private byte _first;
    }

    /// <summary>The name to give to a socket of <paramref name="family"/>: an IPv4 address becomes IPv4-mapped for an IPv6 one.</summary>
    /// <exception cref="ArgumentException">An IPv6 address for an IPv4 socket.</exception>
    public static SocketName For(IPEndPoint endPoint, AddressFamily family)
    {
        if (endPoint.AddressFamily == family)
            return From(endPoint);
        if (family == AddressFamily.InterNetworkV6)
            return From(new IPEndPoint(endPoint.Address.MapToIPv6(), endPoint.Port));
        throw new ArgumentException($"{endPoint} cannot be used with an IPv4 socket.", nameof(endPoint));
    }

    public static SocketName From(IPEndPoint endPoint)
    {
        SocketName name = default;
        Span<byte> raw = name._bytes;
        BinaryPrimitives.WriteUInt16BigEndian(raw[2..], (ushort)endPoint.Port);
        if (endPoint.AddressFamily == AddressFamily.InterNetwork)
        {
            BitConverter.TryWriteBytes(raw, (ushort)Libc.AF_INET);
            endPoint.Address.TryWriteBytes(raw[4..], out _);
            name._length = 16;
            return name;
        }

        BitConverter.TryWriteBytes(raw, (ushort)Libc.AF_INET6);
        endPoint.Address.TryWriteBytes(raw[8..], out _);
        BitConverter.TryWriteBytes(raw[24..], (uint)endPoint.Address.ScopeId);
        name._length = MaxLength;
        return name;
    }

    /// <summary>False if the kernel gave no name (an unnamed or foreign socket).</summary>
    public readonly bool IsKnown => _length > 0;

    public readonly int Port => BinaryPrimitives.ReadUInt16BigEndian(Raw[2..]);

    /// <summary>An IPv4-mapped IPv6 address comes out as the IPv4 address it is.</summary>
    /// <exception cref="InvalidOperationException">There is no name; see <see cref="IsKnown"/>.</exception>
    public readonly IPEndPoint ToEndPoint()
    {
        if (!IsKnown)
            throw new InvalidOperationException("The socket has no IP address.");
        if (Family == Libc.AF_INET)
            return new(new IPAddress(Raw.Slice(4, 4)), Port);
        var address = Raw.Slice(8, 16);
        return IsMapped(address)
            ? new(new IPAddress(address[12..]), Port)
            : new(new IPAddress(address, BitConverter.ToUInt32(Raw[24..])), Port);
    }

    public readonly bool Equals(SocketName other) => Raw[.._length].SequenceEqual(other.Raw[..other._length]);

    public override readonly bool Equals(object? other) => other is SocketName name && Equals(name);

    public override readonly int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Raw[.._length]);
        return hash.ToHashCode();
    }

    public override readonly string ToString() => IsKnown ? ToEndPoint().ToString() : "(no address)";

    internal readonly int Length => _length;

    /// <summary>Room for the kernel to write to, followed by <see cref="Fill"/>.</summary>
    [UnscopedRef]
    internal Span<byte> Room => _bytes;

    internal void Fill(uint length) =>
        _length = Family is Libc.AF_INET or Libc.AF_INET6 && length is >= 16 and <= MaxLength ? (byte)length : (byte)0;

    [UnscopedRef]
    private readonly ReadOnlySpan<byte> Raw => _bytes;

    private readonly int Family => BitConverter.ToUInt16(Raw);

    private static bool IsMapped(ReadOnlySpan<byte> address) =>
        address[10] == 0xFF && address[11] == 0xFF && !address[..10].ContainsAnyExcept((byte)0);
}
