using Ambient.ControlPlane.Indexing.Policies;
using Ambient.ControlPlane.Indexing.Waypoints;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>Whether what a targetRef points at is there, and behind a waypoint that enforces the policy.</summary>
internal sealed class PolicyTargets(MeshGraph graph)
{
    public const string GatewayGroup = "gateway.networking.k8s.io", EntryGroup = "networking.istio.io";

    /// <returns>Null for a kind or namespace that no policy can point at.</returns>
    public static TargetKey? KeyOf(PolicyTargetReference reference, string ns)
    {
        if (reference.Namespace is { Length: > 0 } other && other != ns) return null;
        return (reference.Group ?? "", reference.Kind) switch
        {
            (GatewayGroup, "Gateway") => new(TargetKind.Gateway, new(ns, reference.Name)),
            (GatewayGroup, "GatewayClass") => new(TargetKind.GatewayClass, new("", reference.Name)),
            ("" or "core", "Service") => new(TargetKind.Service, new(ns, reference.Name)),
            (EntryGroup, "ServiceEntry") => new(TargetKind.ServiceEntry, new(ns, reference.Name)),
            _ => null,
        };
    }

    /// <summary>
    /// What the references are for. A service or gateway that is not there is named all the same, so that the policy is there before it.
    /// </summary>
    /// <param name="ns">That of the object that has them.</param>
    public (EquatableArray<ServiceKey> Services, EquatableArray<string> Gateways) Aim(IEnumerable<PolicyTargetReference> references, string ns)
    {
        var (services, gateways) = (new SortedSet<ServiceKey>(Comparer<ServiceKey>.Create(static (left, right) => string.CompareOrdinal(left.Hostname, right.Hostname))),
            new SortedSet<string>(StringComparer.Ordinal));
        foreach (var target in references.Select(reference => KeyOf(reference, ns)).OfType<TargetKey>())
        {
            if (target.Kind == TargetKind.Gateway) gateways.Add(target.Name.ToString());
            else if (target.Kind == TargetKind.GatewayClass) gateways.UnionWith(GatewaysOf(target.Name.Name, ns));
            else services.UnionWith(HostsOf(target).Select(host => new ServiceKey(ns, host)));
        }
        return (services.ToEquatableArray(), gateways.ToEquatableArray());
    }

    private IEnumerable<string> GatewaysOf(string className, string ns) => ns == graph.Settings.RootNamespace
        && graph.GatewayClasses.GetValueOrDefault(className)?.Spec is { } spec && WaypointControllers.RunsWaypoints(spec.ControllerName)
            ? graph.Gateways.Values.Where(gateway => gateway.ClassName == className).Select(static gateway => gateway.Name.ToString())
            : [];

    private IEnumerable<string> HostsOf(TargetKey target) => target.Kind == TargetKind.Service
        ? [ServiceReader.HostnameOf(target.Name, graph.Settings.Options)]
        : graph.Services.GetValueOrDefault((target.Name, true))?.Facts?.Hostnames ?? default;

    /// <param name="ns">The policy's.</param>
    public TargetOutcome Resolve(PolicyTargetReference reference, string ns)
    {
        var group = reference.Group is { Length: > 0 } given ? given : "core";
        var text = $"{reference.Kind}.{group}:{(reference.Namespace is { Length: > 0 } other ? other : ns)}/{reference.Name}";
        return KeyOf(reference, ns) is not { } key
            ? new(text, null, "Invalid", $"{text} is no target of a policy: use a Gateway, Service or ServiceEntry of namespace {ns}, or a GatewayClass.")
            : key.Kind switch
            {
                TargetKind.Gateway => ForGateway(key.Name, text),
                TargetKind.GatewayClass => ForClass(key.Name.Name, ns, text),
                _ => ForService(key, text),
            };
    }

    private TargetOutcome ForGateway(ObjectName name, string text)
    {
        if (graph.Gateways.GetValueOrDefault(name) is not { Object: not null, Namespace.IsIncluded: true } gateway)
            return NotFound(text);
        return gateway.Waypoint is not null ? Bound(text, name.ToString())
            : new(text, null, "AncestorNotBound", $"Gateway {name} has no address yet");
    }

    private TargetOutcome ForClass(string name, string ns, string text)
    {
        if (ns != graph.Settings.RootNamespace)
            return new(text, null, "Invalid", $"Policies on a GatewayClass must be in the root namespace ({graph.Settings.RootNamespace})");
        if (graph.GatewayClasses.GetValueOrDefault(name) is not { } found) return NotFound(text);
        return WaypointControllers.RunsWaypoints(found.Spec?.ControllerName ?? "") ? Bound(text, name)
            : new(text, null, "Invalid", $"GatewayClass {name} is not one of waypoints: its controller must be {WaypointControllers.Ours} or {WaypointControllers.Stock}");
    }

    private TargetOutcome ForService(TargetKey key, string text)
    {
        if (graph.Services.GetValueOrDefault((key.Name, key.Kind == TargetKind.ServiceEntry)) is not { Object: not null, Namespace.IsIncluded: true } service)
            return NotFound(text);
        // It is enforced at every waypoint that the service's traffic may go through.
        var waypoints = service.Waypoint.All.Select(static waypoint => waypoint.Name.ToString()).ToList();
        return waypoints.Count > 0 ? Bound(text, string.Join(", ", waypoints))
            : new(text, null, "AncestorNotBound", $"{key.Kind} {key.Name} is not bound to a waypoint; set the label {MeshLabels.UseWaypoint}");
    }

    private static TargetOutcome Bound(string text, string to) => new(text, to, "", "");

    private static TargetOutcome NotFound(string text) => new(text, null, "TargetNotFound", $"{text} does not exist");
}
