using System.Net;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Tunnels;
using Ambient.Model.Addresses;
using Ambient.Model.Identities;
using Ambient.Model.State;
using Ambient.Model.Workloads;

namespace Ambient.Waypoint.Inbound;

/// <summary>Who opened a connection.</summary>
/// <param name="Address">Its pod's end of the tunnel; what the client says of itself does not count.</param>
/// <param name="Identity">Proven by its certificate.</param>
/// <param name="Workload">As the mesh knows it, if the address is its own and the identity fits; for telemetry.</param>
/// <param name="Claims">What the tunnel told of it; for telemetry only.</param>
internal sealed record Client(IPEndPoint Address, SpiffeId? Identity, Workload? Workload, Baggage? Claims)
{
    /// <summary>Of its identity; null if it has none.</summary>
    public string? Namespace => Identity?.Namespace;

    /// <summary>Metrics would name both the same.</summary>
    public bool IsSameSource(Client other) =>
        ReferenceEquals(this, other) || (Identity == other.Identity && ReferenceEquals(Workload, other.Workload) && Equals(Claims, other.Claims));

    public static Client Of(HboneStream stream, ConnectRequest request, IPEndPoint peer, MeshSnapshot mesh, string network)
    {
        var workload = mesh.FindWorkload(new NetworkAddress(network, peer.Address));
        var identity = stream.Tunnel.Peer.Id;
        if (workload is not null && workload.Identity != identity) workload = null;
        return new(peer, identity, workload, workload is null && request.Baggage is { } baggage ? Baggage.Parse([baggage]) : null);
    }
}
