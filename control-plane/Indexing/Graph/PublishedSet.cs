namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>Resources of one kind as they were published, and which of them are others since they were last asked for.</summary>
internal sealed class PublishedSet<TKey, T> where TKey : notnull where T : class
{
    private readonly Dictionary<TKey, T> _now = [];
    private readonly Dictionary<TKey, T?> _before = []; // of those that were touched

    /// <param name="value">Null once it is gone.</param>
    public void Set(TKey key, T? value)
    {
        var known = _now.GetValueOrDefault(key);
        if (Equals(known, value)) return;
        _before.TryAdd(key, known);
        if (value is null) _now.Remove(key);
        else _now[key] = value;
    }

    /// <summary>What came to differ, and stayed so.</summary>
    public (List<KeyValuePair<TKey, T>> Set, List<TKey> Removed) Take()
    {
        var (set, removed) = (new List<KeyValuePair<TKey, T>>(), new List<TKey>());
        foreach (var (key, before) in _before)
        {
            if (!_now.TryGetValue(key, out var now)) { if (before is not null) removed.Add(key); }
            else if (!now.Equals(before)) set.Add(new(key, now));
        }
        _before.Clear();
        return (set, removed);
    }
}
