using Ambient.Model;

namespace Ambient.ControlPlane.Indexing.Selection;

internal readonly record struct LabelPair(string Key, string Value);

/// <summary>Labels of which an object must have all; never empty. Equal by content.</summary>
internal sealed record LabelQuery
{
    private LabelQuery(EquatableArray<LabelPair> pairs) => Pairs = pairs;

    /// <summary>Sorted by key.</summary>
    public EquatableArray<LabelPair> Pairs { get; }

    /// <returns>Null if there are no labels: what that selects depends on who asks.</returns>
    public static LabelQuery? Of(IReadOnlyDictionary<string, string>? labels) => labels is null or { Count: 0 }
        ? null
        : new(labels.Select(static label => new LabelPair(label.Key, label.Value))
            .OrderBy(static pair => pair.Key, StringComparer.Ordinal).ToEquatableArray());

    public bool Matches(IReadOnlyDictionary<string, string>? labels)
    {
        if (labels is null) return false;
        foreach (var pair in Pairs)
            if (!labels.TryGetValue(pair.Key, out var value) || value != pair.Value) return false;
        return true;
    }
}
