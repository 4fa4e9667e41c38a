using System.Buffers.Binary;

namespace Ambient.Playground.Api.Schemas;

/// <summary>The fields of one protobuf message, one after another.</summary>
internal ref struct ProtobufFields(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;
    private ReadOnlySpan<byte> _bytes;
    private ulong _varint;
    private bool _isBytes;

    public int Number { get; private set; }

    /// <exception cref="FormatException">The field holds a number.</exception>
    public readonly ReadOnlySpan<byte> Bytes => _isBytes ? _bytes : throw new FormatException($"field {Number} has the wrong type");

    /// <exception cref="FormatException">The field holds bytes.</exception>
    public readonly ulong Varint => _isBytes ? throw new FormatException($"field {Number} has the wrong type") : _varint;

    /// <exception cref="FormatException">Cut off, or a wire type that is not used.</exception>
    public bool Next()
    {
        if (_rest.IsEmpty) return false;
        var tag = ReadVarint();
        Number = (int)(tag >> 3);
        _isBytes = true;
        switch (tag & 7)
        {
            case 0:
                _varint = ReadVarint();
                _isBytes = false;
                return true;
            case 1:
                _bytes = Take(8);
                return true;
            case 2:
                var length = ReadVarint();
                _bytes = Take(length > int.MaxValue ? int.MaxValue : (int)length);
                return true;
            case 5:
                _varint = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                _isBytes = false;
                return true;
            default:
                throw new FormatException($"protobuf wire type {tag & 7} is not used");
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length) throw new FormatException("the protobuf message is cut off");
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (_rest.IsEmpty) throw new FormatException("the protobuf message is cut off");
            var next = _rest[0];
            _rest = _rest[1..];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
        throw new FormatException("a protobuf number is too long");
    }
}
