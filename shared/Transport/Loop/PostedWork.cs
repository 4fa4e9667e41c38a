namespace Ambient.Transport;

/// <summary>Work that any thread hands to a loop: kept in order, none lost until closed, one wake-up for a burst.</summary>
internal sealed class PostedWork
{
    private readonly Lock _gate = new();
    private WorkQueue _arriving = new();
    private WorkQueue _running = new();
    private bool _isClosed;

    /// <summary>A stale answer is harmless: whoever adds to an empty queue wakes the loop.</summary>
    internal bool IsEmpty => Volatile.Read(ref _arriving).Count == 0;

    /// <returns>False if closed: the work was not taken. Otherwise <paramref name="wasEmpty"/> tells whether the loop needs a wake-up.</returns>
    internal bool TryAdd(in WorkItem item, out bool wasEmpty)
    {
        lock (_gate)
        {
            wasEmpty = _arriving.Count == 0;
            if (_isClosed)
                return false;
            _arriving.Enqueue(item);
            return true;
        }
    }

    /// <summary>What has arrived, for the loop to empty before it asks again.</summary>
    internal WorkQueue Take()
    {
        lock (_gate)
        {
            (_arriving, _running) = (_running, _arriving);
            return _running;
        }
    }

    /// <returns>True if nothing was waiting, and from now on nothing is taken.</returns>
    internal bool TryClose()
    {
        lock (_gate)
            return _isClosed = _arriving.Count == 0;
    }
}
