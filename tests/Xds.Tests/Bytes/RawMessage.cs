using System.Text;

namespace Ambient.Xds.Tests.Bytes;

/// <summary>Writes protocol buffers by field number alone: knows no message, so what it writes is an independent golden value.</summary>
internal sealed class RawMessage
{
    private readonly List<byte> _bytes = [];

    public static RawMessage Of => new();

    public byte[] Bytes => [.. _bytes];

    public RawMessage Number(int field, ulong value)
    {
        Varint((ulong)field << 3);
        Varint(value);
        return this;
    }

    public RawMessage Text(int field, string value) => Data(field, Encoding.UTF8.GetBytes(value));

    public RawMessage Message(int field, RawMessage value) => Data(field, value.Bytes);

    public RawMessage Data(int field, params byte[] value)
    {
        Varint((ulong)field << 3 | 2);
        Varint((ulong)value.Length);
        _bytes.AddRange(value);
        return this;
    }

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) _bytes.Add((byte)(value | 0x80));
        _bytes.Add((byte)value);
    }
}
