using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Addresses;
using Ambient.Model.Balancing;
using Ambient.Model.State;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;
using Ambient.Waypoint.Options;

namespace Ambient.Waypoint.Upstreams;

/// <summary>The servers behind one port of one service, or of a subset of it, kept in step with the mesh. Thread-safe.</summary>
internal sealed class ServiceCluster(ClusterName name, WaypointOptions options, MeshState mesh, TrafficState traffic, TimeProvider time) : IUpstreamNews
{
    private readonly Lock _making = new();
    private readonly CancellationTokenSource _forgotten = new();
    private volatile Made? _made;
    private Task<UpstreamCluster>? _next;

    /// <summary>What the servers were made of, and up to which versions that has not changed.</summary>
    private sealed record Made(ServiceEntry? Service, DestinationPolicy? Destination, BackendTls? Backend, UpstreamCluster Cluster, ClusterState State, TlsOrigin? Tls)
    {
        private long _mesh = -1, _traffic = -1;

        public bool IsOf(long meshVersion, long trafficVersion) => Volatile.Read(ref _mesh) == meshVersion && Volatile.Read(ref _traffic) == trafficVersion;

        public Made CheckedAt(long meshVersion, long trafficVersion)
        {
            Volatile.Write(ref _mesh, meshVersion);
            Volatile.Write(ref _traffic, trafficVersion);
            return this;
        }
    }

    public UpstreamCluster Current
    {
        get
        {
            var (known, world, wishes) = (_made, mesh.Current, traffic.Current);
            return known?.IsOf(world.Version, wishes.Version) == true ? known.Cluster : Refresh(world, wishes).Cluster;
        }
    }

    /// <remarks>All that wait share one look at each change of the mesh.</remarks>
    public Task<UpstreamCluster> AfterAsync(UpstreamCluster known)
    {
        lock (_making)
        {
            if (Current is var now && now != known) return Task.FromResult(now);
            if (_next is null or { IsCompleted: true }) _next = mesh.WaitForAsync(_ => Current is var next && next != known ? next : null, _forgotten.Token);
            return _next;
        }
    }

    /// <summary>Its service is gone: nothing will be news any more.</summary>
    public void Forget() => _forgotten.Cancel();

    private Made Refresh(MeshSnapshot world, TrafficSnapshot wishes)
    {
        var (service, destination, backend) = (world.FindService(name.Service), wishes.DestinationOf(name.Service), wishes.TlsOf(name.Service, name.Port));
        lock (_making)
        {
            var known = _made;
            if (known is null || !ReferenceEquals(known.Service, service) || !ReferenceEquals(known.Destination, destination) || !ReferenceEquals(known.Backend, backend))
                known = Make(known, service, destination, backend, world);
            return _made = known.CheckedAt(world.Version, wishes.Version);
        }
    }

    private Made Make(Made? before, ServiceEntry? service, DestinationPolicy? destination, BackendTls? backend, MeshSnapshot world)
    {
        var subset = name.Subset.Length > 0 ? destination?.Find(name.Subset) : null;
        var policy = name.Subset.Length > 0 && subset is null
            ? TrafficPolicy.Default with { Unusable = $"{name.Service} has no subset '{name.Subset}'." }
            : destination?.PolicyFor(name.Port, subset) ?? TrafficPolicy.Default;
        if (backend is not null) policy = policy with { Tls = backend.Tls, Unusable = policy.Unusable.Length > 0 ? policy.Unusable : backend.Unusable };
        var state = before?.State is { } kept && kept.Policy.Equals(policy) ? kept : new ClusterState(policy, time);
        var tls = policy.Tls is not { } wanted ? null : before?.Tls is { } same && same.Settings.Equals(wanted) ? same : new TlsOrigin(wanted, name.Service.Hostname, time);
        var servers = service is null ? [] : Servers(service, subset, policy, tls, world, before);
        var cluster = new UpstreamCluster(name.ToString(), servers, state, policy.Locality is { } wish ? LocalityPlaces.Of(wish, Place(world), servers) : null)
        {
            News = this,
            At = service?.Service.LoadBalancing.Mode == LoadBalancingMode.Passthrough ? new DialledServers(options, name.ToString(), ProtocolOf(service.Service, policy), state, tls).At : null,
            EmptySince = servers.Count > 0 || before is null ? 0 : before.Cluster.Endpoints.Count > 0 ? Math.Max(1, time.GetTimestamp()) : before.Cluster.EmptySince,
        };
        return new(service, destination, backend, cluster, state, tls);
    }

