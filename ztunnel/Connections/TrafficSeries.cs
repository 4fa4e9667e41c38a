namespace Ambient.Ztunnel.Connections;

/// <summary>The counts of one label set on one worker: plain fields, because only that worker adds. Others may read.</summary>
internal sealed class TrafficSeries
{
    private long _opened, _closed, _failed, _received, _sent;
    private long _seen, _quietSince;
    private int _users;

    /// <summary>Connections.</summary>
    public long Opened => Volatile.Read(ref _opened);

    /// <summary>Connections.</summary>
    public long Closed => Volatile.Read(ref _closed);

    /// <summary>Connections that were closed for a reason that has a response flag.</summary>
    public long Failed => Volatile.Read(ref _failed);

    /// <summary>Bytes from downstream to upstream.</summary>
    public long Received => Volatile.Read(ref _received);

    /// <summary>Bytes from upstream to downstream.</summary>
    public long Sent => Volatile.Read(ref _sent);

    /// <summary>A connection counts here until <see cref="Leave"/>.</summary>
    public void CountOpened()
    {
        Volatile.Write(ref _opened, _opened + 1);
        _users++;
    }

    public void Leave() => _users--;

    /// <summary>True if no connection is open and none was counted for that time, as far as those who ask now and then can tell. On the worker.</summary>
    /// <param name="now">Timestamps of one clock, as is <paramref name="quietFor"/>.</param>
    public bool IsQuiet(long now, long quietFor)
    {
        var counted = _opened + _closed;
        if (_users == 0 && counted == _seen) return now - _quietSince >= quietFor;
        (_seen, _quietSince) = (counted, now);
        return false;
    }

    public void CountClosed(bool failed)
    {
        Volatile.Write(ref _closed, _closed + 1);
        if (failed) Volatile.Write(ref _failed, _failed + 1);
    }

    public void CountBytes(long received, long sent)
    {
        if (received != 0) Volatile.Write(ref _received, _received + received);
        if (sent != 0) Volatile.Write(ref _sent, _sent + sent);
    }
}
