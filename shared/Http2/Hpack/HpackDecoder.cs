using Ambient.Http2.State;

namespace Ambient.Http2.Hpack;

internal enum HpackResult : byte
{
    Done,

    /// <summary>The list is larger than allowed and incomplete; the table is in step all the same.</summary>
    TooLarge,

    /// <summary>So much larger that nobody means it, and not decoded to its end: the table is out of step.</summary>
    Bomb,

    /// <summary>The table is out of step: the connection cannot go on (RFC 9113 §4.3).</summary>
    Invalid,
}

/// <summary>Decodes header blocks (RFC 7541). Keeps what the peer told it to remember.</summary>
/// <param name="announcedTableSize">SETTINGS_HEADER_TABLE_SIZE as we send it.</param>
internal sealed class HpackDecoder(int announcedTableSize)
{
    private const int DefaultTableSize = 4096; // RFC 9113 §6.5.2
    private const int MostTimesTooLarge = 16; // some bytes of a block may stand for millions (CVE-2016-6581)

    private int _announcedTableSize = announcedTableSize;
    private long _discarded; // bytes of what the block at hand lists beyond what is allowed

    // Until the acknowledgement the peer may go by the default or already by ours.
    private int _mostTableSize = Math.Max(DefaultTableSize, announcedTableSize);

    public DynamicTable Table { get; } = new(DefaultTableSize);

    /// <summary>What was wrong, after <see cref="HpackResult.Invalid"/>.</summary>
    public string? Error { get; private set; }

    /// <summary>The peer has acknowledged our SETTINGS: ours is the limit from now on.</summary>
    public void TableSizeAcknowledged()
    {
        _mostTableSize = _announcedTableSize;
        if (Table.MaxSize > _announcedTableSize) Table.Resize(_announcedTableSize);
    }

    public void Transfer(StateCodec codec)
    {
        codec.Number(ref _announcedTableSize);
        codec.Number(ref _mostTableSize);
        Table.Transfer(codec);
    }

    /// <param name="into">Empty; gets the fields.</param>
    /// <param name="maxListBytes">Limit on <see cref="HeaderList.ListBytes"/>.</param>
    public HpackResult Decode(ReadOnlySpan<byte> block, HeaderList into, int maxListBytes)
    {
        var tooLarge = false;
        var at = 0;
        _discarded = 0;
        if (!ReadSizeUpdates(block, ref at)) return HpackResult.Invalid;
        while (at < block.Length)
        {
            if (!ReadField(block, ref at, into, tooLarge)) return HpackResult.Invalid;
            tooLarge |= into.ListBytes > maxListBytes;
            if (_discarded > (long)MostTimesTooLarge * maxListBytes) return HpackResult.Bomb;
        }
        return tooLarge ? HpackResult.TooLarge : HpackResult.Done;
    }

    // RFC 7541 §4.2, §6.3: only at the start of a block
    private bool ReadSizeUpdates(ReadOnlySpan<byte> block, ref int at)
    {
        while (at < block.Length && (block[at] & 0xE0) == 0x20)
        {
            if (!HpackInteger.TryRead(block, ref at, 5, out var size)) return Invalid("an integer is cut off or too large (RFC 7541 §5.1).");
            if (size > _mostTableSize) return Invalid($"a table size of {size}, above {_mostTableSize} (RFC 7541 §6.3).");
            Table.Resize(size);
        }
        return true;
    }

    private bool ReadField(ReadOnlySpan<byte> block, ref int at, HeaderList into, bool discard)
    {
        var first = block[at];
        if ((first & 0x80) != 0) return ReadIndexed(block, ref at, into, discard);          // 1xxxxxxx, §6.1
        if ((first & 0x40) != 0) return ReadLiteral(block, ref at, 6, into, discard);       // 01xxxxxx, §6.2.1
        if ((first & 0x20) != 0) return Invalid("a table size update inside a block (RFC 7541 §4.2).");
        return ReadLiteral(block, ref at, 4, into, discard);                                // 000xxxxx, §6.2.2, §6.2.3
    }

    private bool ReadIndexed(ReadOnlySpan<byte> block, ref int at, HeaderList into, bool discard)
    {
        if (!HpackInteger.TryRead(block, ref at, 7, out var index)) return Invalid("an integer is cut off or too large (RFC 7541 §5.1).");
        if (!TryGet(index, out var name, out var value)) return Invalid($"index {index} is in no table (RFC 7541 §2.3.3).");
        if (discard) _discarded += name.Length + value.Length;
        else into.Add(name, value);
        return true;
    }

    private bool ReadLiteral(ReadOnlySpan<byte> block, ref int at, int prefixBits, HeaderList into, bool discard)
    {
        var neverIndexed = prefixBits == 4 && (block[at] & 0x10) != 0;
        if (!HpackInteger.TryRead(block, ref at, prefixBits, out var index)) return Invalid("an integer is cut off or too large (RFC 7541 §5.1).");

        // Name and value are put together behind the list, which costs nothing if they are not kept.
        int nameLength;
        if (index == 0)
        {
            if (!ReadString(block, ref at, into, 0, out nameLength)) return false;
        }
        else
        {
            if (!TryGet(index, out var name, out _)) return Invalid($"index {index} is in no table (RFC 7541 §2.3.3).");
            name.CopyTo(into.Spare(name.Length));
            nameLength = name.Length;
        }
        if (!ReadString(block, ref at, into, nameLength, out var valueLength)) return false;

        var field = into.Spare(nameLength + valueLength);
        if (prefixBits == 6) Table.Add(field[..nameLength], field.Slice(nameLength, valueLength));
        if (discard) _discarded += nameLength + valueLength;
        else into.Commit(nameLength, valueLength, neverIndexed);
        return true;
    }

    // RFC 7541 §5.2
    private bool ReadString(ReadOnlySpan<byte> block, ref int at, HeaderList into, int behind, out int length)
    {
        length = 0;
        if (at == block.Length) return Invalid("a string is missing (RFC 7541 §5.2).");
        var huffman = (block[at] & 0x80) != 0;
        if (!HpackInteger.TryRead(block, ref at, 7, out var encoded)) return Invalid("an integer is cut off or too large (RFC 7541 §5.1).");
        if (encoded > block.Length - at) return Invalid($"a string of {encoded} bytes is cut off (RFC 7541 §5.2).");
        var raw = block.Slice(at, encoded);
        at += encoded;
        if (huffman)
            return HuffmanCode.TryDecode(raw, into.Spare(behind + HuffmanCode.MaxDecodedLength(encoded))[behind..], out length) ||
                Invalid("a Huffman code or its padding is wrong (RFC 7541 §5.2).");
        raw.CopyTo(into.Spare(behind + encoded)[behind..]);
        length = encoded;
        return true;
    }

    private bool TryGet(int index, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        name = value = default;
        if (index == 0 || index > StaticTable.Count + Table.Count) return false;
        if (index > StaticTable.Count)
            Table.Get(index - StaticTable.Count - 1, out name, out value);
        else
        {
            name = StaticTable.Name(index);
            value = StaticTable.Value(index);
        }
        return true;
    }

    private bool Invalid(string error)
    {
        Error = error;
        return false;
    }
}
