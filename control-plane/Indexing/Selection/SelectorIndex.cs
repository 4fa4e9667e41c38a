namespace Ambient.ControlPlane.Indexing.Selection;

/// <summary>From an object's labels to the selectors that select it: each selector waits at one of its labels.</summary>
internal sealed class SelectorIndex<T> where T : class
{
    private readonly SetIndex<LabelPair, Waiting> _byLabel = new();
    private readonly Dictionary<T, Waiting> _byOwner = new(ReferenceEqualityComparer.Instance as IEqualityComparer<T>);

    private sealed record Waiting(T Owner, LabelQuery Query, LabelPair At)
    {
        public bool Equals(Waiting? other) => ReferenceEquals(this, other);

        public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
    }

    /// <summary>Replaces the owner's selector; null for none.</summary>
    public void Set(T owner, LabelQuery? query)
    {
        if (_byOwner.Remove(owner, out var before)) _byLabel.Remove(before.At, before);
        if (query is null) return;

        // The label where fewest others wait: a label that everything carries would make every object ask all of them.
        var at = query.Pairs.MinBy(pair => _byLabel[pair].Count);
        var waiting = new Waiting(owner, query, at);
        _byOwner[owner] = waiting;
        _byLabel.Add(at, waiting);
    }

    public IEnumerable<T> Selecting(IReadOnlyDictionary<string, string>? labels)
    {
        if (labels is null || _byOwner.Count == 0) yield break;
        foreach (var (key, value) in labels)
            foreach (var waiting in _byLabel[new(key, value)])
                if (waiting.Query.Matches(labels)) yield return waiting.Owner;
    }
}
