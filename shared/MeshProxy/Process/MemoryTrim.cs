using Ambient.Linux;

namespace Ambient.MeshProxy.Process;

/// <summary>
/// Gives memory back to the system that is not needed any more: that of starting, what setting up many connections left behind, and
/// that of connections which have ended. The runtime collects when it allocates, and a proxy at rest allocates nothing: without
/// this, a burst of connections would cost its peak for ever.
/// </summary>
/// <remarks>
/// Looked at once in <see cref="Interval"/> from one thread. A collection stops the process for some milliseconds, so it runs once
/// after the start, and then only when most connections of a peak have ended, or their number has doubled, and has come to rest;
/// and once more after <see cref="Aftermath"/>, when the tunnels of those connections have gone too.
/// </remarks>
public sealed class MemoryTrim(Func<long> openConnections)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private const int Aftermath = 6; // intervals at rest
    private const long ManyMore = 1000, ManyLess = 100; // connections
    private long _trimmedAt, _peak, _last;
    private int _atRest, _due = 1; // intervals at rest; that many until the next trim, 0 = none is due

    /// <summary>Called by a timer.</summary>
    /// <returns>True if memory was given back.</returns>
    public bool Check()
    {
        var open = openConnections();
        _atRest = Math.Abs(open - _last) <= open / 20 ? _atRest + 1 : 0;
        _last = open;
        _peak = Math.Max(_peak, open);
        var hasFallen = _peak - open >= Math.Max(ManyLess, _peak / 2);
        var hasGrown = open - _trimmedAt >= Math.Max(ManyMore, _trimmedAt);
        if (hasFallen || hasGrown) _due = 1;
        if (_due == 0 || _atRest < _due) return false;

        _due = hasFallen || hasGrown ? Aftermath : 0;
        _atRest = 0;
        _peak = _trimmedAt = open;
        Trim();
        return true;
    }

    /// <summary>At once. Stops all threads for as long as it takes to move what is in use: about a millisecond for each megabyte.</summary>
    public static void Trim() => ProcessMemory.Trim();
}
