using System.Collections.Concurrent;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Routes;
using Ambient.Model.State;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;
using Ambient.Waypoint.Inbound;
using Ambient.Waypoint.Options;

namespace Ambient.Waypoint.Upstreams;

/// <summary>The servers of every place that requests went to, one object for each, so that what it counts is counted together. Thread-safe.</summary>
internal sealed class Clusters(WaypointOptions options, MeshState mesh, TrafficState traffic, TimeProvider time)
{
    private readonly ConcurrentDictionary<ClusterName, ServiceCluster> _services = new();

    public IUpstreamSource Of(DialledTarget destination) => destination.Key is { } service
        ? Of(new ClusterName(service, destination.Port, ""))
        : new WorkloadServer(destination.Workload!.Uid, destination.Port, mesh); // any port may be dialled: none is kept beyond the connections to it

    /// <summary>What a route leads to; a service that does not exist has no servers, and one that comes to be later has them then.</summary>
    public IUpstreamSource Of(RouteBackend backend) => Of(new ClusterName(backend.Service, backend.Port, backend.Subset));

    /// <summary>Drops the servers of what is gone.</summary>
    public void Forget(MeshSnapshot now)
    {
        foreach (var name in _services.Keys)
            if (now.FindService(name.Service) is null && _services.TryRemove(name, out var gone)) gone.Forget();
    }

    private ServiceCluster Of(ClusterName name) => _services.GetOrAdd(name, key => new ServiceCluster(key, options, mesh, traffic, time));
}

/// <param name="Port">Of the service.</param>
/// <param name="Subset">Empty for all of its endpoints.</param>
internal readonly record struct ClusterName(ServiceKey Service, ushort Port, string Subset)
{
    /// <summary>As Envoy's users know it.</summary>
    public override string ToString() => $"outbound|{Port}|{Subset}|{Service.Hostname}";
}
