namespace Ambient.Xds.Server;

/// <summary>All resources of one kind and the order in which they last changed. One writer; readers on any thread.</summary>
/// <remarks>
/// A change log that keeps only the latest change of each resource: a subscriber of everything needs to remember no more than a sequence
/// number, however slow it is, and a change costs the same whether ten or ten thousand resources stand unchanged beside it.
/// </remarks>
public sealed class ResourceTable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ResourceNode> _byName = []; // with removed ones, as long as they are remembered
    private readonly KeyIndex _keys = new();
    private readonly StateHistory _history = new();
    private readonly Queue<(ResourceNode Node, long Sequence)> _removals = [];
    private readonly int _maxRemovals;
    private int _count;
    private ResourceNode? _newest;
    private UInt128 _digest;
    private long _sequence, _floor;

    /// <param name="maxRemovals">Names of removed resources that are remembered; a subscriber that missed more begins again.</param>
    public ResourceTable(int maxRemovals = 100_000)
    {
        _maxRemovals = maxRemovals;
        _history.Add(0, 0);
    }

    /// <summary>Grows by one with each change of a resource.</summary>
    public long Sequence { get { lock (_gate) return _sequence; } }

    public int Count { get { lock (_gate) return _count; } }

    /// <summary>Sets and then removes, as one change. Equal content is no change.</summary>
    /// <returns>False if nothing changed.</returns>
    public bool Apply(IReadOnlyList<PublishedResource> set, IReadOnlyList<string> removed)
    {
        lock (_gate)
        {
            var before = _sequence;
            foreach (var resource in set) Set(resource);
            foreach (var name in removed) Remove(name);
            if (_sequence == before) return false;
            _history.Add(_digest, _sequence);
            return true;
        }
    }

    public PublishedResource? Find(string name) { lock (_gate) return _byName.GetValueOrDefault(name)?.Resource; }

    /// <summary>All resources of that name, alias or membership.</summary>
    public IReadOnlyList<PublishedResource> Lookup(string key)
    {
        lock (_gate) return _keys.Find(key);
    }

    /// <summary>Everything, in no particular order, and the sequence number that it stands for.</summary>
    public TableSnapshot Snapshot()
    {
        lock (_gate)
        {
            var resources = new List<PublishedResource>(_count);
            foreach (var node in _byName.Values)
                if (node.Resource is { } resource) resources.Add(resource);
            return new(resources, _sequence, _history.TokenAt(_sequence));
        }
    }

    /// <summary>What changed after <paramref name="sequence"/>, oldest first, each resource once.</summary>
    /// <param name="skipRemovalsUpTo">Removals up to here do not matter to who asks, who never had what was removed.</param>
    /// <param name="includes">Which resources matter; null: all. Called under the table's lock.</param>
    /// <param name="maxBytes">Of names and content; the one that exceeds it is the last that is listed.</param>
    /// <returns>Null if that is too long ago: removals in between that matter are forgotten.</returns>
    internal TableChanges? ChangesAfter(long sequence, long skipRemovalsUpTo = 0, Func<PublishedResource, bool>? includes = null, long maxBytes = long.MaxValue)
    {
        lock (_gate)
        {
            if (Math.Max(sequence, skipRemovalsUpTo) < _floor) return null;
            var changes = new TableChanges([], _sequence, _history.TokenAt(_sequence));
            for (var node = OldestAfter(sequence); node is not null; node = node.Newer)
            {
                if (node.Resource is { } resource ? includes?.Invoke(resource) == false : node.Sequence <= skipRemovalsUpTo) continue;
                if (maxBytes < 0) return changes with { IsCut = true };
                changes.Changes.Add(new(node.Name, node.Resource, node.Sequence));
                maxBytes -= node.Name.Length + (node.Resource?.Payload.Length ?? 0);
            }
            return changes;
        }
    }

    /// <summary>The sequence number of the state that the token names; null if it is not known, or too long ago.</summary>
    internal long? FindState(string token)
    {
        lock (_gate) return _history.Find(token) is { } sequence && sequence >= _floor ? sequence : null;
    }

    private ResourceNode? OldestAfter(long sequence)
    {
        if (_newest is null || _newest.Sequence <= sequence) return null;
        var node = _newest;
        while (node.Older is { } older && older.Sequence > sequence) node = older;
        return node;
    }

    private void Set(PublishedResource resource)
    {
        var node = _byName.GetValueOrDefault(resource.Name);
        if (node?.Resource is { } known)
        {
            if (known.Version == resource.Version && known.Digest == resource.Digest) return;
            _digest -= known.Digest;
            _keys.Remove(known);
        }
        else _count++;
        _digest += resource.Digest;
        _keys.Add(resource);
        if (node is null) _byName[resource.Name] = node = new(resource.Name);
        node.Resource = resource;
        MoveToFront(node);
    }

    private void Remove(string name)
    {
        if (_byName.GetValueOrDefault(name) is not { Resource: { } resource } node) return;
        _count--;
        _digest -= resource.Digest;
        _keys.Remove(resource);
        node.Resource = null;
        MoveToFront(node);
        _removals.Enqueue((node, node.Sequence));
        while (_removals.Count > _maxRemovals) Forget(_removals.Dequeue());
    }

    private void Forget((ResourceNode Node, long Sequence) removal)
    {
        if (removal.Node.Sequence != removal.Sequence) return; // it has come back since
        _floor = removal.Sequence;
        _byName.Remove(removal.Node.Name);
        Unlink(removal.Node);
    }

    private void MoveToFront(ResourceNode node)
    {
        Unlink(node);
        node.Sequence = ++_sequence;
        node.Older = _newest;
        if (_newest is not null) _newest.Newer = node;
        _newest = node;
    }

    private void Unlink(ResourceNode node)
    {
        if (node.Newer is not null) node.Newer.Older = node.Older;
        else if (_newest == node) _newest = node.Older;
        if (node.Older is not null) node.Older.Newer = node.Newer;
        node.Newer = node.Older = null;
    }
}

/// <summary>A resource's place in the order of changes. Without a resource: it was removed.</summary>
internal sealed class ResourceNode(string name)
{
    public string Name { get; } = name;

    public PublishedResource? Resource;

    public long Sequence;

    public ResourceNode? Newer, Older;
}

/// <param name="Token">Names the state, see <see cref="StateToken"/>.</param>
public sealed record TableSnapshot(IReadOnlyList<PublishedResource> Resources, long Sequence, string? Token);

/// <param name="Resource">Null: it was removed.</param>
internal readonly record struct TableChange(string Name, PublishedResource? Resource, long Sequence);

/// <param name="Sequence">Of the table after the last change.</param>
internal sealed record TableChanges(List<TableChange> Changes, long Sequence, string? Token)
{
    /// <summary>There are more than are listed.</summary>
    public bool IsCut { get; init; }
}
