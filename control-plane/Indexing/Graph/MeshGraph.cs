using Ambient.ControlPlane.Indexing.Selection;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.ControlPlane.Indexing.Waypoints;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>All objects, what depends on what, and what waits to be rebuilt. Each stage owns the nodes of its kind.</summary>
internal sealed class MeshGraph(IndexOptions options)
{
    private readonly Dictionary<string, NamespaceNode> _namespaces = [];
    private readonly SetIndex<ObjectName, object> _waypointReferrers = new(); // Nodes and NamespaceNodes

    public ChangeLog Log { get; } = new();

    public MeshSettings Settings { get; set; } = new(options, MeshConfig.DefaultFor(options), "");

    public IReadOnlyDictionary<string, NamespaceNode> Namespaces => _namespaces;

    public Dictionary<ObjectName, GatewayNode> Gateways { get; } = [];

    public Dictionary<string, GatewayClass> GatewayClasses { get; } = [];

    public Dictionary<(ObjectName Name, bool IsEntry), ServiceNode> Services { get; } = [];

    /// <summary>Policies by what their targetRefs point at.</summary>
    public SetIndex<TargetKey, PolicyNode> PoliciesByTarget { get; } = new();

    /// <summary>Telemetries likewise.</summary>
    public SetIndex<TargetKey, TelemetryNode> TelemetriesByTarget { get; } = new();

    /// <summary>BackendTLSPolicies likewise.</summary>
    public SetIndex<TargetKey, BackendTlsNode> BackendTlsByTarget { get; } = new();

    /// <summary>Routes by the services that they refer to in any way.</summary>
    public SetIndex<TargetKey, RouteNode> RoutesTo { get; } = new();

    /// <summary>Routes by the services that they are attached to.</summary>
    public SetIndex<TargetKey, RouteNode> RoutesAt { get; } = new();

    /// <summary>Routes by the other namespaces that they refer to.</summary>
    public SetIndex<string, RouteNode> RoutesIntoNamespace { get; } = new();

    /// <summary>Services as others refer to them by host name.</summary>
    public ServiceDirectory Directory { get; } = new();

    /// <summary>Which rules are in force for a service.</summary>
    public Dictionary<ServiceKey, DestinationGroup> DestinationOf { get; } = [];

    public Rebuilds Queue { get; } = new();

    /// <summary>What namespaces that say nothing else inherit: callers without identity are refused.</summary>
    public bool IsStrict { get; set; }

    public WaypointResolver Waypoints => field ??= new(name => Gateways.GetValueOrDefault(name)?.Waypoint);

    public NamespaceNode NamespaceOf(string name)
    {
        if (!_namespaces.TryGetValue(name, out var node))
        {
            _namespaces[name] = node = new(name) { IsIncluded = Settings.Includes(name, false, null), IsStrict = IsStrict };
        }
        return node;
    }

    public void DropIfEmpty(NamespaceNode node)
    {
        if (!node.IsEmpty) return;
        List(node, node.WaypointReferences, []);
        node.WaypointReferences = [];
        _namespaces.Remove(node.Name);
    }

    /// <summary>Lists a node or namespace under the waypoints it names now instead of those it named before.</summary>
    public void List(object referrer, ObjectName[] before, ObjectName[] after)
    {
        if (before.AsSpan().SequenceEqual(after)) return;
        foreach (var name in before) _waypointReferrers.Remove(name, referrer);
        foreach (var name in after) _waypointReferrers.Add(name, referrer);
    }

    /// <summary>Queues everything that may go through this waypoint, and the policies on it.</summary>
    public void QueueReferrers(ObjectName waypoint)
    {
        foreach (var referrer in _waypointReferrers[waypoint])
        {
            if (referrer is ServiceNode service) Queue.Add(service);
            else if (referrer is WorkloadNode workload) Queue.Add(workload);
            else if (referrer is NamespaceNode ns) QueueMembers(ns);
        }
        QueuePolicies(new(TargetKind.Gateway, waypoint));
    }

    public void QueueMembers(NamespaceNode ns)
    {
        foreach (var service in ns.Services) Queue.Add(service);
        foreach (var workload in ns.Workloads) Queue.Add(workload);
    }

    public void QueuePolicies(TargetKey target)
    {
        foreach (var policy in PoliciesByTarget[target]) Queue.Add(policy);
        foreach (var telemetry in TelemetriesByTarget[target]) Queue.Add(telemetry);
        foreach (var tls in BackendTlsByTarget[target]) Queue.Add(tls);
    }

    /// <summary>Queues what depends on a service's host names or ports, or on what kind of gateway it is.</summary>
    public void QueueRoutes(TargetKey target)
    {
        foreach (var route in RoutesTo[target]) Queue.Add(route);
    }

