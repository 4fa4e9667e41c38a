using System.Collections;
using System.Diagnostics.CodeAnalysis;
using Ambient.ControlPlane.Indexing.Selection;
using Ambient.Model;

namespace Ambient.ControlPlane.Indexing;

/// <summary>
/// Labels in a fifth of a dictionary's space: pods of one kind share the list of keys, and equal texts are one. Few entries, so
/// a scan finds fastest.
/// </summary>
internal sealed class CompactLabels : IReadOnlyDictionary<string, string>
{
    private readonly EquatableArray<string> _keys; // sorted
    private readonly string[] _values;

    private CompactLabels(EquatableArray<string> keys, string[] values)
    {
        _keys = keys;
        _values = values;
    }

    /// <returns>Null for none.</returns>
    public static CompactLabels? Of(IReadOnlyDictionary<string, string>? labels, ContentCache<string> texts, ContentCache<EquatableArray<string>> keyLists)
    {
        if (labels is null || labels.Count == 0) return null;
        var keys = keyLists.Share(labels.Keys.Order(StringComparer.Ordinal).Select(texts.Share).ToEquatableArray());
        return new(keys, [.. keys.Select(key => texts.Share(labels[key]))]);
    }

    public int Count => _values.Length;

    public IEnumerable<string> Keys => _keys;

    public IEnumerable<string> Values => _values;

    public string this[string key] => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"There is no label '{key}'.");

    public bool ContainsKey(string key) => TryGetValue(key, out _);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string value)
    {
        var index = _keys.AsSpan().IndexOf(key);
        value = index < 0 ? null : _values[index];
        return index >= 0;
    }

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator()
    {
        for (var index = 0; index < _values.Length; index++) yield return new(_keys[index], _values[index]);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
