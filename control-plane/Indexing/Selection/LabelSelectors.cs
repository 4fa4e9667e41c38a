using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Selection;

/// <summary>Kubernetes' label selectors (<c>metav1.LabelSelector</c>).</summary>
internal static class LabelSelectors
{
    private static readonly Dictionary<string, string> NoLabels = [];

    /// <summary>True if every pair and every expression holds; an empty selector selects everything.</summary>
    public static bool Selects(this LabelSelector selector, IReadOnlyDictionary<string, string>? labels)
    {
        labels ??= NoLabels;
        foreach (var (key, value) in selector.MatchLabels ?? NoLabels)
            if (!labels.TryGetValue(key, out var found) || found != value) return false;
        foreach (var requirement in selector.MatchExpressions ?? [])
            if (!Holds(requirement, labels)) return false;
        return true;
    }

    private static bool Holds(LabelRequirement requirement, IReadOnlyDictionary<string, string> labels)
    {
        var value = labels.GetValueOrDefault(requirement.Key ?? "");
        return requirement.Operator switch
        {
            "In" => value is not null && (requirement.Values ?? []).Contains(value),
            "NotIn" => value is null || !(requirement.Values ?? []).Contains(value), // an absent label is in no list
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            _ => false,
        };
    }
}
