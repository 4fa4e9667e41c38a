namespace Ambient.ControlPlane.Indexing.Selection;

/// <summary>From a selector to the objects of one namespace that it selects, without looking at the others.</summary>
internal sealed class LabelIndex<T>(Func<T, IReadOnlyDictionary<string, string>?> labelsOf) where T : class
{
    private readonly SetIndex<LabelPair, T> _byLabel = new();

    /// <param name="labels">As the object has them now; the same are to be given at its removal.</param>
    public void Add(T item, IReadOnlyDictionary<string, string>? labels)
    {
        if (labels is null) return;
        foreach (var (key, value) in labels) _byLabel.Add(new(key, value), item);
    }

    public void Remove(T item, IReadOnlyDictionary<string, string>? labels)
    {
        if (labels is null) return;
        foreach (var (key, value) in labels) _byLabel.Remove(new(key, value), item);
    }

    public IEnumerable<T> Matching(LabelQuery query)
    {
        IReadOnlyCollection<T>? fewest = null;
        foreach (var pair in query.Pairs)
        {
            var carriers = _byLabel[pair];
            if (fewest is null || carriers.Count < fewest.Count) fewest = carriers;
        }
        return query.Pairs.Count == 1 ? fewest! : fewest!.Where(item => query.Matches(labelsOf(item)));
    }
}
