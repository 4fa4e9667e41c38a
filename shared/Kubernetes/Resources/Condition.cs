namespace Ambient.Kubernetes.Resources;

/// <summary>One line of an object's status (<c>metav1.Condition</c>; pods' conditions have no <see cref="ObservedGeneration"/>).</summary>
public sealed record Condition
{
    public string Type { get => field ?? ""; init; }

    /// <summary><c>True</c>, <c>False</c> or <c>Unknown</c>.</summary>
    public string Status { get => field ?? ""; init; }

    public string? Reason { get; init; }

    public string? Message { get; init; }

    public long? ObservedGeneration { get; init; }

    public DateTimeOffset? LastTransitionTime { get; init; }
}
