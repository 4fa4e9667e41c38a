using System.Text;

namespace Ambient.Http1.Heads;

/// <summary>The fields of a head or of trailers, in the order they came, as slices of the bytes they came in.</summary>
/// <remarks>Valid until its parser is reset. Names are tokens as sent (compare without case); values are trimmed and free of controls.</remarks>
public sealed class FieldSection
{
    private readonly record struct Entry(int NameStart, int NameLength, int ValueStart, int ValueLength, bool NeverIndexed);

    private Entry[] _entries = new Entry[8];
    private byte[] _bytes = [];
    private ulong _present; // one bit or more for each name that is there: most questions are for names that are not

    public int Count { get; private set; }

    /// <summary>Bytes of all lines as HTTP/1.1 writes them: <c>name: value</c> and the line end.</summary>
    public int Size
    {
        get
        {
            var size = 0;
            for (var i = 0; i < Count; i++) size += _entries[i].NameLength + _entries[i].ValueLength + 4;
            return size;
        }
    }

    public Field this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            var entry = _entries[index];
            return new(_bytes.AsSpan(entry.NameStart, entry.NameLength), _bytes.AsSpan(entry.ValueStart, entry.ValueLength), entry.NeverIndexed);
        }
    }

    /// <returns>True if there is at least one; <paramref name="value"/> is the first of them.</returns>
    public bool TryGet(scoped ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        var index = IndexOf(name);
        value = index < 0 ? default : this[index].Value;
        return index >= 0;
    }

    /// <summary>How many lines have this name.</summary>
    public int CountOf(scoped ReadOnlySpan<byte> name)
    {
        var count = 0;
        for (var index = IndexOf(name); index >= 0; index = IndexOf(name, index + 1)) count++;
        return count;
    }

    /// <summary>True if any comma-separated element of any line of this name equals <paramref name="token"/> (RFC 9110 §5.6.1).</summary>
    public bool HasToken(ReadOnlySpan<byte> name, ReadOnlySpan<byte> token)
    {
        for (var index = IndexOf(name); index >= 0; index = IndexOf(name, index + 1))
        {
            var value = this[index].Value;
            foreach (var part in value.Split((byte)','))
                if (Ascii.EqualsIgnoreCase(HttpCharacters.TrimWhitespace(value[part]), token)) return true;
        }

        return false;
    }

    public Enumerator GetEnumerator() => new(this);

    /// <summary>The first line of this name from <paramref name="start"/> on, or -1.</summary>
    internal int IndexOf(scoped ReadOnlySpan<byte> name, int start = 0)
    {
        if ((_present & BitOf(name)) == 0) return -1;
        for (var i = start; i < Count; i++)
            if (_entries[i].NameLength == name.Length && this[i].Is(name)) return i;
        return -1;
    }

    internal (int Start, int Length) ValueAt(int index) => (_entries[index].ValueStart, _entries[index].ValueLength);

    internal void Clear() => (Count, _present) = (0, 0);

    /// <summary>The buffer that all entries index into; it moves when it grows.</summary>
    internal void Rebase(byte[] bytes) => _bytes = bytes;

    internal void RemoveLast() => Count--;

    internal void ExtendLast(int bytes) => _entries[Count - 1] = _entries[Count - 1] with { ValueLength = _entries[Count - 1].ValueLength + bytes };

    internal void Add(int nameStart, int nameLength, int valueStart, int valueLength, bool neverIndexed = false)
    {
        if (Count == _entries.Length) Array.Resize(ref _entries, Count * 2);
        _entries[Count++] = new(nameStart, nameLength, valueStart, valueLength, neverIndexed);
        _present |= BitOf(_bytes.AsSpan(nameStart, nameLength));
    }

    private static ulong BitOf(ReadOnlySpan<byte> name) => name.IsEmpty ? 0 : 1UL << ((name.Length * 5 + (name[0] | ' ') * 3 + (name[^1] | ' ')) & 63);

    public ref struct Enumerator(FieldSection section)
    {
        private int _index = -1;

        public readonly Field Current => section[_index];

        public bool MoveNext() => ++_index < section.Count;
    }
}

/// <summary>One field line. The spans are borrowed from the section.</summary>
/// <param name="neverIndexed">A secret that no hop may put into a compression table, as its sender over HTTP/2 said (RFC 7541 §7.1.3).</param>
public readonly ref struct Field(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool neverIndexed = false)
{
    public bool NeverIndexed { get; } = neverIndexed;

    public ReadOnlySpan<byte> Name { get; } = name;

    public ReadOnlySpan<byte> Value { get; } = value;

    public bool Is(scoped ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(Name, name);
}
