namespace Ambient.Deploy.Values;

/// <summary>A map of values in the order in which Helm goes through maps: by key. Values are null, bool, long, double, string, lists and maps.</summary>
internal sealed class ValueMap() : SortedDictionary<string, object?>(StringComparer.Ordinal)
{
    /// <summary>Lays <paramref name="over"/> on top: maps are merged, everything else is replaced.</summary>
    public void Merge(ValueMap over)
    {
        foreach (var (key, value) in over)
            if (value is ValueMap inner && this.GetValueOrDefault(key) is ValueMap own) own.Merge(inner);
            else this[key] = value;
    }

    /// <param name="path">Keys with dots between.</param>
    public void Set(string path, object? value)
    {
        var keys = path.Split('.');
        var map = this;
        foreach (var key in keys[..^1])
        {
            if (map.GetValueOrDefault(key) is not ValueMap inner) map[key] = inner = [];
            map = inner;
        }
        map[keys[^1]] = value;
    }
}
