using Ambient.Http2.State;

namespace Ambient.Http2.Hpack;

/// <summary>The fields that a peer has told us to remember (RFC 7541 §2.3.2). Holds no memory while empty.</summary>
internal sealed class DynamicTable(int maxSize)
{
    private const int FieldOverhead = 32; // RFC 7541 §4.1

    private byte[] _bytes = [];         // names and values, oldest first, between _start and _end
    private int _start;
    private int _end;
    private Entry[] _entries = [];      // a ring
    private int _first;                 // the oldest

    public int Count { get; private set; }

    /// <summary>Names, values and 32 bytes for each field.</summary>
    public int Size { get; private set; }

    public int MaxSize { get; private set; } = maxSize;

    /// <summary>Makes room first if it must (RFC 7541 §4.3).</summary>
    public void Resize(int maxSize)
    {
        MaxSize = maxSize;
        if (Size > maxSize) EvictDownTo(maxSize);
        if (Count == 0) Clear();
    }

    /// <summary>A field that is larger than the table empties it and is not kept (RFC 7541 §4.4).</summary>
    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var size = name.Length + value.Length + FieldOverhead;
        if (size > MaxSize)
        {
            Clear();
            return;
        }
        EvictDownTo(MaxSize - size);
        var space = MakeSpace(name.Length + value.Length);
        name.CopyTo(space);
        value.CopyTo(space[name.Length..]);
        if (Count == _entries.Length) GrowEntries();
        _entries[(_first + Count) & (_entries.Length - 1)] = new(_end, name.Length, value.Length);
        _end += name.Length + value.Length;
        Count++;
        Size += size;
    }

    /// <param name="index">0 is the newest; below <see cref="Count"/>.</param>
    public void Get(int index, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        var entry = _entries[(_first + Count - 1 - index) & (_entries.Length - 1)];
        name = _bytes.AsSpan(entry.Offset, entry.NameLength);
        value = _bytes.AsSpan(entry.Offset + entry.NameLength, entry.ValueLength);
    }

    public void Transfer(StateCodec codec)
    {
        var (maxSize, count) = (MaxSize, Count);
        codec.Number(ref maxSize);
        codec.Number(ref count);
        MaxSize = maxSize;
        for (var i = count - 1; i >= 0 && !codec.IsBroken; i--)
        {
            byte[]? name = null, value = null;
            if (!codec.IsReading) (name, value) = CopyOf(i);
            int nameLength = name?.Length ?? 0, valueLength = value?.Length ?? 0;
            codec.Bytes(ref name, ref nameLength);
            codec.Bytes(ref value, ref valueLength);
            if (codec.IsReading) Add(name.AsSpan(0, nameLength), value.AsSpan(0, valueLength));
        }
    }

    private (byte[] Name, byte[] Value) CopyOf(int index)
    {
        Get(index, out var name, out var value);
        return (name.ToArray(), value.ToArray());
    }

    private void Clear() => (_bytes, _entries, _start, _end, _first, Count, Size) = ([], [], 0, 0, 0, 0, 0);

    private void EvictDownTo(int size)
    {
        while (Size > size)
        {
            var oldest = _entries[_first];
            _start = oldest.Offset + oldest.NameLength + oldest.ValueLength;
            Size -= oldest.NameLength + oldest.ValueLength + FieldOverhead;
            _first = (_first + 1) & (_entries.Length - 1);
            Count--;
        }
        if (Count == 0) _start = _end = 0;
    }

    // Bytes are appended; when the end is reached what still lives moves to the front. Twice the limit makes that rare.
    private Span<byte> MakeSpace(int bytes)
    {
        if (_end + bytes <= _bytes.Length) return _bytes.AsSpan(_end);
        var live = _end - _start;
        var target = _bytes.Length >= MaxSize * 2 ? _bytes : new byte[Math.Min(MaxSize * 2, Math.Max(256, (live + bytes) * 2))];
        if (live + bytes > target.Length) target = new byte[live + bytes];
        _bytes.AsSpan(_start, live).CopyTo(target);
        for (var i = 0; i < Count; i++)
        {
            ref var entry = ref _entries[(_first + i) & (_entries.Length - 1)];
            entry = new(entry.Offset - _start, entry.NameLength, entry.ValueLength);
        }
        (_bytes, _start, _end) = (target, 0, live);
        return _bytes.AsSpan(_end);
    }

    private void GrowEntries()
    {
        var entries = new Entry[Math.Max(8, _entries.Length * 2)];
        for (var i = 0; i < Count; i++) entries[i] = _entries[(_first + i) & (_entries.Length - 1)];
        (_entries, _first) = (entries, 0);
    }

    private readonly record struct Entry(int Offset, int NameLength, int ValueLength);
}