    /// <summary>Queues the rules whose subsets a workload may have come to or left, by the services it is a member of.</summary>
    public void QueueSubsets(Workload[] workloads)
    {
        if (DestinationOf.Count == 0) return;
        foreach (var workload in workloads)
            foreach (var membership in workload.Services)
                if (DestinationOf.TryGetValue(membership.Service, out var rules) && rules.HasSubsets) Queue.Add(rules.Speaker);
    }

    /// <summary>Lists a route under the services it refers to now instead of those before.</summary>
    public void Refer(RouteNode node, TargetKey[] targets)
    {
        foreach (var target in node.Targets)
        {
            RoutesTo.Remove(target, node);
            RoutesIntoNamespace.Remove(target.Name.Namespace, node);
        }
        foreach (var target in targets)
        {
            RoutesTo.Add(target, node);
            if (target.Name.Namespace != node.Name.Namespace) RoutesIntoNamespace.Add(target.Name.Namespace, node);
        }
        node.Targets = targets;
    }

    /// <summary>Lists a route under the services it is attached to now instead of those before.</summary>
    public void AttachTo(RouteNode node, TargetKey[] parents)
    {
        foreach (var parent in node.Parents) RoutesAt.Remove(parent, node);
        foreach (var parent in parents) RoutesAt.Add(parent, node);
        node.Parents = parents;
    }

    /// <summary>Queues the workloads that a selector of this namespace's object selects.</summary>
    public void QueueSelected(NamespaceNode ns, LabelQuery? selector)
    {
        if (selector is null) return;
        foreach (var workload in ns.WorkloadsByLabel.Matching(selector)) Queue.Add(workload);
    }

    /// <summary>The same where only the policies that they refer to may differ: that costs a tenth, and may concern the whole mesh. From the root namespace, policies select everywhere.</summary>
    public void QueuePoliciesOf(NamespaceNode ns, LabelQuery? selector, bool everywhere = false)
    {
        if (selector is null) return;
        foreach (var place in everywhere ? (IEnumerable<NamespaceNode>)_namespaces.Values : [ns])
            foreach (var workload in place.WorkloadsByLabel.Matching(selector)) QueuePoliciesOf(workload);
    }

    public void QueuePoliciesOf(WorkloadNode workload)
    {
        // There the list depends on services and waypoints too.
        if (Settings.Options.AllowWaypointsOnly || workload.Guards.Length > 0) Queue.Add(workload);
        else Queue.AddPoliciesOf(workload);
    }
}

/// <summary>What waits to be rebuilt, by stage; each node once.</summary>
internal sealed class Rebuilds
{
    public List<NamespaceNode> Namespaces { get; } = [];
    public List<GatewayNode> Gateways { get; } = [];
    public List<ServiceNode> Services { get; } = [];
    public List<PolicyNode> Policies { get; } = [];
    public List<PeerNode> Peers { get; } = [];
    public List<RouteNode> Routes { get; } = [];
    public List<DestinationNode> Destinations { get; } = [];
    public List<VirtualServiceNode> VirtualServices { get; } = [];
    public List<TelemetryNode> Telemetries { get; } = [];
    public List<BackendTlsNode> BackendTls { get; } = [];
    public List<UnhonouredNode> Unhonoured { get; } = [];
    public List<SliceNode> Slices { get; } = [];
    public List<WorkloadNode> Workloads { get; } = [];
    public List<WorkloadNode> Attachments { get; } = [];

    public void Add(NamespaceNode node)
    {
        if (node.IsQueued) return;
        node.IsQueued = true;
        Namespaces.Add(node);
    }

    public void Add(Node node)
    {
        if (node.IsQueued) return;
        node.IsQueued = true;
        switch (node)
        {
            case GatewayNode gateway: Gateways.Add(gateway); break;
            case ServiceNode service: Services.Add(service); break;
            case PolicyNode policy: Policies.Add(policy); break;
            case PeerNode peer: Peers.Add(peer); break;
            case RouteNode route: Routes.Add(route); break;
            case DestinationNode destination: Destinations.Add(destination); break;
            case VirtualServiceNode service: VirtualServices.Add(service); break;
            case TelemetryNode telemetry: Telemetries.Add(telemetry); break;
            case BackendTlsNode tls: BackendTls.Add(tls); break;
            case UnhonouredNode unhonoured: Unhonoured.Add(unhonoured); break;
            case SliceNode slice: Slices.Add(slice); break;
            default: Workloads.Add((WorkloadNode)node); break;
        }
    }

    public void AddPoliciesOf(WorkloadNode node)
    {
        if (node.IsQueued || node.AwaitsPolicies) return;
        node.AwaitsPolicies = true;
        Attachments.Add(node);
    }

    /// <summary>Takes all of a stage; what is queued meanwhile waits for the next call.</summary>
    public static T[] Take<T>(List<T> queue) where T : Node
    {
        T[] taken = [.. queue];
        queue.Clear();
        foreach (var node in taken) node.IsQueued = false;
        return taken;
    }
}
