using System.Collections;

namespace Ambient.ControlPlane.Indexing.Selection;

/// <summary>A set of references, lean while it is small: most labels are carried by a handful of objects.</summary>
/// <remarks>Must not change while it is enumerated.</remarks>
internal sealed class SmallSet<T> : IReadOnlyCollection<T> where T : class
{
    private const int MostInArray = 8;

    private T[] _few = [];
    private int _fewCount;
    private HashSet<T>? _many;

    public int Count => _many?.Count ?? _fewCount;

    public void Add(T item)
    {
        if (_many is not null)
        {
            _many.Add(item);
            return;
        }
        if (Array.IndexOf(_few, item, 0, _fewCount) >= 0) return;
        if (_fewCount == MostInArray)
        {
            _many = new(_few, ReferenceEqualityComparer.Instance) { item };
            _few = [];
            return;
        }
        if (_fewCount == _few.Length) Array.Resize(ref _few, Math.Max(1, _fewCount * 2));
        _few[_fewCount++] = item;
    }

    public void Remove(T item)
    {
        if (_many is not null)
        {
            _many.Remove(item);
            return;
        }
        var at = Array.IndexOf(_few, item, 0, _fewCount);
        if (at < 0) return;
        _few[at] = _few[--_fewCount];
        _few[_fewCount] = null!;
    }

    public IEnumerator<T> GetEnumerator() => _many is not null ? _many.GetEnumerator() : _few.Take(_fewCount).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>Sets by key; a key without members takes no space.</summary>
internal sealed class SetIndex<TKey, T> where TKey : notnull where T : class
{
    private readonly Dictionary<TKey, SmallSet<T>> _sets = [];

    public IReadOnlyCollection<T> this[TKey key] => _sets.TryGetValue(key, out var set) ? set : [];

    public int KeyCount => _sets.Count;

    public void Add(TKey key, T item)
    {
        if (!_sets.TryGetValue(key, out var set)) _sets[key] = set = new();
        set.Add(item);
    }

    public void Remove(TKey key, T item)
    {
        if (!_sets.TryGetValue(key, out var set)) return;
        set.Remove(item);
        if (set.Count == 0) _sets.Remove(key);
    }
}
