using System.Buffers.Binary;

namespace Ambient.Http2.Frames;

/// <summary>The nine bytes before every frame's payload (RFC 9113 §4.1).</summary>
/// <param name="Length">Bytes of payload, 0 to 2^24-1.</param>
/// <param name="StreamId">0 for the connection itself; the reserved bit is ignored.</param>
internal readonly record struct FrameHeader(int Length, FrameType Type, byte Flags, uint StreamId)
{
    public const int Size = 9;

    // length 24 | type 8 | flags 8 | reserved 1 | stream 31, big-endian
    public static FrameHeader Read(ReadOnlySpan<byte> raw) => new(
        raw[0] << 16 | raw[1] << 8 | raw[2],
        (FrameType)raw[3],
        raw[4],
        BinaryPrimitives.ReadUInt32BigEndian(raw[5..]) & 0x7FFF_FFFF);

    public void Write(Span<byte> into)
    {
        into[0] = (byte)(Length >> 16);
        into[1] = (byte)(Length >> 8);
        into[2] = (byte)Length;
        into[3] = (byte)Type;
        into[4] = Flags;
        BinaryPrimitives.WriteUInt32BigEndian(into[5..], StreamId);
    }

    public bool Has(byte flag) => (Flags & flag) != 0;
}
