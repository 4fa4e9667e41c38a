using Ambient.ControlPlane.Indexing.Graph;
using Ambient.ControlPlane.Indexing.Unhonoured;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;
using Kube = Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing;

/// <summary>
/// The objects of a cluster, and the workloads, services and policies that follow from them. It knows what depends on what and
/// rebuilds only what a change touches; the result does not depend on the order in which objects came.
/// </summary>
/// <remarks>
/// Not thread-safe: one writer. Objects are kept, so trim them before. No object makes it throw: what cannot be used is left
/// out, reported in <see cref="Diagnostics"/>, and where it would have refused a connection, refuses more instead.
/// Only this cluster is seen: objects of remote clusters are not indexed.
/// </remarks>
public sealed class MeshIndex
{
    private readonly MeshGraph _graph;
    private readonly NamespaceStage _namespaces;
    private readonly GatewayStage _gateways;
    private readonly ServiceStage _services;
    private readonly PolicyStage _policies;
    private readonly PeerStage _peers;
    private readonly WorkloadStage _workloads;
    private readonly RouteStage _routes;
    private readonly DestinationStage _destinations;
    private readonly VirtualServiceStage _virtualServices;
    private readonly TelemetryStage _telemetries;
    private readonly BackendTlsStage _backends;
    private readonly UnhonouredStage _unhonoured;
    private string _rootNamespace;

    public MeshIndex(IndexOptions options)
    {
        _graph = new(options);
        var networks = new NetworkGateways(_graph);
        _namespaces = new(_graph);
        _gateways = new(_graph, networks);
        _services = new(_graph);
        _policies = new(_graph);
        _peers = new(_graph);
        _workloads = new(_graph, _services, _gateways, networks, _peers);
        _routes = new(_graph);
        _destinations = new(_graph, _workloads);
        _virtualServices = new(_graph);
        _telemetries = new(_graph);
        _backends = new(_graph);
        _unhonoured = new(_graph);
        _rootNamespace = _graph.Settings.RootNamespace;
    }

    /// <summary>What is wrong with objects as they are now.</summary>
    public IEnumerable<Diagnostic> Diagnostics => _graph.Log.Diagnostics;

    /// <summary>All that the status of objects should say, for a writer that starts anew. Objects without a line are not on it.</summary>
    public IEnumerable<ConditionSet> DesiredConditions => _graph.Log.DesiredConditions;

    /// <summary>How many routes waypoints have, by their Gateway; without those that have none.</summary>
    public IReadOnlyDictionary<ObjectName, int> AttachedRoutes => _routes.Counts.All;

    /// <summary>The configuration in force.</summary>
    public MeshConfig Config => _graph.Settings.Config;

    /// <summary>How many objects were turned into workloads anew, since the start: what a change costs.</summary>
    public long RebuiltWorkloads => _workloads.Rebuilt;

    /// <summary>How many routes were built anew, since the start: what a change costs.</summary>
    public long RebuiltRoutes => _routes.Rebuilt + _virtualServices.Rebuilt;

    /// <summary>Kinds that the index wants to be told of.</summary>
    public static IReadOnlyList<ResourceKind> Kinds { get; } =
    [
        ResourceTypes.Namespace, ResourceTypes.Node, ResourceTypes.ConfigMap, ResourceTypes.GatewayClass, ResourceTypes.Gateway,
        ResourceTypes.Service, ResourceTypes.ServiceEntry, ResourceTypes.WorkloadEntry, ResourceTypes.EndpointSlice, ResourceTypes.Pod,
        ResourceTypes.AuthorizationPolicy, ResourceTypes.PeerAuthentication,
        ResourceTypes.DestinationRule, ResourceTypes.VirtualService, ResourceTypes.HttpRoute, ResourceTypes.GrpcRoute, ResourceTypes.TcpRoute, ResourceTypes.TlsRoute, ResourceTypes.ReferenceGrant, ResourceTypes.Telemetry,
        ResourceTypes.BackendTlsPolicy,
        .. UnhonouredConditions.Kinds,
    ];

