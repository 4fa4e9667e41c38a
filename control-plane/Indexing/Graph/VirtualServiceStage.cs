using Ambient.ControlPlane.Indexing.Destinations;
using Ambient.ControlPlane.Indexing.Policies;
using Ambient.ControlPlane.Indexing.Selection;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.ControlPlane.Indexing.VirtualServices;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Routes;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;
using RouteKind = Ambient.Model.Routes.RouteKind;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>VirtualServices → routes of the mesh, and what their status says.</summary>
internal sealed partial class VirtualServiceStage(MeshGraph graph)
{
    private static readonly (string, string) NoRoutes = ("Invalid", "It has no routes that could be honoured.");

    private readonly Dictionary<ObjectName, VirtualServiceNode> _objects = [];
    private readonly SetIndex<string, VirtualServiceNode> _byHost = new(); // as they name it, for routes or as destination
    private readonly HashSet<VirtualServiceNode> _wide = []; // with a wildcard

    /// <summary>How many were built anew, since the start: what a change costs.</summary>
    public long Rebuilt { get; private set; }

    public void Set(VirtualService value)
    {
        var name = ObjectName.Of(value);
        if (!_objects.TryGetValue(name, out var node))
        {
            _objects[name] = node = new(name, graph.NamespaceOf(name.Namespace));
            node.Namespace.Traffic.Add(node);
        }
        node.Object = value;
        graph.Queue.Add(node);
    }

    public void Remove(ObjectName name)
    {
        if (!_objects.TryGetValue(name, out var node)) return;
        node.Object = null;
        graph.Queue.Add(node);
    }

    /// <param name="changed">Services that came, went, or changed their ports, their waypoint or their routes of Gateway API.</param>
    public void Rebuild(IReadOnlyCollection<ServiceKey> changed)
    {
        foreach (var service in changed)
        {
            foreach (var node in _byHost[service.Hostname]) graph.Queue.Add(node);
            foreach (var node in _wide)
                if (node.Hosts.Any(host => HostPattern.Covers(host, service.Hostname))) graph.Queue.Add(node);
        }
        // First what each says by itself, since what a delegate says stands in others.
        var queued = new HashSet<VirtualServiceNode>(Rebuilds.Take(graph.Queue.VirtualServices));
        foreach (var node in queued) Read(node);
        queued.UnionWith(Rebuilds.Take(graph.Queue.VirtualServices));
        foreach (var node in queued) Read(node);
        queued.UnionWith(queued.SelectMany(Place).ToList());
        foreach (var node in queued) Rebuild(node);
        TellDelegates();
    }

    private void Rebuild(VirtualServiceNode node)
    {
        Rebuilt++;
        var services = node.Services;
        graph.Log.Set(node.ResourceName, services.Count > 0 && !node.Facts!.Rules.IsEmpty ? new TrafficResource(node.ResourceName, RouteOf(node.Facts, services)) : null);
        SetCondition(node, services, PublishConnections(node, services));
        _untold.UnionWith(node.Delegates);
        if (node.Object is not null) return;
        _objects.Remove(node.Name);
        node.Namespace.Traffic.Remove(node);
        graph.DropIfEmpty(node.Namespace);
    }

    private void Read(VirtualServiceNode node)
    {
        var value = Shown(node);
        if (!ReferenceEquals(node.Read, value)) QueueDelegators(node.Name);
        else if (!node.IsOutdated) return;
        (node.Read, node.IsOutdated) = (value, false);
        var findings = new Findings("VirtualService", node.Name);
        node.Facts = value is null ? null : VirtualServiceReader.Read(value, FindDelegate, graph.Settings.Options, findings);
        graph.Log.Report(node, findings);
        ListDelegates(node);

        foreach (var host in node.Hosts) _byHost.Remove(host, node);
        node.Hosts = node.Facts is not { } facts ? [] : [.. facts.Hosts.Concat(facts.Rules.SelectMany(static rule =>
            rule.Backends.Concat(rule.Mirrors.Select(static mirror => mirror.Backend)))
            .Concat(facts.Connections.SelectMany(static connection => connection.Backends)).Select(static backend => backend.Host)).Distinct()];
        foreach (var host in node.Hosts) _byHost.Add(host, node);
        if (node.Hosts.Any(HostPattern.IsWildcard)) _wide.Add(node);
        else _wide.Remove(node);
    }

