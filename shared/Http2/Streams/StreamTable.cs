namespace Ambient.Http2.Streams;

/// <summary>
/// The open streams by number: open addressing with linear probing. Numbers are odd and handed out in order, so half the
/// number is a perfect hash for streams that live equally long. Holds no memory while empty.
/// </summary>
internal sealed class StreamTable
{
    private const int SmallestCapacity = 4;

    private Http2Stream?[] _slots = [];

    public int Count { get; private set; }

    public Http2Stream? Find(uint id)
    {
        var slots = _slots;
        if (slots.Length == 0) return null;
        for (var i = SlotOf(id, slots); ; i = (i + 1) & (slots.Length - 1))
        {
            var stream = slots[i];
            if (stream is null || stream.Id == id) return stream;
        }
    }

    public void Add(Http2Stream stream)
    {
        if (Count * 2 >= _slots.Length) Resize(Math.Max(SmallestCapacity, _slots.Length * 2));
        Place(_slots, stream);
        Count++;
    }

    public void Remove(Http2Stream stream)
    {
        var slots = _slots;
        var mask = slots.Length - 1;
        var hole = SlotOf(stream.Id, slots);
        while (slots[hole] != stream)
        {
            if (slots[hole] is null) return;
            hole = (hole + 1) & mask;
        }
        CloseHole(slots, hole, mask);
        Count--;
        if (Count == 0) _slots = slots.Length > 64 ? [] : slots;
        else if (Count * 8 < slots.Length && slots.Length > 64) Resize(slots.Length / 4);
    }

    /// <summary>The streams as they are now; unaffected by what happens to the table afterwards.</summary>
    public Http2Stream[] ToArray()
    {
        if (Count == 0) return [];
        var streams = new Http2Stream[Count];
        var n = 0;
        foreach (var stream in _slots)
            if (stream is not null)
                streams[n++] = stream;
        Array.Sort(streams, static (a, b) => a.Id.CompareTo(b.Id));
        return streams;
    }

    /// <summary>Slots to walk over without copying; null where empty. Do not add or remove meanwhile.</summary>
    public ReadOnlySpan<Http2Stream?> Slots => _slots;

    private static int SlotOf(uint id, Http2Stream?[] slots) => (int)(id >> 1) & (slots.Length - 1);

    private static void Place(Http2Stream?[] slots, Http2Stream stream)
    {
        var i = SlotOf(stream.Id, slots);
        while (slots[i] is not null) i = (i + 1) & (slots.Length - 1);
        slots[i] = stream;
    }

    // Moves later members of the probe run back, so that no tombstones are needed.
    private static void CloseHole(Http2Stream?[] slots, int hole, int mask)
    {
        for (var i = (hole + 1) & mask; slots[i] is { } stream; i = (i + 1) & mask)
        {
            var home = SlotOf(stream.Id, slots);
            if (((i - home) & mask) < ((i - hole) & mask)) continue; // its home lies behind the hole
            slots[hole] = stream;
            hole = i;
        }
        slots[hole] = null;
    }

    private void Resize(int capacity)
    {
        var slots = new Http2Stream?[capacity];
        foreach (var stream in _slots)
            if (stream is not null)
                Place(slots, stream);
        _slots = slots;
    }
}
