namespace Ambient.Kubernetes.Resources;

/// <summary>Which labels an object must have (<c>metav1.LabelSelector</c>): every pair and every expression must hold. Empty selects everything.</summary>
public sealed record LabelSelector
{
    private static readonly Dictionary<string, string> NoLabels = [];

    public IReadOnlyDictionary<string, string>? MatchLabels { get; init; }

    public IReadOnlyList<LabelRequirement>? MatchExpressions { get; init; }

    /// <summary>The labels that it asks for.</summary>
    public IEnumerable<string> Keys => (MatchLabels ?? NoLabels).Keys.Concat((MatchExpressions ?? []).Select(static requirement => requirement.Key));

    public bool Selects(IReadOnlyDictionary<string, string>? labels)
    {
        labels ??= NoLabels;
        foreach (var (key, value) in MatchLabels ?? NoLabels)
            if (!labels.TryGetValue(key, out var found) || found != value) return false;
        foreach (var requirement in MatchExpressions ?? [])
            if (!requirement.Holds(labels)) return false;
        return true;
    }
}

/// <param name="Operator"><c>In</c>, <c>NotIn</c>, <c>Exists</c> or <c>DoesNotExist</c>; anything else selects nothing.</param>
public sealed record LabelRequirement(string Key, string Operator, IReadOnlyList<string>? Values = null)
{
    internal bool Holds(IReadOnlyDictionary<string, string> labels)
    {
        var value = labels.GetValueOrDefault(Key ?? "");
        return Operator switch
        {
            "In" => value is not null && (Values ?? []).Contains(value),
            "NotIn" => value is null || !(Values ?? []).Contains(value), // an absent label is in no list
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            _ => false,
        };
    }
}
