using Ambient.Playground.Api.Kinds;

namespace Ambient.Playground.Api.Storage;

/// <summary>The objects of one kind, in the order of lists, and the writes to them. Not thread-safe: the store locks.</summary>
internal sealed class ObjectTable(ResourceKind kind, int historyLimit)
{
    private readonly SortedDictionary<string, SortedDictionary<string, StoredObject>> _namespaces = new(StringComparer.Ordinal);

    public ResourceKind Kind { get; set; } = kind;

    public WatchHistory History { get; } = new(historyLimit);

    public int Count { get; private set; }

    public StoredObject? Find(string ns, string name) => _namespaces.GetValueOrDefault(ns)?.GetValueOrDefault(name);

    /// <param name="ns">Empty for all namespaces.</param>
    public IEnumerable<StoredObject> List(string ns)
    {
        if (ns.Length == 0) return _namespaces.Values.SelectMany(names => names.Values);
        return _namespaces.TryGetValue(ns, out var found) ? found.Values : [];
    }

    public bool HasAny(string ns) => _namespaces.ContainsKey(ns);

    public void Set(StoredObject value)
    {
        if (!_namespaces.TryGetValue(value.Namespace, out var names))
            _namespaces[value.Namespace] = names = new(StringComparer.Ordinal);
        if (!names.ContainsKey(value.Name)) Count++;
        names[value.Name] = value;
    }

    public void Remove(StoredObject value)
    {
        if (!_namespaces.TryGetValue(value.Namespace, out var names) || !names.Remove(value.Name)) return;
        Count--;
        if (names.Count == 0) _namespaces.Remove(value.Namespace);
    }
}
