namespace Ambient.ControlPlane.Indexing.Selection;

/// <summary>Gives equal values one object to share. Bounded: where two values meet in a slot, the later one stays.</summary>
/// <param name="bits">The cache has 2^bits slots.</param>
internal sealed class ContentCache<T>(int bits = 14)
{
    private readonly T?[] _slots = new T?[1 << bits];

    public T Share(T value)
    {
        ref var slot = ref _slots[value!.GetHashCode() & (_slots.Length - 1)];
        if (slot is not null && EqualityComparer<T>.Default.Equals(slot, value)) return slot;
        return slot = value;
    }
}
