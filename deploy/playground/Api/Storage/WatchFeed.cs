namespace Ambient.Playground.Api.Storage;

/// <summary>One follower of the writes to a kind. For one reader.</summary>
public sealed class WatchFeed
{
    private readonly WatchHistory _history;
    private WatchHistory.Entry _place;

    internal WatchFeed(WatchHistory history, WatchHistory.Entry place, long version)
    {
        _history = history;
        _place = place;
        Version = version;
    }

    /// <summary>Of the last write that was read, or of the start.</summary>
    public long Version { get; private set; }

    /// <summary>Whether <see cref="TryRead"/> has something.</summary>
    public bool HasNext => _place.Next is not null;

    /// <summary>Completes once <see cref="TryRead"/> has something.</summary>
    public Task WaitAsync(CancellationToken stop) => _place.Appended.WaitAsync(stop);

    /// <returns>False if there is nothing yet.</returns>
    /// <exception cref="StatusException">Expired: the reader was too slow, the next write has been forgotten.</exception>
    public bool TryRead(out WatchEvent written)
    {
        written = null!;
        if (_place.Next is not { } next) return _history.IsClosed ? throw StatusException.Gone(Version, _history.ForgottenUpTo) : false;
        if (Version < _history.ForgottenUpTo && next.Value!.Version <= _history.ForgottenUpTo)
            throw StatusException.Gone(Version, _history.ForgottenUpTo);
        _place = next;
        written = next.Value!;
        Version = written.Version;
        return true;
    }

    public async ValueTask<WatchEvent> ReadAsync(CancellationToken stop)
    {
        while (true)
        {
            if (TryRead(out var written)) return written;
            await WaitAsync(stop);
        }
    }
}
