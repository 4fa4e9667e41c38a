using System.Runtime;

namespace Ambient.Ztunnel.Workers;

/// <summary>
/// Gives the memory of closed connections back to the system. The runtime collects when it allocates, and a proxy whose
/// connections have gone allocates nothing: without this, a burst of connections would cost its peak for ever.
/// </summary>
/// <remarks>Looked at once in <see cref="Interval"/> from one thread. A collection stops the process for some milliseconds, so it
/// runs only after most connections of a peak have ended and only when the heap is worth it.</remarks>
internal sealed class MemoryTrim(Func<long> openConnections)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private const long WorthTrimming = 4 * 1024 * 1024; // bytes of heap
    private long _peak;

    /// <summary>Called by a timer.</summary>
    /// <returns>True if memory was given back.</returns>
    public bool Check()
    {
        var open = openConnections();
        if (open > _peak) _peak = open;
        if (_peak - open < Math.Max(100, _peak / 2) || GC.GetTotalMemory(false) < WorthTrimming) return false;

        _peak = open;
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return true;
    }
}
