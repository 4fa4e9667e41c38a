using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Informers;

/// <summary>The objects that an informer holds, with their indexes. Thread-safe; one writer.</summary>
internal sealed class ObjectStore<T> where T : KubernetesObject
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectName, T> _objects = [];
    private readonly List<ObjectIndex<T>> _indexes = [];

    public int Count { get { lock (_gate) return _objects.Count; } }

    public T? Find(ObjectName name)
    {
        lock (_gate) return _objects.GetValueOrDefault(name);
    }

    public IReadOnlyList<T> All()
    {
        lock (_gate) return [.. _objects.Values];
    }

    public List<ObjectName> Names()
    {
        lock (_gate) return [.. _objects.Keys];
    }

    public ObjectIndex<T> AddIndex(Func<T, IEnumerable<string>> keys)
    {
        var index = new ObjectIndex<T>(_gate, keys);
        lock (_gate)
        {
            foreach (var (name, value) in _objects) index.Change(name, null, value);
            _indexes.Add(index);
        }

        return index;
    }

    /// <returns>What was held before.</returns>
    public T? Put(ObjectName name, T value)
    {
        lock (_gate)
        {
            _objects.Remove(name, out var old);
            _objects[name] = value;
            foreach (var index in _indexes) index.Change(name, old, value);
            return old;
        }
    }

    /// <returns>What was held before.</returns>
    public T? Remove(ObjectName name)
    {
        lock (_gate)
        {
            if (_objects.Remove(name, out var old))
                foreach (var index in _indexes) index.Change(name, old, null);
            return old;
        }
    }
}
