using System.Runtime;
using Ambient.Linux;

namespace Ambient.Ztunnel.Workers;

/// <summary>
/// Gives memory back to the system that is not needed any more: that of starting, and that of connections which have ended. The
/// runtime collects when it allocates, and a proxy whose connections have gone allocates nothing: without this, a burst of
/// connections would cost its peak for ever.
/// </summary>
/// <remarks>Looked at once in <see cref="Interval"/> from one thread. A collection stops the process for some milliseconds, so it
/// runs once after the start and then only when most connections of a peak have ended.</remarks>
internal sealed class MemoryTrim(Func<long> openConnections)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private const long WorthTrimming = 4 * 1024 * 1024; // bytes of heap
    private bool _started;
    private long _peak;

    /// <summary>Called by a timer.</summary>
    /// <returns>True if memory was given back.</returns>
    public bool Check()
    {
        var open = openConnections();
        if (open > _peak) _peak = open;
        var hasFallen = _peak - open >= Math.Max(100, _peak / 2) && GC.GetTotalMemory(false) >= WorthTrimming;
        if (_started && !hasFallen) return false;

        _started = true;
        _peak = open;
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        ProgramPages.Forget();
        return true;
    }
}
