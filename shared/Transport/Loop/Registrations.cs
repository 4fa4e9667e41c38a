namespace Ambient.Transport;

/// <summary>Who handles which event. Slots are reused; an event carries the generation of the slot it was meant for.</summary>
internal sealed class Registrations
{
    private const int NoSlot = -1;

    private Slot[] _slots = new Slot[64];
    private int _used;
    private int _free = NoSlot;

    internal int Count { get; private set; }

    internal Registration Add(IReadyHandler handler)
    {
        var index = TakeSlot();
        ref var slot = ref _slots[index];
        slot.Handler = handler;
        Count++;
        return new(index, slot.Generation);
    }

    internal void Remove(Registration registration)
    {
        ref var slot = ref _slots[registration.Slot];
        if (slot.Generation != registration.Generation || slot.Handler is null)
            return;
        slot.Handler = null;
        slot.Generation++;
        slot.NextFree = _free;
        _free = registration.Slot;
        Count--;
    }

    /// <returns>Null for an event whose descriptor was closed after the kernel had reported it.</returns>
    internal IReadyHandler? Find(ulong tag)
    {
        ref var slot = ref _slots[(uint)tag];
        return slot.Generation == (uint)(tag >> 32) ? slot.Handler : null;
    }

    private int TakeSlot()
    {
        if (_free != NoSlot)
        {
            var index = _free;
            _free = _slots[index].NextFree;
            return index;
        }

        if (_used == _slots.Length)
            Array.Resize(ref _slots, _slots.Length * 2);
        return _used++;
    }

    private struct Slot
    {
        internal IReadyHandler? Handler;
        internal uint Generation;
        internal int NextFree;
    }
}
