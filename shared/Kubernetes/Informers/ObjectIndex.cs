using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Informers;

/// <summary>Finds an informer's objects by keys that are made of each. Thread-safe, always in step with the informer.</summary>
public sealed class ObjectIndex<T> where T : KubernetesObject
{
    private readonly Lock _gate;
    private readonly Func<T, IEnumerable<string>> _keys;
    private readonly Dictionary<string, Dictionary<ObjectName, T>> _byKey = new(StringComparer.Ordinal);

    internal ObjectIndex(Lock gate, Func<T, IEnumerable<string>> keys) => (_gate, _keys) = (gate, keys);

    /// <summary>Objects with this key, in no order.</summary>
    public IReadOnlyList<T> Find(string key)
    {
        lock (_gate) return _byKey.TryGetValue(key, out var found) ? [.. found.Values] : [];
    }

    public bool Contains(string key)
    {
        lock (_gate) return _byKey.ContainsKey(key);
    }

    /// <remarks>Under the lock.</remarks>
    internal void Change(ObjectName name, T? old, T? now)
    {
        if (old is not null)
            foreach (var key in _keys(old)) Remove(key, name);
        if (now is null) return;
        foreach (var key in _keys(now))
        {
            if (!_byKey.TryGetValue(key, out var found)) _byKey[key] = found = [];
            found[name] = now;
        }
    }

    private void Remove(string key, ObjectName name)
    {
        if (!_byKey.TryGetValue(key, out var found)) return;
        found.Remove(name);
        if (found.Count == 0) _byKey.Remove(key);
    }
}
