namespace Ambient.Playground.Api.Storage;

public enum WatchEventType { Added, Modified, Deleted }

/// <summary>One write. <see cref="Old"/> is null for Added; of Deleted, <see cref="New"/> is the last state with the version of the deletion.</summary>
public sealed record WatchEvent(WatchEventType Type, StoredObject New, StoredObject? Old)
{
    public long Version => New.Version;
}

/// <summary>
/// The writes to one kind as a chain: each watcher follows it at its own pace and holds nothing else. Only the newest
/// <paramref name="limit"/> writes are promised; a watcher that asks for older ones, or falls behind them, must list again.
/// </summary>
/// <remarks>Appending is for the store, under its lock; following is for any thread.</remarks>
internal sealed class WatchHistory(int limit)
{
    private Entry _first = new(null);
    private Entry? _last;
    private int _count;
    private long _forgottenUpTo;

    /// <summary>The newest write that is no longer promised.</summary>
    public long ForgottenUpTo => Volatile.Read(ref _forgottenUpTo);

    public bool IsClosed { get; private set; }

    public void Append(WatchEvent written)
    {
        _last ??= _first;
        var entry = new Entry(written);
        var before = _last;
        _last = entry;
        before.SetNext(entry);
        _count++;
        if (_count > limit) ForgetOldest();
    }

    /// <summary>Forgets all but what comes next: for a table whose kind goes away, and for tests of 410.</summary>
    public void Forget(long upTo)
    {
        while (_first.Next is { } next && next.Value!.Version <= upTo) ForgetOldest();
        if (upTo > _forgottenUpTo) Volatile.Write(ref _forgottenUpTo, upTo);
    }

    /// <summary>The kind is no longer served: everybody who follows is told to list again, and finds out.</summary>
    public void Close()
    {
        IsClosed = true;
        (_last ?? _first).Wake();
    }

    /// <summary>The place just after a version.</summary>
    /// <returns>Null if writes after it were forgotten.</returns>
    public Entry? After(long version)
    {
        if (version < _forgottenUpTo) return null;
        // Most watchers start at the end.
        if (_last is null || _last.Value!.Version <= version) return _last ?? _first;
        var entry = _first;
        while (entry.Next is { } next && next.Value!.Version <= version) entry = next;
        return entry;
    }

    /// <summary>The promised writes after a version, oldest first.</summary>
    public IEnumerable<WatchEvent> Since(long version)
    {
        for (var entry = After(version)?.Next; entry is not null; entry = entry.Next) yield return entry.Value!;
    }

    private void ForgetOldest()
    {
        var gone = _first.Next!;
        Volatile.Write(ref _forgottenUpTo, gone.Value!.Version);
        // The place before the oldest promised write stays, without its content.
        _first = gone;
        _count--;
    }

    internal sealed class Entry(WatchEvent? value)
    {
        private readonly TaskCompletionSource _appended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile Entry? _next;

        public WatchEvent? Value { get; } = value;

        public Entry? Next => _next;

        /// <summary>Completes once there is a next one.</summary>
        public Task Appended => _appended.Task;

        public void SetNext(Entry next)
        {
            _next = next;
            Wake();
        }

        public void Wake() => _appended.TrySetResult();
    }
}
