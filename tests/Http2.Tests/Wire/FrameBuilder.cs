using System.Buffers.Binary;
using Ambient.Http2.Frames;
using Ambient.Http2.Hpack;

namespace Ambient.Http2.Tests.Wire;

/// <summary>Builds what a peer sends, right or wrong.</summary>
internal sealed class FrameBuilder
{
    private readonly List<byte> _bytes = [];

    public byte[] ToArray() => [.. _bytes];

    public static implicit operator ReadOnlyMemory<byte>(FrameBuilder builder) => builder.ToArray();

    public FrameBuilder Raw(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public FrameBuilder Preface() => Raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8);

    public FrameBuilder Frame(byte type, byte flags, uint stream, ReadOnlySpan<byte> payload)
    {
        Span<byte> header = stackalloc byte[FrameHeader.Size];
        new FrameHeader(payload.Length, (FrameType)type, flags, stream).Write(header);
        return Raw(header).Raw(payload);
    }

    public FrameBuilder Settings(params (int Id, long Value)[] settings)
    {
        var payload = new byte[settings.Length * 6];
        for (var i = 0; i < settings.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(i * 6), (ushort)settings[i].Id);
            BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(i * 6 + 2), (uint)settings[i].Value);
        }
        return Frame(0x4, 0, 0, payload);
    }

    public FrameBuilder SettingsAck() => Frame(0x4, 1, 0, []);

    public FrameBuilder Headers(uint stream, byte flags, params string[] fields) => Frame(0x1, flags, stream, Block(fields));

    /// <summary>A whole CONNECT request; the stream stays open.</summary>
    public FrameBuilder Connect(uint stream) => Headers(stream, 0x4, ":method: CONNECT", ":authority: 10.0.0.1:80");

    /// <summary>A whole GET request that ends the stream.</summary>
    public FrameBuilder Get(uint stream) => Headers(stream, 0x5, GetFields);

    /// <summary>The start of a POST request.</summary>
    public FrameBuilder Post(uint stream, params string[] more) =>
        Headers(stream, 0x4, [":method: POST", ":scheme: http", ":path: /", ":authority: a", .. more]);

    public FrameBuilder Data(uint stream, int length, bool endStream = false) =>
        Frame(0x0, endStream ? (byte)1 : (byte)0, stream, new byte[length]);

    public FrameBuilder Reset(uint stream, uint code = 8) => Frame(0x3, 0, stream, UInt32(code));

    public FrameBuilder WindowUpdate(uint stream, uint increment) => Frame(0x8, 0, stream, UInt32(increment));

    public FrameBuilder Ping(ulong opaque, bool ack = false)
    {
        var payload = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(payload, opaque);
        return Frame(0x6, ack ? (byte)1 : (byte)0, 0, payload);
    }

    public FrameBuilder GoAway(uint last, uint code = 0, string debug = "") =>
        Frame(0x7, 0, 0, [.. UInt32(last), .. UInt32(code), .. System.Text.Encoding.ASCII.GetBytes(debug)]);

    public static readonly string[] GetFields = [":method: GET", ":scheme: http", ":path: /", ":authority: a"];

    /// <summary>Encodes "name: value" lines.</summary>
    public static byte[] Block(params string[] fields)
    {
        var list = Fields(fields);
        var block = new byte[HpackEncoder.MaxBytes(list) + 1];
        return block[..HpackEncoder.Encode(list, block)];
    }

    public static HeaderList Fields(params string[] fields)
    {
        var list = new HeaderList();
        foreach (var field in fields)
        {
            var colon = field.IndexOf(':', 1);
            list.Add(System.Text.Encoding.Latin1.GetBytes(field[..colon]), System.Text.Encoding.Latin1.GetBytes(field[(colon + 1)..].TrimStart(' ')));
        }
        return list;
    }

    public static byte[] UInt32(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }
}
