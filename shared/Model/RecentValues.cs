namespace Ambient.Model;

/// <summary>Lets equal values that come within some time of each other be held once. Not thread-safe.</summary>
/// <param name="generation">So many different values are kept at least, and twice as many at most; what comes again stays.</param>
public sealed class RecentValues<T>(int generation) where T : notnull
{
    private HashSet<T> _young = [], _old = [];

    /// <summary>The value itself, or an equal one that came before.</summary>
    public T Share(T value)
    {
        if (_young.TryGetValue(value, out var known)) return known;
        if (_old.TryGetValue(value, out known)) value = known;
        if (_young.Count >= generation)
        {
            (_young, _old) = (_old, _young);
            _young.Clear();
        }
        _young.Add(value);
        return value;
    }
}