    private List<UpstreamEndpoint> Servers(ServiceEntry service, Subset? subset, TrafficPolicy policy, TlsOrigin? tls, MeshSnapshot world, Made? before)
    {
        var known = before?.Cluster.Endpoints.ToDictionary(static endpoint => (endpoint.Address, endpoint.Protocol, ((Workload)endpoint.Subject!).Uid));
        var protocol = ProtocolOf(service.Service, policy);
        var servers = new List<UpstreamEndpoint>();
        var place = Place(world);
        foreach (var endpoint in policy.Locality is null ? service.Candidates(place, name.Port) : service.CandidatesAnywhere(place, name.Port))
        {
            if (policy.Locality is { } wish && !LocalityPlaces.IsUsed(wish, place, endpoint.Workload)) continue;
            if (subset is not null && subset.Workloads.AsSpan().BinarySearch(endpoint.Workload.Uid, StringComparer.Ordinal) < 0) continue;
            if (Reach(service, endpoint, place) is not var (at, host, remote)) continue;
            var same = known?.GetValueOrDefault((at, protocol, endpoint.Workload.Uid));
            servers.Add(same is not null && endpoint.Workload.Equals(same.Subject) && (same.Transport as ServerTransport)?.Tls == tls && same.Limits == policy.Limits
                ? same
                : new UpstreamEndpoint(at, same)
                {
                    Protocol = protocol,
                    IsSecure = tls is not null,
                    Limits = policy.Limits,
                    Subject = endpoint.Workload,
                    Transport = tls is null && remote is null && host.Length == 0 ? null : new ServerTransport(host, remote, tls),
                    Since = same?.Since ?? (before is null ? 0 : time.GetTimestamp()),
                });
        }

        return servers;
    }

    /// <summary>At its address, by its name, or through the gateway to its network; null if there is no way.</summary>
    private (System.Net.IPEndPoint At, string Host, RemoteServers? Remote)? Reach(ServiceEntry service, Endpoint endpoint, in ClientPlace place)
    {
        var workload = endpoint.Workload;
        if (workload.Network != place.Network)
            return workload.NetworkGateway is { } gateway ? (new(System.Net.IPAddress.Any, name.Port), "", new(name.Service, name.Port, gateway)) : null;
        if (TargetPort.Of(service, endpoint, name.Port) is not { } port) return null;
        if (WorkloadAddress.Of(workload, service.Service.IpFamilies) is { } address) return (new(address, port), "", null);
        return workload.Hostname.Length > 0 ? (new(System.Net.IPAddress.Any, port), workload.Hostname, null) : null;
    }

    private ClientPlace Place(MeshSnapshot world) =>
        System.Net.IPAddress.TryParse(options.Node.InstanceIp, out var ip) && world.FindWorkload(new NetworkAddress(options.Node.Network, ip)) is { } us
            ? ClientPlace.Of(us)
            : new(options.Node.Network, default, options.Node.NodeName ?? "", options.Node.ClusterId);

    private UpstreamProtocol ProtocolOf(Service service, TrafficPolicy policy) => policy.Http switch
    {
        UpstreamHttp.Http1 => UpstreamProtocol.Http1,
        UpstreamHttp.Http2 => UpstreamProtocol.Http2,
        UpstreamHttp.AsClient => UpstreamProtocol.SameAsClient,
        _ => service.Ports.ProtocolOf(name.Port) switch
        {
            AppProtocol.Http2 or AppProtocol.Grpc => UpstreamProtocol.Http2,
            AppProtocol.Http11 => UpstreamProtocol.Http1,
            _ => UpstreamProtocol.SameAsClient,
        },
    };
}
