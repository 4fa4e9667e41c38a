using Ambient.ControlPlane.Indexing;
using Ambient.ControlPlane.Indexing.Backends;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.ControlPlane.Indexing.Unhonoured;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Informers;
using Ambient.Kubernetes.Resources;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Publishing;

/// <summary>An informer for each kind that the index reads.</summary>
internal sealed class ClusterInformers
{
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";

    private readonly ApiClient _api;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILoggerFactory _loggers;
    private readonly List<IInformer> _all = [];
    private readonly List<Action<IndexLoop>> _feeds = [];
    private readonly ObjectName _config;
    private CancellationToken _stop;

    public ClusterInformers(ApiClient api, IndexOptions options, TimeProvider time, Random random, ILoggerFactory loggers)
    {
        (_api, _time, _random, _loggers, _config) = (api, time, random, loggers, new(options.SystemNamespace, options.ConfigMapName));
        Namespaces = Add(ResourceTypes.Namespace);
        Nodes = Add(ResourceTypes.Node);
        MeshConfig = Add(ResourceTypes.ConfigMap, query: new() { Namespace = options.SystemNamespace, FieldSelector = $"metadata.name={options.ConfigMapName}" });
        GatewayClasses = Add(ResourceTypes.GatewayClass, mayBeMissing: true);
        Gateways = Add(ResourceTypes.Gateway, mayBeMissing: true);
        Services = Add(ResourceTypes.Service);
        ServiceEntries = Add(ResourceTypes.ServiceEntry, mayBeMissing: true);
        WorkloadEntries = Add(ResourceTypes.WorkloadEntry, mayBeMissing: true);
        EndpointSlices = Add(ResourceTypes.EndpointSlice, trim: new ObjectTrim().Trim);
        Pods = Add(ResourceTypes.Pod, trim: new ObjectTrim().Trim);
        AuthorizationPolicies = Add(ResourceTypes.AuthorizationPolicy, mayBeMissing: true,
            standIn: static one => new() { Metadata = one.Metadata, Spec = new() { Problem = one.Error, Action = "?" } });
        PeerAuthentications = Add(ResourceTypes.PeerAuthentication, mayBeMissing: true,
            standIn: static one => new() { Metadata = one.Metadata, Spec = new() { Problem = one.Error } });
        DestinationRules = Add(ResourceTypes.DestinationRule, mayBeMissing: true,
            standIn: static one => new() { Metadata = one.Metadata, Spec = new() { Problem = one.Error } });
        VirtualServices = Add(ResourceTypes.VirtualService, mayBeMissing: true,
            standIn: static one => new() { Metadata = one.Metadata, Spec = new() { Problem = one.Error } });
        Telemetries = Add(ResourceTypes.Telemetry, mayBeMissing: true,
            standIn: static one => new() { Metadata = one.Metadata, Spec = new() { Problem = one.Error } });
        HttpRoutes = Add(ResourceTypes.HttpRoute, mayBeMissing: true,
            standIn: static one => new() { Metadata = one.Metadata, Spec = new() { Problem = one.Error } });
        GrpcRoutes = Add(ResourceTypes.GrpcRoute, mayBeMissing: true,
            standIn: static one => new() { Metadata = one.Metadata, Spec = new() { Problem = one.Error } });
        TcpRoutes = Add(ResourceTypes.TcpRoute, mayBeMissing: true,
            standIn: static one => new() { Metadata = one.Metadata, Spec = new() { Problem = one.Error } });
        TlsRoutes = Add(ResourceTypes.TlsRoute, mayBeMissing: true,
            standIn: static one => new() { Metadata = one.Metadata, Spec = new() { Problem = one.Error } });
        BackendTlsPolicies = Add(ResourceTypes.BackendTlsPolicy, mayBeMissing: true,
            standIn: static one => new() { Metadata = one.Metadata, Spec = new() { Problem = one.Error } }, feed: FeedBackendTls);
        ReferenceGrants = Add(ResourceTypes.ReferenceGrant, mayBeMissing: true, standIn: static one => new() { Metadata = one.Metadata });
        RequestAuthentications = AddUnhonoured(ResourceTypes.RequestAuthentication);
        EnvoyFilters = AddUnhonoured(ResourceTypes.EnvoyFilter);
        WasmPlugins = AddUnhonoured(ResourceTypes.WasmPlugin);
        TrafficExtensions = AddUnhonoured(ResourceTypes.TrafficExtension);
        ProxyConfigs = AddUnhonoured(ResourceTypes.ProxyConfig);
        Sidecars = AddUnhonoured(ResourceTypes.Sidecar);
        WorkloadGroups = AddUnhonoured(ResourceTypes.WorkloadGroup);
    }

