using System.Globalization;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Waypoints;

/// <summary>Why an object has no waypoint, though it asked for one.</summary>
/// <param name="Required">The waypoint that the object means all the same: nothing may pass beside it. Null if the object cannot mean it.</param>
internal sealed record WaypointProblem(string Reason, string Message, ObjectName? Required = null)
{
    public static WaypointProblem NotReady(ObjectName name) =>
        new("WaypointIsNotReady", $"waypoint {name} does not exist or has no address yet; traffic is not sent through it", name);

    public static WaypointProblem Denied(ObjectName name, string ns) =>
        new("AttachmentDenied", $"waypoint {name} does not allow objects of namespace {ns}; see allowedRoutes of its listener", name);

    public static WaypointProblem UnsupportedTraffic(ObjectName name, string wanted) =>
        new("UnsupportedTrafficType", $"waypoint {name} does not take {wanted} traffic; see its label {MeshLabels.WaypointFor}");

    public static WaypointProblem CrossNamespace(ObjectName name, string ns) =>
        new("CrossNamespaceWaypointForbidden", $"waypoint {name} is of another namespace, and this host is visible in {ns} only", name);

    public static WaypointProblem InvalidWeight(string? text) =>
        new("CanaryInvalidWeight", $"{MeshAnnotations.CanaryWeight} is {Findings.Quote(text)}; allowed are whole numbers from 0 to 100");

    public static WaypointProblem SameAsPrimary(ObjectName name) =>
        new("CanarySameAsPrimary", $"the canary waypoint {name} is the same as the primary one");
}

/// <summary>An object's waypoint, and its canary.</summary>
/// <param name="Problem">Why there is none; both null: none was asked for.</param>
/// <param name="Canary">Only beside a waypoint.</param>
/// <param name="CanaryWeight">Of the canary, 0–100; the waypoint has the rest.</param>
/// <param name="CanaryProblem">The canary is left out; the waypoint stays in force.</param>
internal readonly record struct WaypointResolution(
    Waypoint? Waypoint, WaypointProblem? Problem = null, Waypoint? Canary = null, uint CanaryWeight = 0, WaypointProblem? CanaryProblem = null)
{
    public static readonly WaypointResolution None = default;

    /// <summary>All that traffic may go through.</summary>
    public IEnumerable<Waypoint> All => new[] { Waypoint, Canary }.OfType<Waypoint>();
}

/// <summary>Which waypoint an object's traffic goes through. Pure.</summary>
/// <param name="find">Knows the waypoints that are ready.</param>
/// <remarks>
/// The object's own label decides; if it names a waypoint that cannot be used there is none, never the namespace's instead.
/// </remarks>
internal sealed class WaypointResolver(Func<ObjectName, Waypoint?> find)
{
    private readonly record struct Reference(ObjectName Name, bool IsInherited);

    /// <summary>For a Service or ServiceEntry.</summary>
    /// <param name="onlyOwnNamespace">It is visible in its own namespace only, so must its waypoint be of it.</param>
    public WaypointResolution ForService(ObjectMeta meta, NamespaceFacts ns, bool onlyOwnNamespace)
    {
        // A waypoint's or gateway's own service is no destination behind a waypoint.
        if (MeshLabels.GatewayControllers.Contains(meta.Label(MeshLabels.ManagedBy))) return WaypointResolution.None;
        if (ReferenceOf(meta.Labels, ns, MeshLabels.UseWaypoint, MeshLabels.UseWaypointNamespace) is not { } reference)
            return WaypointResolution.None;

        var (waypoint, problem) = FindForService(reference.Name, ns, onlyOwnNamespace);
        return waypoint is null ? new(null, problem) : WithCanary(waypoint, meta, ns, onlyOwnNamespace);
    }

    /// <summary>For a pod, WorkloadEntry or endpoint.</summary>
    /// <param name="labels">The object's own.</param>
    public WaypointResolution ForWorkload(IReadOnlyDictionary<string, string>? labels, NamespaceFacts ns)
    {
        if (ReferenceOf(labels, ns, MeshLabels.UseWaypoint, MeshLabels.UseWaypointNamespace) is not { } reference)
            return WaypointResolution.None;
        var (waypoint, problem) = FindAllowed(reference.Name, ns);
        // What a namespace's waypoint would take is not known before it is there.
        if (waypoint is null) return new(null, reference.IsInherited ? problem! with { Required = null } : problem);
        if (waypoint.TakesWorkloads) return new(waypoint);
        // A namespace's waypoint is usually for services; its pods did not ask for it.
        return reference.IsInherited ? WaypointResolution.None : new(null, WaypointProblem.UnsupportedTraffic(reference.Name, "workload"));
    }

