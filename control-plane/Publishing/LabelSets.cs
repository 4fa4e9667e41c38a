using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Publishing;

/// <summary>Drops what nobody reads from objects before they are kept, and keeps equal labels once. Not thread-safe: one for each informer.</summary>
/// <remarks>All pods of a ReplicaSet carry the same labels: of a hundred thousand sets of labels a few thousand remain.</remarks>
internal sealed class LabelSets
{
    // Beyond this labels are hardly ever equal, and remembering them costs more than it saves.
    private const int MostSets = 50_000;
    private const int LongestForeignAnnotation = 256;

    private readonly Dictionary<int, IReadOnlyDictionary<string, string>> _known = [];

    public T Trim<T>(T value) where T : KubernetesObject =>
        value with { Metadata = value.Metadata with { Labels = Share(value.Metadata.Labels), Annotations = Share(Trimmed(value.Metadata.Annotations)) } };

    // kubectl keeps a copy of the whole object in an annotation; it is the largest part of many objects.
    private static IReadOnlyDictionary<string, string>? Trimmed(IReadOnlyDictionary<string, string>? annotations)
    {
        if (annotations is null || !annotations.Any(IsDispensable)) return annotations;
        return annotations.Where(static annotation => !IsDispensable(annotation)).ToDictionary();
    }

    private static bool IsDispensable(KeyValuePair<string, string> annotation) =>
        annotation.Value.Length > LongestForeignAnnotation && !annotation.Key.Contains("istio.io/", StringComparison.Ordinal);

    private IReadOnlyDictionary<string, string>? Share(IReadOnlyDictionary<string, string>? set)
    {
        if (set is null || set.Count == 0) return null;
        var hash = 0;
        foreach (var (key, value) in set) hash ^= HashCode.Combine(key, value); // in any order
        if (_known.TryGetValue(hash, out var known) && AreEqual(known, set)) return known;
        if (_known.Count >= MostSets) _known.Clear();
        return _known[hash] = set;
    }

    private static bool AreEqual(IReadOnlyDictionary<string, string> one, IReadOnlyDictionary<string, string> other) =>
        one.Count == other.Count && one.All(pair => other.TryGetValue(pair.Key, out var value) && value == pair.Value);
}
