using System.Text.Json;
using Ambient.ControlPlane.Indexing.Graph;
using Ambient.ControlPlane.Indexing.Waypoints;
using Ambient.Kubernetes.Resources;
using Ambient.Model;

namespace Ambient.ControlPlane.Indexing;

/// <summary>The list in an object's status that several controllers write to: of a route an entry for each parent, of a policy for each ancestor. Pure.</summary>
/// <param name="Object">As last heard of.</param>
/// <param name="List">Its name.</param>
/// <param name="Reference">The name of what an entry is for, within the entry.</param>
/// <param name="All">As they stand.</param>
internal sealed record StatusEntries(ObjectMeta Object, string List, string Reference, IReadOnlyList<JsonElement> All)
{
    /// <summary>Whose entries are ours.</summary>
    public const string Controller = WaypointControllers.Ours;

    /// <summary>The type of the condition by which a waypoint's rejection is told.</summary>
    public const string Rejected = "ambient.istio.io/WaypointRejected";

    /// <returns>Null for an object whose status is its own.</returns>
    public static StatusEntries? Of(KubernetesObject? value) => value switch
    {
        RouteObject route => new(route.Metadata, "parents", "parentRef", route.Status?.Parents ?? []),
        BackendTlsPolicy policy => new(policy.Metadata, "ancestors", "ancestorRef", policy.Status?.Ancestors ?? []),
        _ => null,
    };

    public IEnumerable<ParentConditions> Ours => All.Select(OursOf).OfType<ParentConditions>();

    /// <summary>What we say of the object, wherever.</summary>
    public IEnumerable<Condition> Conditions => Ours.SelectMany(static entry => entry.Conditions);

    /// <returns>Null for an entry of another controller, or one that cannot be read.</returns>
    public ParentConditions? OursOf(JsonElement entry)
    {
        try
        {
            if (entry.ValueKind != JsonValueKind.Object || !entry.TryGetProperty("controllerName", out var controller) || !controller.ValueEquals(Controller)) return null;
            var reference = entry.TryGetProperty(Reference, out var given) ? given.Deserialize(KubernetesJson.Default.ParentReference) : null;
            var conditions = entry.TryGetProperty("conditions", out var list) ? list.Deserialize(KubernetesJson.Default.IReadOnlyListCondition) : null;
            return new(reference ?? new(), (conditions ?? []).OfType<Condition>().ToEquatableArray());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) { return null; }
    }

    /// <summary>A waypoint has told it of the version that these conditions are about; it is not theirs to take away.</summary>
    public static bool IsRejection(Condition shown, IEnumerable<Condition> wanted) =>
        shown.Type == Rejected && wanted.All(condition => condition.ObservedGeneration == shown.ObservedGeneration);

    /// <summary>True if there are just these entries of ours, and perhaps what waypoints have told.</summary>
    public bool Say(IReadOnlyList<ParentConditions> wanted)
    {
        var ours = Ours.ToList();
        return ours.Count == wanted.Count && wanted.All(parent => ours.Exists(entry => KeyOf(parent.Reference) == KeyOf(entry.Reference) && IsSaid(parent.Conditions, entry.Conditions)));
    }

    private static bool IsSaid(EquatableArray<Condition> wanted, EquatableArray<Condition> shown) =>
        wanted.Count == shown.Count(found => !IsRejection(found, wanted)) && wanted.All(condition => shown.Any(found => ChangeLog.IsSame(condition, found)));

    /// <summary>Equal for references to the same thing.</summary>
    public static (string, string, string, string, string, long?) KeyOf(ParentReference parent) =>
        (parent.Group ?? PolicyTargets.GatewayGroup, parent.Kind ?? "Gateway", parent.Name, parent.Namespace ?? "", parent.SectionName ?? "", parent.Port);
}
