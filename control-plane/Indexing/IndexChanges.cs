using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.State;
using Ambient.Model.Traffic;

namespace Ambient.ControlPlane.Indexing;

/// <summary>What the index has to tell since it was last asked.</summary>
/// <param name="Delta">Only resources whose content changed.</param>
/// <param name="Conditions">What the status of objects should say and, as far as the index knows, does not say yet.</param>
public sealed record IndexChanges(ResourceDelta Delta, IReadOnlyList<ConditionSet> Conditions)
{
    /// <summary>Only resources whose content changed; those that forbid first.</summary>
    public TrafficDelta Traffic { get; init; } = new([], []);

    /// <summary>How many routes waypoints have now, by their Gateway: those of which it changed.</summary>
    public IReadOnlyDictionary<ObjectName, int> AttachedRoutes { get; init; } = new Dictionary<ObjectName, int>();

    /// <summary>What is wrong with objects and was not before.</summary>
    public IReadOnlyList<Diagnostic> NewDiagnostics { get; init; } = [];

    /// <summary>Nothing to publish or to write; diagnostics are only to be logged.</summary>
    public bool IsEmpty => Delta.IsEmpty && Traffic.IsEmpty && Conditions.Count == 0 && AttachedRoutes.Count == 0;
}

/// <summary>The conditions that one field manager wants on one object: all of its own, replacing what it wrote before.</summary>
/// <param name="FieldManager">One for each family of conditions, so that applying an empty list removes just that family.</param>
/// <param name="ObservedGeneration">The object's generation from which they follow.</param>
/// <param name="Conditions">
/// Sorted by type, without <see cref="Condition.LastTransitionTime"/>: the writer keeps the time while the status stays.
/// Empty means that ours are to be removed.
/// </param>
public sealed record ConditionSet(
    ResourceKind Kind, ObjectName Object, string FieldManager, long? ObservedGeneration, IReadOnlyList<Condition> Conditions)
{
    /// <summary>Of a route or a policy, whose status has conditions for each parent or ancestor: all of this controller's, and no others. Null for other objects.</summary>
    public IReadOnlyList<ParentConditions>? Parents { get; init; }

    /// <summary>Ours are to be removed.</summary>
    public bool IsEmpty => Conditions.Count == 0 && Parents is null or [];

    public bool Equals(ConditionSet? other) =>
        other is not null && Kind.Kind == other.Kind.Kind && Object == other.Object && FieldManager == other.FieldManager
        && ObservedGeneration == other.ObservedGeneration && Conditions.SequenceEqual(other.Conditions)
        && (Parents ?? []).SequenceEqual(other.Parents ?? []);

    public override int GetHashCode() => HashCode.Combine(Kind.Kind, Object, FieldManager, ObservedGeneration, Conditions.Count);
}

/// <summary>What one controller says about a route at one parent, or about a policy at one ancestor.</summary>
/// <param name="Conditions">As for <see cref="ConditionSet.Conditions"/>.</param>
public sealed record ParentConditions(ParentReference Reference, EquatableArray<Condition> Conditions);

/// <summary>Names under which conditions are written: one for each family, as stock has them.</summary>
public static class FieldManagers
{
    public const string ZtunnelPolicy = "istio-ambient-ztunnel-policy";
    public const string WaypointPolicy = "istio-ambient-waypoint-policy";
    public const string WaypointTraffic = "ambient-waypoint-traffic";
    public const string Unhonoured = "ambient-unhonoured";
    public const string WaypointRoutes = "ambient-waypoint-routes";
    public const string WaypointBackends = "ambient-waypoint-backends";
    public const string ZtunnelRejection = "ambient-ztunnel-rejections";
    public const string WaypointRejection = "ambient-waypoint-rejections";
    public const string Service = "istio-ambient-service";
    public const string WorkloadEntry = "istio-ambient-workloadentry";
}
