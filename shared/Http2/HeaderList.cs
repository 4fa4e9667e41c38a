using System.Text;

namespace Ambient.Http2;

/// <summary>What a list of fields belongs to.</summary>
public enum HeaderKind : byte
{
    Request,
    /// <summary>A 1xx response; the final one follows.</summary>
    Interim,
    Response,
    Trailers,
}

/// <summary>One field of a <see cref="HeaderList"/>; its bytes live as long as the list is not changed.</summary>
/// <param name="name">Lower case; pseudo-header fields start with ':'.</param>
/// <param name="value">Octets as on the wire.</param>
/// <param name="neverIndexed">Secret: must be sent on as a never-indexed literal (RFC 7541 §7.1.3).</param>
public readonly ref struct HeaderField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool neverIndexed)
{
    public ReadOnlySpan<byte> Name { get; } = name;
    public ReadOnlySpan<byte> Value { get; } = value;
    public bool NeverIndexed { get; } = neverIndexed;
}

/// <summary>An ordered list of fields in one byte buffer. Made to be cleared and used again; allocates only to grow.</summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class HeaderList
{
    private const int FieldOverhead = 32; // RFC 9113 §6.5.2

    private byte[] _bytes;
    private Entry[] _entries;
    private int _used;

    /// <param name="bytes">Bytes of names and values to have room for at first.</param>
    /// <param name="fields">Fields to have room for at first.</param>
    public HeaderList(int bytes = 256, int fields = 8)
    {
        _bytes = new byte[bytes];
        _entries = new Entry[fields];
    }

    /// <summary>What a received list belongs to; without meaning for a list to be sent.</summary>
    public HeaderKind Kind { get; internal set; }

    public int Count { get; private set; }

    /// <summary>Size as SETTINGS_MAX_HEADER_LIST_SIZE counts it: names, values and 32 bytes for each field.</summary>
    public int ListBytes => _used + Count * FieldOverhead;

    internal int Capacity => _bytes.Length + _entries.Length * 12;

    public HeaderField this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count);
            ref var entry = ref _entries[index];
            return new(NameOf(entry), ValueOf(entry), entry.NeverIndexed);
        }
    }

    /// <summary>The request method, or empty.</summary>
    public ReadOnlySpan<byte> Method => FindPseudo(":method"u8);

    /// <summary>The target's authority, or empty.</summary>
    public ReadOnlySpan<byte> Authority => FindPseudo(":authority"u8);

    public ReadOnlySpan<byte> Scheme => FindPseudo(":scheme"u8);

    public ReadOnlySpan<byte> Path => FindPseudo(":path"u8);

    /// <summary>The protocol of an extended CONNECT (RFC 8441 §4), or empty.</summary>
    public ReadOnlySpan<byte> Protocol => FindPseudo(":protocol"u8);

    /// <summary>The response's status, 100 to 999; 0 if there is none.</summary>
    public int Status
    {
        get
        {
            var status = FindPseudo(":status"u8);
            if (status.Length != 3 || status.ContainsAnyExceptInRange((byte)'0', (byte)'9')) return 0;
            return (status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0');
        }
    }

    /// <summary>Adds a field at the end. Pseudo-header fields go first (RFC 9113 §8.3).</summary>
    /// <param name="name">Lower case.</param>
    /// <param name="neverIndexed">Set for secrets: no hop may put the value into a compression table.</param>
    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool neverIndexed = false)
    {
        var space = Spare(name.Length + value.Length);
        name.CopyTo(space);
        value.CopyTo(space[name.Length..]);
        Commit(name.Length, value.Length, neverIndexed);
    }

    /// <summary>The same for a name of any case, which becomes lower case.</summary>
    public void AddLower(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool neverIndexed = false)
    {
        var space = Spare(name.Length + value.Length);
        Ascii.ToLower(name, space, out _);
        value.CopyTo(space[name.Length..]);
        Commit(name.Length, value.Length, neverIndexed);
    }

    /// <summary>The same for text, written as UTF-8.</summary>
    public void Add(ReadOnlySpan<byte> name, string value, bool neverIndexed = false)
    {
        var space = Spare(name.Length + Encoding.UTF8.GetMaxByteCount(value.Length));
        name.CopyTo(space);
        Commit(name.Length, Encoding.UTF8.GetBytes(value, space[name.Length..]), neverIndexed);
    }

    /// <summary>Finds the first field of that name.</summary>
    /// <param name="name">Lower case.</param>
    public bool TryFind(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        for (var i = 0; i < Count; i++)
        {
            ref var entry = ref _entries[i];
            if (!NameOf(entry).SequenceEqual(name)) continue;
            value = ValueOf(entry);
            return true;
        }
        value = default;
        return false;
    }

    /// <summary>Removes all fields and keeps the memory.</summary>
    public void Clear()
    {
        Count = 0;
        _used = 0;
    }

    /// <summary>Appends all of <paramref name="other"/>'s fields.</summary>
    public void AddAll(HeaderList other)
    {
        for (var i = 0; i < other.Count; i++)
        {
            var field = other[i];
            Add(field.Name, field.Value, field.NeverIndexed);
        }
    }

    /// <summary>Space behind the last field, for a name directly followed by its value; lost unless committed.</summary>
    internal Span<byte> Spare(int bytes)
    {
        if (_bytes.Length - _used < bytes)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _used + bytes));
        return _bytes.AsSpan(_used);
    }

    internal void Commit(int nameLength, int valueLength, bool neverIndexed)
    {
        if (Count == _entries.Length)
            Array.Resize(ref _entries, Math.Max(8, Count * 2));
        _entries[Count++] = new Entry(_used, nameLength, neverIndexed ? ~valueLength : valueLength);
        _used += nameLength + valueLength;
    }

    private ReadOnlySpan<byte> FindPseudo(ReadOnlySpan<byte> name)
    {
        for (var i = 0; i < Count; i++)
        {
            ref var entry = ref _entries[i];
            var candidate = NameOf(entry);
            if (candidate.IsEmpty || candidate[0] != ':') break;
            if (candidate.SequenceEqual(name)) return ValueOf(entry);
        }
        return default;
    }

    private ReadOnlySpan<byte> NameOf(in Entry entry) => _bytes.AsSpan(entry.Offset, entry.NameLength);

    private ReadOnlySpan<byte> ValueOf(in Entry entry) =>
        _bytes.AsSpan(entry.Offset + entry.NameLength, entry.ValueLength);

    // The sign of the length says whether the field may be indexed.
    private readonly struct Entry(int offset, int nameLength, int signedLength)
    {
        public readonly int Offset = offset;
        public readonly int NameLength = nameLength;
        private readonly int _signedLength = signedLength;

        public bool NeverIndexed => _signedLength < 0;
        public int ValueLength => _signedLength < 0 ? ~_signedLength : _signedLength;
    }
}
