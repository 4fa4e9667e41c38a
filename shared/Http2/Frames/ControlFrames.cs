using System.Buffers.Binary;

namespace Ambient.Http2.Frames;

/// <summary>Writes the small frames of a fixed layout. Each returns how many bytes it wrote.</summary>
internal static class ControlFrames
{
    public const int RstStreamSize = FrameHeader.Size + 4;
    public const int WindowUpdateSize = FrameHeader.Size + 4;
    public const int PingSize = FrameHeader.Size + 8;
    public const int GoAwaySize = FrameHeader.Size + 8;

    /// <summary>What a client sends first (RFC 9113 §3.4).</summary>
    public static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    public static int WriteRstStream(Span<byte> into, uint streamId, Http2ErrorCode code)
    {
        new FrameHeader(4, FrameType.RstStream, 0, streamId).Write(into);
        BinaryPrimitives.WriteUInt32BigEndian(into[FrameHeader.Size..], (uint)code);
        return RstStreamSize;
    }

    public static int WriteWindowUpdate(Span<byte> into, uint streamId, int increment)
    {
        new FrameHeader(4, FrameType.WindowUpdate, 0, streamId).Write(into);
        BinaryPrimitives.WriteInt32BigEndian(into[FrameHeader.Size..], increment);
        return WindowUpdateSize;
    }

    public static int WritePing(Span<byte> into, bool ack, ulong opaque)
    {
        new FrameHeader(8, FrameType.Ping, ack ? FrameFlags.Ack : (byte)0, 0).Write(into);
        BinaryPrimitives.WriteUInt64BigEndian(into[FrameHeader.Size..], opaque);
        return PingSize;
    }

    /// <param name="into">Also has room for <paramref name="debug"/>, which operators of the peer may read.</param>
    public static int WriteGoAway(Span<byte> into, uint lastStreamId, Http2ErrorCode code, ReadOnlySpan<byte> debug)
    {
        new FrameHeader(8 + debug.Length, FrameType.GoAway, 0, 0).Write(into);
        BinaryPrimitives.WriteUInt32BigEndian(into[9..], lastStreamId);
        BinaryPrimitives.WriteUInt32BigEndian(into[13..], (uint)code);
        debug.CopyTo(into[GoAwaySize..]);
        return GoAwaySize + debug.Length;
    }

    public static int WriteSetting(Span<byte> into, SettingId id, int value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(into, (ushort)id);
        BinaryPrimitives.WriteInt32BigEndian(into[2..], value);
        return 6;
    }
}