    /// <summary>Of its own namespace, or behind a waypoint of it; and it must let them see it.</summary>
    private List<KeyValuePair<ServiceKey, ServiceNode>> ServicesOf(VirtualFacts facts) =>
        [.. facts.Hosts.SelectMany(graph.Directory.Matching).DistinctBy(static service => service.Key).Where(service => IsFor(facts, service.Key, service.Value))
            .OrderBy(static service => service.Key.ToString(), StringComparer.Ordinal)];

    private static bool IsFor(VirtualFacts facts, ServiceKey key, ServiceNode service)
    {
        var namespaces = service.Waypoint.All.Select(static waypoint => waypoint.Name.Namespace).Append(key.Namespace).ToList();
        return namespaces.Contains(facts.Name.Namespace) && namespaces.Exists(facts.Export.IsSeenIn);
    }

    private Route RouteOf(VirtualFacts facts, List<KeyValuePair<ServiceKey, ServiceNode>> services) => new()
    {
        Kind = RouteKind.VirtualService,
        Namespace = facts.Name.Namespace,
        Name = facts.Name.Name,
        Created = facts.Created,
        Parents = services.Select(static service => new RouteParent(service.Key, 0)).ToEquatableArray(),
        Rules = facts.Rules.Select(rule => rule.Rule with
        {
            Action = rule.Rule.Action with
            {
                Backends = rule.Backends.Select(backend => Resolve(backend, facts.Name.Namespace)).ToEquatableArray(),
                Mirrors = rule.Mirrors.Select(mirror => new Mirror(Resolve(mirror.Backend, facts.Name.Namespace), mirror.Percent))
                    .Where(static mirror => mirror.Backend.Invalid.Length == 0).ToEquatableArray(),
            },
        }).ToEquatableArray(),
    };

    /// <summary>Each port is routed by what takes it; where Gateway API has a route for it, by that.</summary>
    /// <returns>What has no effect.</returns>
    private List<string> PublishConnections(VirtualServiceNode node, List<KeyValuePair<ServiceKey, ServiceNode>> services)
    {
        var (published, problems) = (new List<string>(), new List<string>());
        if (node.Facts is { } facts)
        {
            var taken = services.SelectMany(service => service.Value.Members.Ports.Where(port => !HasConnectionRoutes(service, port.Port))
                .SelectMany(port => TakersOf(port, facts).Select(connection => (Connection: connection, Parent: new RouteParent(service.Key, port.Port)))))
                .ToLookup(static one => one.Connection, static one => one.Parent);
            foreach (var connection in facts.Connections)
            {
                if (!taken.Contains(connection)) problems.Add($"{connection.Label}: no service of its hosts has a port for it{(connection.IsTls ? ", of TLS" : "")}, or other routes go before.");
                else published.Add(Publish(node, connection, [.. taken[connection]]));
            }
        }
        foreach (var gone in node.Connections.Except(published)) graph.Log.Set(gone, (TrafficResource?)null);
        node.Connections = [.. published];
        return problems;
    }

    // A name tells connections of TLS apart; all others to a port are alike.
    private static IEnumerable<VirtualConnection> TakersOf(PortFacts port, VirtualFacts facts) =>
        port.Protocol == AppProtocol.Tls ? facts.Connections.Where(one => one.Takes(port)) : facts.Connections.Where(one => one.Takes(port)).Take(1);

