namespace Ambient.Xds.Client;

/// <summary>Numbers by digests, in about 20 bytes each where a dictionary takes twice that. Not thread-safe.</summary>
/// <remarks>
/// Open addressing with linear probing. A digest is uniformly random, so its upper bits are its place, whatever the table's size;
/// and it is never 0, which marks what is free.
/// </remarks>
internal sealed class DigestTable
{
    private (ulong Digest, ulong Number)[] _slots = new (ulong, ulong)[8];

    public int Count { get; private set; }

    public bool TryGet(ulong digest, out ulong number)
    {
        ref var slot = ref _slots[PlaceOf(digest)];
        number = slot.Number;
        return slot.Digest == digest;
    }

    public void Set(ulong digest, ulong number)
    {
        ref var slot = ref _slots[PlaceOf(digest)];
        if (slot.Digest == digest) slot.Number = number;
        else Add(digest, number);
    }

    /// <returns>False if it was not there.</returns>
    public bool Remove(ulong digest)
    {
        var free = PlaceOf(digest);
        if (_slots[free].Digest != digest) return false;
        _slots[free] = default;
        Count--;
        // Whoever stands behind the gap and belongs at it or before it moves up, or would not be found any more.
        for (var at = Next(free); _slots[at].Digest != 0; at = Next(at))
        {
            if (Distance(HomeOf(_slots[at].Digest), at) < Distance(free, at)) continue;
            (_slots[free], _slots[at]) = (_slots[at], default);
            free = at;
        }
        return true;
    }

    private void Add(ulong digest, ulong number)
    {
        if ((Count + 1) * 8L > _slots.Length * 7L) Grow();
        _slots[PlaceOf(digest)] = (digest, number);
        Count++;
    }

    // To be seven tenths full.
    private void Grow()
    {
        var before = _slots;
        _slots = new (ulong, ulong)[(Count + 1) * 10L / 7];
        foreach (var slot in before)
            if (slot.Digest != 0) _slots[PlaceOf(slot.Digest)] = slot;
    }

    /// <summary>Where it is, or the free place where it would go.</summary>
    private int PlaceOf(ulong digest)
    {
        var at = HomeOf(digest);
        while (_slots[at].Digest != 0 && _slots[at].Digest != digest) at = Next(at);
        return at;
    }

    private int HomeOf(ulong digest) => (int)Math.BigMul(digest, (ulong)_slots.Length, out _);

    private int Next(int at) => at + 1 == _slots.Length ? 0 : at + 1;

    private int Distance(int from, int to) => to >= from ? to - from : to - from + _slots.Length;
}
