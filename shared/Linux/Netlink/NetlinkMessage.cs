namespace Ambient.Linux.Netlink;

/// <summary>Writes one netlink request: header, the family's own fixed part, then attributes (netlink(7)).</summary>
/// <remarks>Numbers are in the machine's order, as the kernel wants them.</remarks>
internal ref struct NetlinkMessage
{
    private const int HeaderBytes = 16, AttributeHeaderBytes = 4;

    private readonly Span<byte> _room;
    private int _length;

    /// <param name="room">Zeroed by this; enough for everything that is written.</param>
    public NetlinkMessage(Span<byte> room, ushort type, ushort flags, ReadOnlySpan<byte> body)
    {
        _room = room;
        room.Clear();
        BitConverter.TryWriteBytes(room[4..], type);
        BitConverter.TryWriteBytes(room[6..], flags);
        body.CopyTo(room[HeaderBytes..]);
        _length = HeaderBytes + body.Length;
    }

    public void Add(ushort attribute, uint value)
    {
        var at = _room[_length..];
        BitConverter.TryWriteBytes(at, (ushort)(AttributeHeaderBytes + sizeof(uint)));
        BitConverter.TryWriteBytes(at[2..], attribute);
        BitConverter.TryWriteBytes(at[4..], value);
        _length += AttributeHeaderBytes + sizeof(uint);
    }

    /// <summary>The whole request.</summary>
    public readonly ReadOnlySpan<byte> Finish()
    {
        BitConverter.TryWriteBytes(_room, (uint)_length);
        return _room[.._length];
    }

    /// <summary>The value of a 32-bit attribute in a reply; null if it has none.</summary>
    /// <param name="attributes">What follows the fixed part.</param>
    public static uint? Find(ReadOnlySpan<byte> attributes, ushort attribute) =>
        FindBytes(attributes, attribute) is { Length: >= sizeof(uint) } value ? BitConverter.ToUInt32(value) : null;

    /// <summary>The value of an attribute in a reply; empty if it has none.</summary>
    public static ReadOnlySpan<byte> FindBytes(ReadOnlySpan<byte> attributes, ushort attribute)
    {
        while (attributes.Length >= AttributeHeaderBytes)
        {
            var length = BitConverter.ToUInt16(attributes);
            if (length < AttributeHeaderBytes || length > attributes.Length)
                return default;
            if (BitConverter.ToUInt16(attributes[2..]) == attribute)
                return attributes[AttributeHeaderBytes..length];
            var aligned = (length + 3) & ~3;
            attributes = aligned >= attributes.Length ? default : attributes[aligned..];
        }
        return default;
    }
}
