using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Resources;
using Microsoft.Extensions.Logging;

namespace Ambient.Kubernetes.Informers;

/// <summary>Keeps a copy of all objects of a kind and tells each change once, in order: list, then watch, then list again when that must be.</summary>
/// <param name="random">Jitter; not shared with other threads.</param>
/// <remarks>
/// No deletion is forgotten: a list that follows a gap is compared with what is held, and what is not on it any more is told as deleted.
/// Reading is thread-safe. Handlers are called one after another, each awaited: a slow one slows this informer and its watch, nothing else.
/// </remarks>
public sealed partial class Informer<T>(
    ApiClient api, ResourceType<T> type, InformerOptions<T> options, TimeProvider time, Random random, ILogger<Informer<T>> logger)
    : IInformer where T : KubernetesObject
{
    private const int FailuresBeforeList = 5;

    private readonly ObjectStore<T> _store = new();
    private readonly List<Func<ObjectChange<T>, ValueTask>> _handlers = [];
    private readonly HashSet<ObjectName> _unreadable = [];
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Backoff _backoff = new(options.FirstRetry, options.LongestRetry, random);
    private CancellationToken _stop;
    private int _failures; // in a row
    private bool _running, _heardSinceList;
    private volatile string? _version; // null: list before watching
    private volatile string? _lastError;
    private long _lists, _watches, _events;
    private volatile int _unreadableCount;

    public ResourceKind Type => type;

    public bool HasSynced => _synced.Task.IsCompleted;

    public Task Synced => _synced.Task;

    public int Count => _store.Count;

    /// <summary>All objects now, in no order.</summary>
    public IReadOnlyList<T> All => _store.All();

    public InformerStatus Status => new(type.Kind, HasSynced, _store.Count, _unreadableCount, _version ?? "",
        Interlocked.Read(ref _lists), Interlocked.Read(ref _watches), Interlocked.Read(ref _events), _lastError);

    public T? Find(ObjectName name) => _store.Find(name);

    /// <param name="keys">Pure; called under the informer's lock, so it must be quick.</param>
    public ObjectIndex<T> AddIndex(Func<T, IEnumerable<string>> keys) => _store.AddIndex(keys);

    /// <summary>Adds somebody to tell; before <see cref="RunAsync"/>, so that nobody misses the beginning.</summary>
    /// <param name="handler">Sees the store as it is after the change. What it throws is logged and costs only this call.</param>
    /// <exception cref="InvalidOperationException">The informer runs already.</exception>
    public void AddHandler(Func<ObjectChange<T>, ValueTask> handler)
    {
        if (_running) throw new InvalidOperationException($"The informer of {type.Kind} runs already; add its handlers before it is started.");
        _handlers.Add(handler);
    }

    public async Task RunAsync(CancellationToken stop)
    {
        (_running, _stop) = (true, stop);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (_version is null) await ListAsync(stop);
                else if (await FollowAsync(_version, stop)) continue;
                else await PauseAsync(_backoff.Next(), stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested) { return; }
            catch (ApiException e) when (e.IsNotFound && options.KindMayBeMissing) { await OnKindMissingAsync(stop); }
            catch (ApiException e) { await OnFailureAsync(e, stop); }
            // An informer that ended would leave everybody with a copy that ages unnoticed.
            catch (Exception e) { await OnFailureAsync(Unforeseen(e), stop); }
        }
    }

    private async Task ListAsync(CancellationToken stop)
    {
        var query = new ListQuery
        {
            Namespace = options.Query.Namespace,
            LabelSelector = options.Query.LabelSelector,
            FieldSelector = options.Query.FieldSelector,
            PageSize = options.PageSize,
        };
        var list = new Relist(this);
        var version = await api.ListAsync(type, query, list, stop);
        foreach (var name in _store.Names().Where(name => !list.Seen.Contains(name))) await RemoveAsync(name);
        ForgetUnreadable(list.Seen);

        (_version, _heardSinceList) = (version, false);
        Interlocked.Increment(ref _lists);
        (_lastError, _failures) = (null, 0);
        Log.Listed(logger, type.Kind, _store.Count, version);
        _synced.TrySetResult();
    }

    /// <returns>False if the watch ended at once without having said anything: then it pays to wait before the next.</returns>
    private async Task<bool> FollowAsync(string version, CancellationToken stop)
    {
        var query = new WatchQuery
        {
            Namespace = options.Query.Namespace,
            LabelSelector = options.Query.LabelSelector,
            FieldSelector = options.Query.FieldSelector,
            ResourceVersion = version,
            Timeout = options.WatchTimeout * (1 + random.NextDouble()), // so that the watches of a process do not end together
        };
        var (began, heard) = (time.GetTimestamp(), false);
        await using var watch = await api.OpenWatchAsync(type, query, stop);
        Interlocked.Increment(ref _watches);
        _lastError = null;
        while (await watch.ReadAsync(stop) is { } next)
        {
            if (!heard) OnHeard();
            heard = true;
            await TakeAsync(next);
        }

        return heard || time.GetElapsedTime(began) > TimeSpan.FromSeconds(1);
    }

    private void OnHeard()
    {
        _backoff.Reset();
        (_heardSinceList, _failures) = (true, 0);
    }

    private async ValueTask TakeAsync(WatchEvent<T> next)
    {
        var item = next.Object;
        if (next.Kind != WatchEventKind.Bookmark)
        {
            Interlocked.Increment(ref _events);
            if (item.Name == default) throw NamelessChange(item);
            if (next.Kind == WatchEventKind.Deleted) await RemoveAsync(item.Name);
            else await PutAsync(item);
        }

        if (item.ResourceVersion.Length > 0) _version = item.ResourceVersion;
    }

    // Whom the change concerns is not known, so only a new list can tell what is true.
    private static ApiException NamelessChange(DecodedObject<T> item) =>
        new(System.Net.HttpStatusCode.Gone, ApiException.Malformed, $"An object without a readable name has changed: {item.Error}");

    private ApiException Unforeseen(Exception e) =>
        new(System.Net.HttpStatusCode.Gone, ApiException.Malformed, $"Following {type.Kind} failed in an unforeseen way; please report this: {e}", e);

    private async ValueTask PutAsync(DecodedObject<T> item)
    {
        var held = _store.Find(item.Name);
        if (item.Value is null) OnUnreadable(item);
        else if (_unreadable.Remove(item.Name)) _unreadableCount = _unreadable.Count;
        if ((item.Value ?? StandInFor(item, held)) is not { } value) return;
        if (held is not null)
        {
            if (held.Metadata.ResourceVersion == value.Metadata.ResourceVersion && held.Metadata.Uid == value.Metadata.Uid) return;
            // Deleted and made anew while we did not look: whoever keeps state by object must hear both.
            if (held.Metadata.Uid is { } uid && uid != value.Metadata.Uid) await RemoveAsync(item.Name);
        }

        if (options.Trim is { } trim && item.Value is not null) value = trim(value);
        var old = _store.Put(item.Name, value);
        await TellAsync(new(old is null ? ChangeKind.Added : ChangeKind.Updated, old, value));
    }

    private void OnUnreadable(in DecodedObject<T> item)
    {
        // One without a name is told each time: there is nothing to remember it by.
        if (item.Name == default || _unreadable.Add(item.Name))
            Log.Unreadable(logger, type.Kind, item.Name, options.StandIn is null ? "the last readable state stays in force" : "it fails closed", item.Error!);
        _unreadableCount = _unreadable.Count;
    }

    private T? StandInFor(in DecodedObject<T> item, T? held) => item.Name == default ? null : options.StandIn?.Invoke(new(new()
    {
        Name = item.Name.Name,
        Namespace = item.Name.Namespace,
        ResourceVersion = item.ResourceVersion,
        Uid = held?.Metadata.Uid,
        CreationTimestamp = held?.Metadata.CreationTimestamp,
    }, item.Error!));

    private async ValueTask RemoveAsync(ObjectName name)
    {
        if (_unreadable.Remove(name)) _unreadableCount = _unreadable.Count;
        if (_store.Remove(name) is { } old) await TellAsync(new(ChangeKind.Deleted, old, null));
    }

    private async ValueTask TellAsync(ObjectChange<T> change)
    {
        foreach (var handler in _handlers)
        {
            try { await handler(change); }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested) { }
            catch (Exception e) { Log.HandlerFailed(logger, type.Kind, change.Name, e); }
        }
    }

    private void ForgetUnreadable(HashSet<ObjectName> existing)
    {
        _unreadable.IntersectWith(existing);
        _unreadableCount = _unreadable.Count;
    }

    private async Task OnKindMissingAsync(CancellationToken stop)
    {
        if (_store.Count > 0 || !HasSynced) Log.KindMissing(logger, type.Kind, type.ApiVersion);
        foreach (var name in _store.Names()) await RemoveAsync(name);
        ForgetUnreadable([]);
        (_version, _lastError) = (null, null);
        _backoff.Reset();
        _synced.TrySetResult();
        await PauseAsync(options.MissingKindPoll, stop);
    }

    private async Task OnFailureAsync(ApiException error, CancellationToken stop)
    {
        var listNow = error.IsExpired && _heardSinceList;
        if (MustListAfter(error)) (_version, _heardSinceList) = (null, false);
        if (error.IsExpired) Log.Expired(logger, type.Kind, error.Message);
        else Log.Failed(logger, type.Kind, error.Message);
        _lastError = error.Message;
        if (!listNow) await PauseAsync(_backoff.Next(), stop);
    }

    // A watch that was cut off continues where it was. One that is refused for its version, or fails again and again, does not.
    private bool MustListAfter(ApiException error) =>
        error.IsExpired || ++_failures >= FailuresBeforeList || (int)error.Code is >= 400 and < 500 and not (401 or 403 or 429);

    private async Task PauseAsync(TimeSpan delay, CancellationToken stop)
    {
        try { await Task.Delay(delay, time, stop); }
        catch (OperationCanceledException) { } // the loop sees it
    }

    /// <summary>Takes a list, remembering what exists.</summary>
    private sealed class Relist(Informer<T> informer) : IListReceiver<T>
    {
        public HashSet<ObjectName> Seen { get; } = [];

        public ValueTask ReceiveAsync(DecodedObject<T> item)
        {
            if (item.Name != default) Seen.Add(item.Name);
            return informer.PutAsync(item);
        }

        public void Restart() => Seen.Clear();
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 1007.
    private static partial class Log
    {
        [LoggerMessage(1001, LogLevel.Debug, "Listed {Kind}: {Count} objects at version {Version}")]
        public static partial void Listed(ILogger logger, string kind, int count, string version);

        [LoggerMessage(1002, LogLevel.Information, "Listing {Kind} again: {Error}")]
        public static partial void Expired(ILogger logger, string kind, string error);

        [LoggerMessage(1003, LogLevel.Warning, "Following {Kind} failed, trying again: {Error}")]
        public static partial void Failed(ILogger logger, string kind, string error);

        [LoggerMessage(1004, LogLevel.Error, "{Kind} {Name} cannot be read; {Consequence}: {Error}")]
        public static partial void Unreadable(ILogger logger, string kind, ObjectName name, string consequence, string error);

        [LoggerMessage(1005, LogLevel.Error, "A handler failed on a change of {Kind} {Name}; please report this")]
        public static partial void HandlerFailed(ILogger logger, string kind, ObjectName name, Exception error);

        [LoggerMessage(1006, LogLevel.Information, "The cluster does not know {Kind} of {ApiVersion}: there are none until it does")]
        public static partial void KindMissing(ILogger logger, string kind, string apiVersion);
    }
}
