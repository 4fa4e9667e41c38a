using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ambient.Hbone.Headers;

/// <summary>
/// The PROXY protocol version 2 header that hands a decrypted connection to an application which asked for it, with the
/// client's SPIFFE identity as TLV 0xD0 (PROXY protocol specification, section 2.2).
/// </summary>
public static class ProxyHeader
{
    private const byte IdentityTlv = 0xD0;
    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Command PROXY over STREAM; addresses of mixed families give an unspecified address block.</summary>
    /// <param name="identity">The verified SPIFFE id, or null for none. At most 65,000 bytes.</param>
    public static byte[] Format(IPEndPoint source, IPEndPoint destination, string? identity)
    {
        var family = source.AddressFamily == destination.AddressFamily ? source.AddressFamily : AddressFamily.Unspecified;
        var addresses = family switch { AddressFamily.InterNetwork => 12, AddressFamily.InterNetworkV6 => 36, _ => 0 };
        var id = identity is null ? [] : Encoding.ASCII.GetBytes(identity);
        var body = addresses + (identity is null ? 0 : 3 + id.Length);

        var header = new byte[16 + body];
        Signature.CopyTo(header);
        header[12] = 0x21; // version 2, command PROXY
        header[13] = family switch { AddressFamily.InterNetwork => 0x11, AddressFamily.InterNetworkV6 => 0x21, _ => 0x00 };
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(14), checked((ushort)body));
        if (addresses > 0) WriteAddresses(header.AsSpan(16, addresses), source, destination);
        if (identity is not null) WriteTlv(header.AsSpan(16 + addresses), id);
        return header;
    }

    private static void WriteAddresses(Span<byte> block, IPEndPoint source, IPEndPoint destination)
    {
        var size = (block.Length - 4) / 2;
        source.Address.TryWriteBytes(block, out _);
        destination.Address.TryWriteBytes(block[size..], out _);
        BinaryPrimitives.WriteUInt16BigEndian(block[(2 * size)..], (ushort)source.Port);
        BinaryPrimitives.WriteUInt16BigEndian(block[(2 * size + 2)..], (ushort)destination.Port);
    }

    private static void WriteTlv(Span<byte> tlv, ReadOnlySpan<byte> value)
    {
        tlv[0] = IdentityTlv;
        BinaryPrimitives.WriteUInt16BigEndian(tlv[1..], (ushort)value.Length);
        value.CopyTo(tlv[3..]);
    }
}