    public Informer<Namespace> Namespaces { get; }
    public Informer<Node> Nodes { get; }
    public Informer<ConfigMap> MeshConfig { get; }
    public Informer<GatewayClass> GatewayClasses { get; }
    public Informer<Gateway> Gateways { get; }
    public Informer<Service> Services { get; }
    public Informer<ServiceEntry> ServiceEntries { get; }
    public Informer<WorkloadEntry> WorkloadEntries { get; }
    public Informer<EndpointSlice> EndpointSlices { get; }
    public Informer<Pod> Pods { get; }
    public Informer<AuthorizationPolicy> AuthorizationPolicies { get; }
    public Informer<PeerAuthentication> PeerAuthentications { get; }
    public Informer<DestinationRule> DestinationRules { get; }
    public Informer<VirtualService> VirtualServices { get; }
    public Informer<Telemetry> Telemetries { get; }
    public Informer<HttpRoute> HttpRoutes { get; }
    public Informer<GrpcRoute> GrpcRoutes { get; }
    public Informer<TcpRoute> TcpRoutes { get; }
    public Informer<TlsRoute> TlsRoutes { get; }
    public Informer<BackendTlsPolicy> BackendTlsPolicies { get; }
    public Informer<ReferenceGrant> ReferenceGrants { get; }
    public Informer<RequestAuthentication> RequestAuthentications { get; }
    public Informer<EnvoyFilter> EnvoyFilters { get; }
    public Informer<WasmPlugin> WasmPlugins { get; }
    public Informer<TrafficExtension> TrafficExtensions { get; }
    public Informer<ProxyConfig> ProxyConfigs { get; }
    public Informer<Sidecar> Sidecars { get; }
    public Informer<WorkloadGroup> WorkloadGroups { get; }

    public IReadOnlyList<IInformer> All => _all;

    /// <summary>Completes when everything that existed at the start has been told, except for what nothing honours: the mesh does not wait for that.</summary>
    public Task Synced => Task.WhenAll(_all.Where(static informer => !UnhonouredConditions.Kinds.Contains(informer.Type)).Select(static informer => informer.Synced));

    /// <summary>Tells <paramref name="index"/> of every change. Before <see cref="RunAsync"/>.</summary>
    public void Feed(IndexLoop index)
    {
        foreach (var feed in _feeds) feed(index);
    }

    public Task RunAsync(CancellationToken stop)
    {
        _stop = stop;
        return Task.WhenAll(_all.Select(informer => informer.RunAsync(stop)));
    }

    // The index hears of certificate authorities before it does of the policy that names them, so that at no time they seem to be missing.
    private void FeedBackendTls(IndexLoop index, Informer<BackendTlsPolicy> policies)
    {
        FollowedMaps? maps = null;
        policies.AddHandler(async change =>
        {
            maps ??= new(_api, (map, _) => index.TellAsync(map), _time, new Random(_random.Next()), _loggers, _stop);
            var (before, after) = (MapsOf(change.Old), MapsOf(change.New));
            await maps.FindAsync(change.Name, [.. before.Union(after)]);
            await index.TellAsync(change);
            await maps.FindAsync(change.Name, after);
        });
    }

    // The mesh's own configuration is followed anyway; that a policy lets go of it must not look like its end.
    private List<ObjectName> MapsOf(BackendTlsPolicy? policy) => policy is null ? []
        : [.. BackendTlsReader.AuthoritiesOf(policy.Spec, policy.Metadata.Namespace ?? "").Select(static reference => reference.Map).OfType<ObjectName>().Where(map => map != _config).Distinct()];

    // kubectl keeps a copy of the whole object in an annotation: the largest part of many objects, and of no use to us.
    private static T WithoutCopy<T>(T value) where T : KubernetesObject
    {
        if (value.Metadata.Annotations?.ContainsKey(LastApplied) != true) return value;
        var others = value.Metadata.Annotations.Where(static annotation => annotation.Key != LastApplied).ToDictionary();
        return value with { Metadata = value.Metadata with { Annotations = others } };
    }

    // Most clusters do not have these kinds, and nothing depends on hearing of them at once.
    private Informer<T> AddUnhonoured<T>(ResourceType<T> type) where T : UnhonouredObject => Add(type, mayBeMissing: true, missingKindPoll: TimeSpan.FromMinutes(1));

    private Informer<T> Add<T>(ResourceType<T> type, ObjectQuery? query = null, bool mayBeMissing = false, Func<T, T>? trim = null, Func<UnreadableObject, T>? standIn = null,
        Action<IndexLoop, Informer<T>>? feed = null, TimeSpan? missingKindPoll = null)
        where T : KubernetesObject
    {
        var options = new InformerOptions<T> { Query = query ?? new(), KindMayBeMissing = mayBeMissing, Trim = trim ?? WithoutCopy, StandIn = standIn };
        if (missingKindPoll is { } poll) options = options with { MissingKindPoll = poll };
        var informer = new Informer<T>(_api, type, options, _time, new Random(_random.Next()), _loggers.CreateLogger<Informer<T>>());
        _all.Add(informer);
        if (feed is not null) _feeds.Add(index => feed(index, informer));
        else _feeds.Add(index => informer.AddHandler(change => index.TellAsync(change)));
        return informer;
    }
}
