using System.Buffers;
using System.Text;

namespace Ambient.Xds.Mapping;

/// <summary>Protocol buffers, length-delimited fields only: what composing messages of encoded parts needs.</summary>
internal sealed class WireWriter
{
    private const int LengthDelimited = 2;
    private readonly ArrayBufferWriter<byte> _output = new(256);

    public int Length => _output.WrittenCount;

    public byte[] ToArray() => _output.WrittenSpan.ToArray();

    /// <summary>Nothing for an empty text, as proto3 has it.</summary>
    public void Write(int field, string text)
    {
        if (text.Length == 0) return;
        WriteHead(field, Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text, _output);
    }

    public void Write(int field, ReadOnlySpan<byte> bytes)
    {
        WriteHead(field, bytes.Length);
        _output.Write(bytes);
    }

    /// <summary>Tag and length; the caller writes so many bytes next.</summary>
    public void WriteHead(int field, int length)
    {
        WriteVarint((uint)(field << 3 | LengthDelimited));
        WriteVarint((uint)length);
    }

    public static int SizeOf(int field, string text) => text.Length == 0 ? 0 : SizeOfBytes(field, Encoding.UTF8.GetByteCount(text));

    public static int SizeOfBytes(int field, int length) => SizeOfVarint((uint)(field << 3)) + SizeOfVarint((uint)length) + length;

    private static int SizeOfVarint(uint value)
    {
        var bytes = 1;
        for (; value >= 0x80; value >>= 7) bytes++;
        return bytes;
    }

    private void WriteVarint(uint value)
    {
        var span = _output.GetSpan(5);
        var bytes = 0;
        for (; value >= 0x80; value >>= 7) span[bytes++] = (byte)(value | 0x80);
        span[bytes++] = (byte)value;
        _output.Advance(bytes);
    }
}
