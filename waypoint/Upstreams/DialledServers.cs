using System.Collections.Concurrent;
using System.Net;
using Ambient.HttpProxy.Upstreams;
using Ambient.Waypoint.Options;

namespace Ambient.Waypoint.Upstreams;

/// <summary>The servers of a service that chooses none: whatever stands at the address that was dialled. Thread-safe.</summary>
/// <param name="name">Of the cluster.</param>
internal sealed class DialledServers(WaypointOptions options, string name, UpstreamProtocol protocol, ClusterState state, TlsOrigin? tls)
{
    private const int Most = 1000; // a range may have any number of addresses

    private readonly ConcurrentDictionary<IPEndPoint, UpstreamCluster> _known = new();
    private readonly ServerTransport? _transport = tls is null ? null : new("", null, tls);

    /// <returns>Without a server if that would be this waypoint itself.</returns>
    public UpstreamCluster At(IPEndPoint dialled)
    {
        if (_known.TryGetValue(dialled, out var known)) return known;
        if (_known.Count >= Most) _known.Clear(); // what was counted of them is forgotten, nothing else
        return _known.GetOrAdd(dialled, Make);
    }

    private UpstreamCluster Make(IPEndPoint dialled) => new(name, IsOurs(dialled.Address)
        ? []
        : [new(dialled) { Protocol = protocol, IsSecure = tls is not null, Limits = state.Policy.Limits, Transport = _transport }], state);

    // A range that is as wide as the internet has them too, and our pages are for this machine alone.
    private bool IsOurs(IPAddress address) =>
        address.Equals(IPAddress.Loopback) || address.Equals(IPAddress.IPv6Loopback) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)
            || (IPAddress.TryParse(options.Node.InstanceIp, out var own) && address.Equals(own));
}