    /// <summary>A new object, or a new version of one. Kinds that do not matter are ignored.</summary>
    public void Set(KubernetesObject value)
    {
        switch (value)
        {
            case Pod pod: _workloads.Set(pod); break;
            case EndpointSlice slice: _workloads.Set(slice); break;
            case Kube.Service service: _services.Set(service, isEntry: false); break;
            case Kube.ServiceEntry entry: Set(entry); break;
            case WorkloadEntry entry: _workloads.Set(entry); break;
            case Kube.AuthorizationPolicy policy: _policies.Set(policy); break;
            case PeerAuthentication peer: _peers.Set(peer); break;
            case RouteObject route: _routes.Set(route); break;
            case DestinationRule rule: _destinations.Set(rule); break;
            case VirtualService service: _virtualServices.Set(service); break;
            case Telemetry telemetry: _telemetries.Set(telemetry); break;
            case BackendTlsPolicy policy: _backends.Set(policy); break;
            case UnhonouredObject unhonoured: _unhonoured.Set(unhonoured); break;
            case ReferenceGrant grant: _routes.SetGrant(ObjectName.Of(grant), grant); break;
            case Gateway gateway: _gateways.Set(gateway); break;
            case GatewayClass gatewayClass: _gateways.Set(gatewayClass.Metadata.Name, gatewayClass); break;
            case Kube.Node node: _workloads.SetNode(node.Metadata.Name, node); break;
            case Namespace ns: _namespaces.Set(ns); break;
            case ConfigMap config: SetMap(ObjectName.Of(config), config); break;
        }
    }

    /// <summary>An object is gone. Only its kind and name matter.</summary>
    public void Remove(KubernetesObject value)
    {
        var name = ObjectName.Of(value);
        switch (value)
        {
            case Pod: _workloads.RemovePod(name); break;
            case EndpointSlice: _workloads.RemoveSlice(name); break;
            case Kube.Service: _services.Remove(name, isEntry: false); break;
            case Kube.ServiceEntry: RemoveServiceEntry(name); break;
            case WorkloadEntry: _workloads.RemoveEntry(name); break;
            case Kube.AuthorizationPolicy: _policies.Remove(name); break;
            case PeerAuthentication: _peers.Remove(name); break;
            case RouteObject route: _routes.Remove(route); break;
            case DestinationRule: _destinations.Remove(name); break;
            case VirtualService: _virtualServices.Remove(name); break;
            case Telemetry: _telemetries.Remove(name); break;
            case BackendTlsPolicy: _backends.Remove(name); break;
            case UnhonouredObject unhonoured: _unhonoured.Remove(unhonoured); break;
            case ReferenceGrant: _routes.SetGrant(name, null); break;
            case Gateway: _gateways.Remove(name); break;
            case GatewayClass: _gateways.Set(name.Name, (GatewayClass?)null); break;
            case Kube.Node: _workloads.SetNode(name.Name, null); break;
            case Namespace: _namespaces.Remove(name.Name); break;
            case ConfigMap: SetMap(name, null); break;
        }
    }

    /// <summary>Rebuilds what was touched since the last call; what is told is the difference that it made.</summary>
    public IndexChanges TakeChanges()
    {
        // Each stage reads what those before it have built, and queues what depends on it in those after it.
        _namespaces.Rebuild();
        _gateways.Rebuild();
        _services.Rebuild();
        _policies.Rebuild();
        _peers.Rebuild();
        _workloads.Rebuild();
        _routes.Rebuild();
        _unhonoured.Rebuild();
        RebuildTraffic();
        return _graph.Log.Take() with { AttachedRoutes = _routes.Counts.Take() };
    }

    private void RebuildTraffic()
    {
        var rootMoved = _rootNamespace != Config.RootNamespace;
        _rootNamespace = Config.RootNamespace;
        _backends.Rebuild();
        _destinations.Rebuild(_graph.Directory.Changed, rootMoved);
        _virtualServices.Rebuild(_graph.Directory.Changed);
        _telemetries.Rebuild(_graph.Directory.Changed);
        _routes.Count(_graph.Directory.Changed);
        _graph.Directory.Changed.Clear();
    }

    // The mesh's own configuration; any other is one that a policy refers to.
    private void SetMap(ObjectName name, ConfigMap? value)
    {
        if (_namespaces.IsConfig(name)) _namespaces.SetConfig(value);
        _backends.SetMap(name, value);
    }

    private void Set(Kube.ServiceEntry entry)
    {
        _services.Set(entry, isEntry: true);
        _workloads.Set(_services.FindOrAdd(ObjectName.Of(entry), isEntry: true), entry);
    }

    private void RemoveServiceEntry(ObjectName name)
    {
        if (_graph.Services.TryGetValue((name, true), out var service)) _workloads.RemoveInline(service);
        _services.Remove(name, isEntry: true);
    }
}
