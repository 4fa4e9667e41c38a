using Ambient.ControlPlane.Indexing.Routes;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;
using RouteKind = Ambient.Model.Routes.RouteKind;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>Routes of Gateway API → routes of the mesh, and what their status says.</summary>
internal sealed class RouteStage(MeshGraph graph) : IRouteSurroundings
{
    private readonly Dictionary<(RouteKind Kind, ObjectName Name), RouteNode> _routes = [];
    private readonly Grants _grants = new();
    private readonly HashSet<RouteNode> _built = [];

    public RouteCounts Counts { get; } = new();

    /// <summary>How many routes were built anew, since the start: what a change costs.</summary>
    public long Rebuilt { get; private set; }

    IndexOptions IRouteSurroundings.Options => graph.Settings.Options;

    public void Set(RouteObject value)
    {
        var key = (RouteReader.KindOf(value), ObjectName.Of(value));
        if (!_routes.TryGetValue(key, out var node))
        {
            _routes[key] = node = new(key.Item2, key.Item1, graph.NamespaceOf(key.Item2.Namespace));
            node.Namespace.Traffic.Add(node);
        }
        node.Object = value;
        graph.Queue.Add(node);
    }

    public void Remove(RouteObject value)
    {
        if (!_routes.TryGetValue((RouteReader.KindOf(value), ObjectName.Of(value)), out var node)) return;
        node.Object = null;
        graph.Queue.Add(node);
    }

    /// <param name="value">Null once it is gone.</param>
    public void SetGrant(ObjectName name, ReferenceGrant? value)
    {
        _grants.Set(name, value?.Spec);
        foreach (var node in graph.RoutesIntoNamespace[name.Namespace]) graph.Queue.Add(node);
    }

    /// <summary>First what each says by itself, since routes may be in each other's way; then what it means.</summary>
    public void Rebuild()
    {
        var queued = new HashSet<RouteNode>(Rebuilds.Take(graph.Queue.Routes));
        foreach (var node in queued) Read(node);
        queued.UnionWith(Rebuilds.Take(graph.Queue.Routes));
        foreach (var node in queued) Build(node);
        _built.UnionWith(queued);
    }

    /// <summary>Counts for the waypoints the routes that were rebuilt, and those at services that changed.</summary>
    public void Count(IEnumerable<ServiceKey> changed)
    {
        foreach (var service in changed)
            if (graph.Directory.Find(service) is { } node)
                foreach (var route in graph.RoutesAt[node.Key]) _built.Add(route);
        foreach (var route in _built) Counts.Set(route, GatewaysOf(route));
        _built.Clear();
    }

    private ObjectName[] GatewaysOf(RouteNode route) =>
    [
        .. (route.Plan?.Route?.Parents ?? default).SelectMany(parent => graph.Directory.Find(parent.Service)?.Waypoint.All ?? [])
            .Select(static waypoint => waypoint.Name).Distinct().OrderBy(static name => name.ToString(), StringComparer.Ordinal),
    ];

    private void Read(RouteNode node)
    {
        var value = node.Object is { } given && node.Namespace.IsIncluded && graph.Settings.IsOurs(given) ? given : null;
        if (ReferenceEquals(node.Read, value)) return;
        node.Read = value;
        var findings = new Findings(RouteReader.KindText(node.Kind), node.Name);
        var (before, after) = (node.Facts, value is null ? null : RouteReader.Read(value, findings));
        node.Facts = after;
        graph.Log.Report(node, findings);
        graph.Refer(node, after is null ? [] : [.. after.Targets]);
        graph.AttachTo(node, after is null ? [] : [.. after.Parents.Select(static parent => parent.Service).Distinct()]);
        if (before?.Parents != after?.Parents || before?.Refusal is null != after?.Refusal is null)
            QueueFellows(before, after);
    }

    /// <summary>Routes of other kinds at the same services may be heard now, or not any more.</summary>
    private void QueueFellows(params ReadOnlySpan<RouteFacts?> versions)
    {
        foreach (var facts in versions)
            foreach (var parent in facts?.Parents ?? default)
                foreach (var fellow in graph.RoutesAt[parent.Service])
                    if (fellow.Kind != facts!.Kind) graph.Queue.Add(fellow);
    }

    private void Build(RouteNode node)
    {
        Rebuilt++;
        var before = node.Plan?.Route?.Parents ?? default;
        node.Plan = node.Facts is { } facts ? new RouteBuilder(facts, this).Build() : null;
        // What VirtualServices at these services say of themselves may be another now.
        if ((node.Plan?.Route?.Parents ?? default) is var after && before != after)
            graph.Directory.Changed.UnionWith(before.Concat(after).Select(static parent => parent.Service));
        graph.Log.Set(node.ResourceName, node.Plan?.Route is { } route ? new TrafficResource(node.ResourceName, route) : null);
        SetStatus(node);
        if (node.Object is not null) return;
        _routes.Remove((node.Kind, node.Name));
        node.Namespace.Traffic.Remove(node);
        graph.DropIfEmpty(node.Namespace);
    }

    private void SetStatus(RouteNode node)
    {
        var kind = KindOf(node.Kind);
        if (node.Read is not { } value)
        {
            graph.Log.Forget(kind, node.Name, FieldManagers.WaypointRoutes);
            return;
        }
        var generation = value.Metadata.Generation;
        var desired = new ConditionSet(kind, node.Name, FieldManagers.WaypointRoutes, generation, [])
        {
            Parents = [.. node.Plan!.Outcomes.Select(outcome => RouteConditions.Of(outcome, generation)).DistinctBy(static parent => StatusEntries.KeyOf(parent.Reference))],
        };
        graph.Log.Set(desired, StatusEntries.Of(value)!.Say(desired.Parents));
    }

    private static ResourceKind KindOf(RouteKind kind) => kind switch
    {
        RouteKind.GrpcRoute => ResourceTypes.GrpcRoute,
        RouteKind.TlsRoute => ResourceTypes.TlsRoute,
        RouteKind.TcpRoute => ResourceTypes.TcpRoute,
        _ => ResourceTypes.HttpRoute,
    };

    MemberView? IRouteSurroundings.Find(TargetKey service) =>
        graph.Services.GetValueOrDefault((service.Name, service.Kind == TargetKind.ServiceEntry)) is { Members: { Hostnames.IsEmpty: false } view } ? view : null;

    bool IRouteSurroundings.IsWaypoint(ObjectName gateway) => graph.Gateways.GetValueOrDefault(gateway) is { IsWaypoint: true };

    bool IRouteSurroundings.IsGranted(RouteKind kind, string ns, TargetKey backend) => _grants.Permit(RouteReader.KindText(kind), ns, backend);

    // Who routes for other clients is in nobody's way: routes of one namespace are for the same ones.
    RouteKind? IRouteSurroundings.ConflictOf(RouteFacts route, ParentFacts parent)
    {
        RouteKind? winner = null;
        foreach (var other in graph.RoutesAt[parent.Service])
            if (other.Kind < (winner ?? route.Kind) && other.Facts is { } facts && facts.Name.Namespace == route.Name.Namespace && Takes(facts, parent))
                winner = other.Kind;
        return winner;
    }

    private bool Takes(RouteFacts facts, ParentFacts parent)
    {
        var service = ((IRouteSurroundings)this).Find(parent.Service);
        return facts.Parents.Any(own => own.Service == parent.Service && own.PortOf(service) is var port && (port == 0 || port == parent.PortOf(service))
            && RouteBuilder.RefusalAt(facts, own, this) is null);
    }
}
