using System.Text.Json;
using Ambient.ControlPlane.Indexing.Graph;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.ControlPlane.Indexing.Waypoints;
using Ambient.Kubernetes.Resources;
using Ambient.Model;

namespace Ambient.ControlPlane.Indexing.Routes;

/// <summary>What the status of a route of Gateway API says at each of its parents. Pure.</summary>
internal static class RouteConditions
{
    /// <summary>Whose entries in <c>status.parents</c> are ours.</summary>
    public const string Controller = WaypointControllers.Ours;

    /// <summary>The type of the condition by which a waypoint's rejection is told.</summary>
    public const string Rejected = "ambient.istio.io/WaypointRejected";

    private const int LongestMessage = 4096;

    /// <returns>Null for an entry of another controller, or one that cannot be read.</returns>
    public static RouteParentStatus? OursOf(JsonElement entry)
    {
        try { return entry.Deserialize(KubernetesJson.Default.RouteParentStatus) is { ControllerName: Controller } ours ? ours : null; }
        catch (JsonException) { return null; }
    }

    /// <summary>What we say of the route, at any parent.</summary>
    public static IEnumerable<Condition> ShownOn(RouteStatus? status) =>
        (status?.Parents ?? []).Select(OursOf).OfType<RouteParentStatus>().SelectMany(static parent => parent.Conditions ?? []).OfType<Condition>();

    /// <summary>A waypoint has told it of the version that these conditions are about; it is not theirs to take away.</summary>
    public static bool IsRejection(Condition shown, IEnumerable<Condition> wanted) =>
        shown.Type == Rejected && wanted.All(condition => condition.ObservedGeneration == shown.ObservedGeneration);

    /// <summary>True if the status has just these entries of ours, and perhaps what waypoints have told.</summary>
    public static bool IsSaid(IReadOnlyList<ParentConditions> wanted, RouteStatus? status)
    {
        var ours = (status?.Parents ?? []).Select(OursOf).OfType<RouteParentStatus>().ToList();
        return ours.Count == wanted.Count && wanted.All(parent => ours.Exists(entry => KeyOf(parent.Reference) == KeyOf(entry.ParentRef) && IsSaid(parent.Conditions, entry.Conditions ?? [])));
    }

    private static bool IsSaid(EquatableArray<Condition> wanted, IReadOnlyList<Condition> shown) =>
        wanted.Count == shown.Count(found => found is null || !IsRejection(found, wanted)) && wanted.All(condition => shown.Any(found => found is not null && ChangeLog.IsSame(condition, found)));

    /// <summary>Equal for references to the same parent.</summary>
    public static (string, string, string, string, string, long?) KeyOf(ParentReference parent) =>
        (parent.Group ?? PolicyTargets.GatewayGroup, parent.Kind ?? "Gateway", parent.Name, parent.Namespace ?? "", parent.SectionName ?? "", parent.Port);

    public static ParentConditions Of(ParentOutcome outcome, long? generation)
    {
        var conditions = new List<Condition>
        {
            outcome.Refusal is { } refusal ? New("Accepted", false, refusal.Reason, refusal.Message) : New("Accepted", true, "Accepted", "Waypoints of the service honour it."),
        };
        if (outcome is { Refusal: null, Dropped.IsEmpty: false }) conditions.Add(New("PartiallyInvalid", true, UnusablePartException.UnsupportedValue, string.Join(' ', outcome.Dropped)));
        conditions.Add(outcome.Unresolved is { } unresolved ? New("ResolvedRefs", false, unresolved.Reason, unresolved.Message) : New("ResolvedRefs", true, "ResolvedRefs", "All references lead somewhere."));
        return new(outcome.Reference, conditions.ToEquatableArray());

        Condition New(string type, bool status, string reason, string message) =>
            ServiceConditions.New(type, status, reason, message.Length <= LongestMessage ? message : message[..LongestMessage], generation);
    }
}