    /// <summary>The waypoints that these labels name, whether or not they are there; of a namespace, those it hands down.</summary>
    public static IEnumerable<ObjectName> NamedBy(IReadOnlyDictionary<string, string>? labels, string ns)
    {
        if (labels is null) yield break;
        if (Named(labels, ns, MeshLabels.UseWaypoint, MeshLabels.UseWaypointNamespace) is { } primary) yield return primary;
        if (Named(labels, ns, MeshLabels.UseWaypointCanary, MeshLabels.UseWaypointCanaryNamespace) is { } canary) yield return canary;
    }

    private WaypointResolution WithCanary(Waypoint primary, ObjectMeta meta, NamespaceFacts ns, bool onlyOwnNamespace)
    {
        var hasOwn = meta.Label(MeshLabels.UseWaypoint) is { Length: > 0 };
        var own = Named(meta.Labels, ns.Name, MeshLabels.UseWaypointCanary, MeshLabels.UseWaypointCanaryNamespace);
        var isOwn = meta.Label(MeshLabels.UseWaypointCanary) is not null;
        var name = own ?? (hasOwn || isOwn ? null : Named(ns.Labels, ns.Name, MeshLabels.UseWaypointCanary, MeshLabels.UseWaypointCanaryNamespace));
        if (name is not { } canaryName) return new(primary);

        var weightText = own is not null ? meta.Annotation(MeshAnnotations.CanaryWeight) : ns.Annotation(MeshAnnotations.CanaryWeight);
        if (!TryWeight(weightText, out var weight)) return new(primary, CanaryProblem: WaypointProblem.InvalidWeight(weightText));
        if (canaryName == primary.Name) return new(primary, CanaryProblem: WaypointProblem.SameAsPrimary(canaryName));

        var (canary, problem) = FindForService(canaryName, ns, onlyOwnNamespace);
        return canary is null ? new(primary, CanaryProblem: problem) : new(primary, null, canary, weight);
    }

    private (Waypoint?, WaypointProblem?) FindForService(ObjectName name, NamespaceFacts ns, bool onlyOwnNamespace)
    {
        var (waypoint, problem) = FindAllowed(name, ns);
        if (waypoint is null) return (null, problem);
        if (!waypoint.TakesServices) return (null, WaypointProblem.UnsupportedTraffic(name, "service"));
        return onlyOwnNamespace && name.Namespace != ns.Name ? (null, WaypointProblem.CrossNamespace(name, ns.Name)) : (waypoint, null);
    }

    private (Waypoint?, WaypointProblem?) FindAllowed(ObjectName name, NamespaceFacts ns)
    {
        if (find(name) is not { } waypoint) return (null, WaypointProblem.NotReady(name));
        return Allows(waypoint, ns) ? (waypoint, null) : (null, WaypointProblem.Denied(name, ns.Name));
    }

    private static bool Allows(Waypoint waypoint, NamespaceFacts ns) => waypoint.Origin switch
    {
        RouteOrigin.All => true,
        RouteOrigin.Selector => waypoint.Selector is { } selector && selector.Selects(ns.Labels),
        _ => waypoint.Name.Namespace == ns.Name,
    };

    private static Reference? ReferenceOf(IReadOnlyDictionary<string, string>? labels, NamespaceFacts ns, string nameLabel, string namespaceLabel)
    {
        var isInherited = labels?.GetValueOrDefault(nameLabel) is not { Length: > 0 };
        return Named(isInherited ? ns.Labels : labels, ns.Name, nameLabel, namespaceLabel) is { } name ? new(name, isInherited) : null;
    }

    private static ObjectName? Named(IReadOnlyDictionary<string, string>? labels, string ns, string nameLabel, string namespaceLabel)
    {
        if (labels?.GetValueOrDefault(nameLabel) is not { Length: > 0 } name || name == MeshLabels.NoWaypoint) return null;
        return new(labels.GetValueOrDefault(namespaceLabel) is { Length: > 0 } other ? other : ns, name);
    }

    private static bool TryWeight(string? text, out uint weight)
    {
        weight = 0;
        return text is null
            || (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out weight) && weight <= 100);
    }
}