    private string Publish(VirtualServiceNode node, VirtualConnection connection, EquatableArray<RouteParent> parents)
    {
        var (name, facts) = ($"{node.ResourceName}/{connection.Label}", node.Facts!);
        graph.Log.Set(name, new TrafficResource(name, new Route
        {
            Kind = connection.IsTls ? RouteKind.TlsRoute : RouteKind.TcpRoute,
            Namespace = facts.Name.Namespace,
            Name = facts.Name.Name,
            Created = facts.Created,
            Parents = parents,
            IsOfVirtualService = true,
            Rules = [new(connection.Label, connection.IsTls ? connection.Matches.Select(static match => new RouteMatch { Port = match.Port, ServerNames = match.Names }).ToEquatableArray() : [RouteMatch.Everything], new() { Backends = connection.Backends.Select(backend => Resolve(backend, facts.Name.Namespace)).ToEquatableArray() })],
        }));
        return name;
    }

    private bool HasConnectionRoutes(KeyValuePair<ServiceKey, ServiceNode> service, ushort port) => graph.RoutesAt[service.Value.Key].Any(route =>
        route.Kind is RouteKind.TcpRoute or RouteKind.TlsRoute && route.Name.Namespace == service.Key.Namespace && (route.Plan?.Route?.Parents ?? default).Any(parent => parent.Service == service.Key && (parent.Port == 0 || parent.Port == port)));

    private RouteBackend Resolve(VirtualBackend backend, string ns)
    {
        var meant = graph.Directory.Meant(backend.Host, ns);
        var ports = meant?.Value.Members.Ports ?? default;
        var problem = meant is null ? $"There is no service {backend.Host}." : backend.Port > 0 && !ports.Any(port => port.Port == backend.Port)
            ? $"Service {backend.Host} has no port {backend.Port}." : "";
        return new()
        {
            Service = meant?.Key ?? new(ns, backend.Host),
            Port = backend.Port == 0 && ports.Count == 1 ? ports[0].Port : backend.Port,
            Subset = backend.Subset,
            Weight = backend.Weight,
            RequestEdits = backend.RequestEdits,
            ResponseEdits = backend.ResponseEdits,
            Invalid = problem,
            InvalidStatus = 503,
        };
    }

    private void SetCondition(VirtualServiceNode node, List<KeyValuePair<ServiceKey, ServiceNode>> services, IEnumerable<string> idle)
    {
        node.Waypoints = [.. services.SelectMany(static service => service.Value.Waypoint.All).Select(static waypoint => waypoint.Name.ToString()).Distinct().Order(StringComparer.Ordinal)];
        if (node.Facts is { IsDelegate: true })
        {
            _untold.Add(node.Name);
            return;
        }
        if (node.Facts is not { } facts)
        {
            graph.Log.Forget(ResourceTypes.VirtualService, node.Name, FieldManagers.WaypointTraffic);
            return;
        }
        var problems = services.Where(service => HasGatewayRoutes(service.Value)).Select(static service => $"{service.Key.Hostname} has routes of Gateway API, which go before.").Concat(OlderOf(node)).Concat(facts.Problems).Concat(idle);
        SetCondition(node, new(RefusalOf(facts, services.Count), node.Waypoints.ToEquatableArray(), problems.ToEquatableArray()));
    }

    private void SetCondition(VirtualServiceNode node, TrafficOutcome outcome)
    {
        var generation = node.Read!.Metadata.Generation;
        graph.Log.Set(new(ResourceTypes.VirtualService, node.Name, FieldManagers.WaypointTraffic, generation, [TrafficConditions.Of(outcome, generation)]),
            node.Read.Status?.Conditions, PolicyConditions.WaypointTypes);
    }

    private static (string, string)? RefusalOf(VirtualFacts facts, int services)
    {
        if (facts.Rules.IsEmpty && facts.Connections.IsEmpty) return NoRoutes;
        return services > 0 ? null : ("TargetNotFound", "None of its hosts is a service of its own namespace, or behind a waypoint of it, that may see it.");
    }

    private bool HasGatewayRoutes(ServiceNode service) =>
        graph.RoutesAt[service.Key].Any(route => route.Kind is RouteKind.HttpRoute or RouteKind.GrpcRoute && route.Name.Namespace == service.Name.Namespace && route.Plan?.Route is not null);
}
