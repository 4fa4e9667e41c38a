namespace Ambient.Kubernetes.Resources;

/// <summary>Which labels an object must have: every pair and every expression must hold. Empty selects everything.</summary>
public sealed record LabelSelector
{
    public IReadOnlyDictionary<string, string>? MatchLabels { get; init; }

    public IReadOnlyList<LabelRequirement>? MatchExpressions { get; init; }
}

/// <param name="Operator"><c>In</c>, <c>NotIn</c>, <c>Exists</c> or <c>DoesNotExist</c>; anything else selects nothing.</param>
public sealed record LabelRequirement(string Key, string Operator, IReadOnlyList<string>? Values = null);
