using Ambient.Linux;

namespace Ambient.Transport;

/// <summary>Told by the loop that something happened on a descriptor.</summary>
public interface IReadyHandler
{
    /// <summary>Called on the loop, once for each edge: the handler uses up the readiness or remembers it.</summary>
    void Ready(EpollFlags events);
}

/// <summary>A descriptor's place in its loop. The generation makes events for a place that was freed harmless.</summary>
public readonly record struct Registration(int Slot, uint Generation)
{
    internal ulong Tag => (ulong)Generation << 32 | (uint)Slot;
}
