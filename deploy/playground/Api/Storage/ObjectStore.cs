using System.Text.Json.Nodes;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Rules;

namespace Ambient.Playground.Api.Storage;

/// <summary>
/// The cluster's objects, with everything that the API promises about them: one order of all writes, optimistic
/// concurrency, defaults and validation, ownership of fields, deletion with its finalizers and dependents.
/// </summary>
/// <remarks>
/// Thread-safe; each write is done as a whole under one lock. What follows from a write by the API itself (dependents of
/// a deleted owner, the contents of a namespace) is part of it. Documents that are passed in belong to the store.
/// </remarks>
public sealed partial class ObjectStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Group, string Plural), ObjectTable> _tables = [];
    private readonly Dictionary<string, StoredObject> _byUid = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _dependents = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private readonly ObjectStoreOptions _options;
    private readonly Random _names;
    private readonly KindRuleBook _rules;
    private long _version;

    internal ObjectStore(KindCatalog kinds, KindRuleBook rules, ObjectStoreOptions options, TimeProvider time)
    {
        Kinds = kinds;
        _rules = rules;
        _options = options;
        _time = time;
        _names = new Random(options.Seed);
    }

    public KindCatalog Kinds { get; }

    public TimeProvider Time => _time;

    /// <summary>The newest write.</summary>
    public long Version => Volatile.Read(ref _version);

    public StoredObject? Find(ResourceKind kind, string ns, string name)
    {
        lock (_gate) return Table(kind).Find(ns, name);
    }

    /// <exception cref="StatusException">NotFound.</exception>
    public StoredObject Get(ResourceKind kind, string ns, string name) =>
        Find(kind, ns, name) ?? throw StatusException.NotFound(kind, name);

    /// <summary>The objects whose ownerReferences name a uid, oldest write first.</summary>
    public IReadOnlyList<StoredObject> Dependents(string uid)
    {
        lock (_gate) return _dependents.TryGetValue(uid, out var uids) ? [.. uids.Select(one => _byUid[one]).OrderBy(value => value.Version)] : [];
    }

    /// <summary>All objects of a kind by namespace and name, and the version at which this was so.</summary>
    /// <param name="ns">Empty for all namespaces.</param>
    public ObjectList List(ResourceKind kind, string ns = "")
    {
        lock (_gate) return new(_version, [.. Table(kind).List(ns)]);
    }

    /// <summary>The list as it was at an older version.</summary>
    /// <exception cref="StatusException">Expired: writes since then have been forgotten.</exception>
    public ObjectList ListAt(ResourceKind kind, string ns, long version)
    {
        lock (_gate)
        {
            var table = Table(kind);
            if (version > _version) throw StatusException.TooNew(version, _version);
            if (version < table.History.ForgottenUpTo) throw StatusException.Gone(version, table.History.ForgottenUpTo);
            var state = new SortedDictionary<(string, string), StoredObject>();
            foreach (var value in table.List(ns)) state[(value.Namespace, value.Name)] = value;
            foreach (var written in table.History.Since(version).Reverse())
            {
                if (ns.Length > 0 && written.New.Namespace != ns) continue;
                var key = (written.New.Namespace, written.New.Name);
                if (written.Old is { } old) state[key] = old;
                else state.Remove(key);
            }
            return new(version, [.. state.Values]);
        }
    }

    /// <summary>Follows the writes to a kind after a version.</summary>
    /// <exception cref="StatusException">Expired: list again; Timeout: there has not been such a version yet.</exception>
    public WatchFeed Watch(ResourceKind kind, long version)
    {
        lock (_gate)
        {
            if (version > _version) throw StatusException.TooNew(version, _version);
            var history = Table(kind).History;
            var place = history.After(version) ?? throw StatusException.Gone(version, history.ForgottenUpTo);
            return new(history, place, version);
        }
    }

    /// <summary>A list and the writes that follow it, without a gap.</summary>
    public (ObjectList List, WatchFeed Feed) ListAndWatch(ResourceKind kind, string ns = "")
    {
        lock (_gate)
        {
            var table = Table(kind);
            return (new(_version, [.. table.List(ns)]), new(table.History, table.History.After(_version)!, _version));
        }
    }

    /// <summary>The newest version, if a follower has read everything up to it.</summary>
    internal long? VersionIfRead(WatchFeed feed)
    {
        lock (_gate) return feed.HasNext ? null : _version;
    }

    /// <summary>Forgets the writes to a kind up to now: watchers from older versions get 410, as after a compaction.</summary>
    public void Compact(ResourceKind kind)
    {
        lock (_gate) Table(kind).History.Forget(_version);
    }

    private ObjectTable Table(ResourceKind kind)
    {
        if (_tables.TryGetValue((kind.Group, kind.Plural), out var table)) return table;
        table = new ObjectTable(kind, _options.HistoryLimit);
        // A kind that was served before under the same name has a past that nobody remembers.
        if (kind.IsCustom) table.History.Forget(_version);
        return _tables[(kind.Group, kind.Plural)] = table;
    }

    private void Put(ObjectTable table, StoredObject value, StoredObject? old)
    {
        if (old is not null) Unlink(old);
        table.Set(value);
        _byUid[value.Uid] = value;
        foreach (var owner in value.Owners)
            (_dependents.TryGetValue(owner, out var set) ? set : _dependents[owner] = new(StringComparer.Ordinal)).Add(value.Uid);
        table.History.Append(new(old is null ? WatchEventType.Added : WatchEventType.Modified, value, old));
        _rules.For(value.Kind).Stored(this, value);
    }

    private void Unlink(StoredObject value)
    {
        _byUid.Remove(value.Uid);
        foreach (var owner in value.Owners)
            if (_dependents.TryGetValue(owner, out var set) && set.Remove(value.Uid) && set.Count == 0) _dependents.Remove(owner);
    }

    private long NextVersion()
    {
        var next = _version + 1;
        Volatile.Write(ref _version, next);
        return next;
    }

    private JsonNode Now() => Timestamps.Write(_time.GetUtcNow());
}

/// <param name="Version">At which the list was so; a watch from here misses nothing.</param>
public sealed record ObjectList(long Version, IReadOnlyList<StoredObject> Items);

public sealed record ObjectStoreOptions
{
    /// <summary>Writes of one kind that watchers may still ask for: 1 to 1,000,000, default 10,000. Each holds one state of an object.</summary>
    public int HistoryLimit { get; init; } = 10_000;

    /// <summary>Objects of all kinds together: default 1,000,000.</summary>
    public int MaxObjects { get; init; } = 1_000_000;

    /// <summary>Of the generator of names and uids.</summary>
    public int Seed { get; init; } = Environment.TickCount;

    /// <summary>Whether <c>managedFields</c> is kept. Off halves the memory of many objects; server-side apply then knows no conflicts.</summary>
    public bool TracksFields { get; init; } = true;
}
