using System.Runtime;
using Ambient.Linux;

namespace Ambient.Ztunnel.Workers;

/// <summary>
/// Gives memory back to the system that is not needed any more: that of starting, what setting up many connections left behind, and
/// that of connections which have ended. The runtime collects when it allocates, and a proxy at rest allocates nothing: without
/// this, a burst of connections would cost its peak for ever.
/// </summary>
/// <remarks>Looked at once in <see cref="Interval"/> from one thread. A collection stops the process for some milliseconds, so it
/// runs once after the start, and then only when most connections of a peak have ended, or when their number has doubled and
/// come to rest.</remarks>
internal sealed class MemoryTrim(Func<long> openConnections)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private const long WorthTrimming = 4 * 1024 * 1024; // bytes of heap
    private const long ManyMore = 1000;                 // connections
    private bool _started;
    private long _trimmedAt, _peak, _last;

    /// <summary>Called by a timer.</summary>
    /// <returns>True if memory was given back.</returns>
    public bool Check()
    {
        var open = openConnections();
        var isAtRest = Math.Abs(open - _last) <= open / 20;
        _last = open;
        _peak = Math.Max(_peak, open);
        var hasFallen = _peak - open >= Math.Max(100, _peak / 2);
        var hasGrown = isAtRest && open - _trimmedAt >= Math.Max(ManyMore, _trimmedAt);
        if (_started && !((hasFallen || hasGrown) && GC.GetTotalMemory(false) >= WorthTrimming)) return false;

        _started = true;
        _peak = _trimmedAt = open;
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        ProgramPages.Forget();
        return true;
    }
}
