using System.Security.Cryptography;
using Ambient.ControlPlane.Allocation;
using Ambient.ControlPlane.Authority;
using Ambient.ControlPlane.Distribution;
using Ambient.ControlPlane.Indexing;
using Ambient.ControlPlane.Leadership;
using Ambient.ControlPlane.Provisioning;
using Ambient.ControlPlane.Publishing;
using Ambient.ControlPlane.Status;
using Ambient.Hosting.Metrics;
using Ambient.Kubernetes.Client;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Running;

/// <summary>The wiring, in the order in which data flows: objects → index → resources → proxies, and back into objects' status.</summary>
internal sealed partial class ControlPlaneServices : IDisposable
{
    private readonly ControlPlaneOptions _options;
    private readonly TimeProvider _time;
    private readonly MeshIndex _index;
    private readonly ILogger<ControlPlaneServices> _logger;
    private string _trustDomain;

    public ControlPlaneServices(ControlPlaneOptions options, ApiClient api, MetricRegistry metrics, TimeProvider time, ILoggerFactory loggers)
    {
        (_options, _time, _logger) = (options, time, loggers.CreateLogger<ControlPlaneServices>());
        (_index, _trustDomain) = (new(options.Index), options.Authority.TrustDomain);
        var random = new Random(RandomNumberGenerator.GetInt32(int.MaxValue));

        Informers = new ClusterInformers(api, options.Index, time, random, loggers);
        Mesh = new MeshResources(time);
        Statuses = new StatusWriter(new ClusterStatus(api, Informers), time, loggers.CreateLogger<StatusWriter>());
        Index = new IndexLoop(_index, new(options.DebounceAfter, options.DebounceMax), Publish, time, loggers.CreateLogger<IndexLoop>());
        Informers.Feed(Index);
        ClusterStatus.Feed(Informers, Statuses);
        Addresses = new AddressAllocator(api, Informers.ServiceEntries, options.Index, time, loggers.CreateLogger<AddressAllocator>());
        Addresses.Feed();
        WaypointInformers = new(api, options.Index, time, random, loggers);
        Waypoints = new(api, Informers, WaypointInformers, options.Provisioning, () => options.Authority.TrustDomain, time, random, loggers);
        var target = new ClusterStatus(api, Informers);
        Rejections = new Rejections(Informers, new StatusWriter(target, time, loggers.CreateLogger<StatusWriter>()), target, new(options.Authority.TrustedNodeAccounts, Informers));

        Election = new LeaderElection(new KubernetesLeases(api), LeaseOf(options), time, new Random(random.Next()), loggers.CreateLogger<LeaderElection>());
        Authority = new AuthorityParts(options.Authority, options.Callers,
            new(api, Informers.Pods, Informers.Namespaces, () => Election.IsLeader, metrics, loggers, time, new Random(random.Next())));
        if (options.WritesStatus) Election.AddDuty(Statuses.RunAsync);
        if (options.Index.AllocatedIps) Election.AddDuty(Addresses.RunAsync);
        if (options.Provisioning.IsEnabled) Election.AddDuty(Waypoints.RunAsync);
        Election.AddDuty(LeadAuthorityAsync);

        Discovery = new AdsService(Mesh, Authority.Callers, DiscoveryOf(), new AdsMetrics(metrics, Mesh, options.WritesStatus ? Rejections.Report : null), time, new Random(random.Next()),
            loggers.CreateLogger<AdsService>());
    }

    public ClusterInformers Informers { get; }
    public IndexLoop Index { get; }
    public MeshResources Mesh { get; }
    public StatusWriter Statuses { get; }
    public AddressAllocator Addresses { get; }
    public WaypointInformers WaypointInformers { get; }
    public WaypointProvisioner Waypoints { get; }
    public Rejections Rejections { get; }
    public LeaderElection Election { get; }
    public AuthorityParts Authority { get; }
    public AdsService Discovery { get; }

    public void Map(IEndpointRouteBuilder endpoints)
    {
        Discovery.Map(endpoints);
        Authority.Csr.Map(endpoints);
    }

    /// <summary>Follows the cluster until <paramref name="stop"/> fires.</summary>
    /// <exception cref="Exception">A part has failed, which none should; the others still run.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        await foreach (var ended in Task.WhenEach(Follow(stop))) await ended;
    }

    public void Dispose()
    {
        Discovery.Dispose();
        Authority.Dispose();
    }

    private Task[] Follow(CancellationToken stop) =>
    [
        Part.RunAsync("followers of objects", () => Informers.RunAsync(stop), _logger),
        _options.Provisioning.IsEnabled ? Part.RunAsync("followers of waypoints", () => WaypointInformers.RunAsync(stop), _logger) : Task.CompletedTask,
        Part.RunAsync("index", () => Index.RunAsync(Informers.Synced, stop), _logger),
        Part.RunAsync("rejections", () => Rejections.RunAsync(stop), _logger),
        Part.RunAsync("certificate authority", () => Authority.RunAsync(stop), _logger),
    ];

    private void Publish(IndexChanges changes)
    {
        CheckTrustDomain();
        Mesh.Apply(changes.Delta, changes.Traffic);
        if (!_options.WritesStatus) return;
        foreach (var conditions in changes.Conditions) Statuses.Want(conditions);
        foreach (var (gateway, routes) in changes.AttachedRoutes) Waypoints.Count(gateway, routes);
        Rejections.Forget(changes);
    }

    // Certificates carry the trust domain that held at the start. To follow a change without a restart would cut off half the mesh.
    private void CheckTrustDomain()
    {
        if (!_index.Config.TrustDomainAliases.SequenceEqual(_options.Authority.ConfiguredAliases))
            _options.Authority.ConfiguredAliases = [.. _index.Config.TrustDomainAliases];
        if (_index.Config.TrustDomain == _trustDomain) return;
        _trustDomain = _index.Config.TrustDomain;
        if (!_options.Authority.IsOurTrustDomain(_trustDomain)) Log.TrustDomainChanged(_logger, _trustDomain, _options.Authority.TrustDomain);
    }

    private async Task LeadAuthorityAsync(CancellationToken stop)
    {
        Authority.OnLeadershipChanged();
        try { await Task.Delay(Timeout.InfiniteTimeSpan, _time, stop); }
        finally { Authority.OnLeadershipChanged(); }
    }

    // Changes are collected before they are indexed; once more would only delay them.
    private static AdsOptions DiscoveryOf() => new() { PushInterval = TimeSpan.Zero, AllowAnonymousPlaintext = true };

    private static LeaderElectionOptions LeaseOf(ControlPlaneOptions options) => new()
    {
        Lease = new(options.SystemNamespace, options.Revision == "default" ? "ambient-leader" : $"ambient-leader-{options.Revision}"),
        Identity = options.PodName,
    };

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 1302.
    private static partial class Log
    {
        [LoggerMessage(1301, LogLevel.Error,
            "The mesh configuration now names the trust domain {Configured}, but certificates are signed for {Signed}: restart the control plane, one replica after another")]
        public static partial void TrustDomainChanged(ILogger logger, string configured, string signed);
    }
}
