using System.Net;
using Ambient.Model.Addresses;
using Ambient.Model.Balancing;
using Ambient.Model.Connections;
using Ambient.Model.State;
using Ambient.Model.Workloads;

namespace Ambient.Ztunnel.Outbound;

/// <summary>Finds the workload behind an address, waypoint or gateway, choosing among a service's endpoints.</summary>
internal readonly struct HopChoices(OutboundRequest request, MeshSnapshot mesh, Random random)
{
    /// <summary>The endpoint of a service, or the workload that owns the address; null if there is none to be used.</summary>
    public Hop? FindUpstream(IPEndPoint destination)
    {
        var found = mesh.FindServiceFirst(InSourceNetwork(destination.Address), request.Source.Namespace);
        var port = (ushort)destination.Port;
        if (found.Workload is { } workload) return new(workload, port, null, destination.Address);
        if (found.Service is not { } service || service.Service.LoadBalancing.Mode == LoadBalancingMode.Passthrough) return null;
        return Pick(service, port, EndpointUse.Application, destination.Address);
    }

    public ServiceEntry? FindService(IPAddress vip) => mesh.FindService(InSourceNetwork(vip), request.Source.Namespace);

    public (Hop?, Refusal?) FindWaypoint(GatewayAddress reference) =>
        Find(reference, EndpointUse.Waypoint, ReasonCode.WaypointUnknown, ReasonCode.WaypointUnhealthy);

    public (Hop?, Refusal?) FindGateway(GatewayAddress reference) =>
        Find(reference, EndpointUse.Gateway, ReasonCode.GatewayUnknown, ReasonCode.GatewayUnhealthy);

    /// <summary>True if the connection comes from the waypoint itself, which must not be sent through itself again.</summary>
    public bool SourceIsBehind(GatewayAddress waypoint)
    {
        var behind = Resolve(waypoint);
        if (behind.Workload is { } workload) return IsSource(workload);
        foreach (var member in behind.Service?.Members ?? [])
            if (IsSource(member.Workload)) return true;
        return false;
    }

    private (Hop?, Refusal?) Find(GatewayAddress reference, EndpointUse use, ReasonCode unknown, ReasonCode unhealthy)
    {
        // A gateway named by address is reached at that address; one named by host, in the family the client uses.
        var towards = reference.Address?.Address ?? request.Destination.Address;
        var found = Resolve(reference);
        if (found.Workload is { } workload) return (new(workload, reference.HbonePort, null, towards), null);
        if (found.Service is not { } service) return (null, new(unknown, reference.ToString()));
        var hop = Pick(service, reference.HbonePort, use, towards);
        return hop is null ? (null, new(unhealthy, reference.ToString())) : (hop, null);
    }

    private Hop? Pick(ServiceEntry service, ushort port, EndpointUse use, IPAddress towards)
    {
        var endpoint = Choose(service, port, use);
        if (endpoint is null || TargetPort.Of(service, endpoint, port) is not { } target) return null;
        return new(endpoint.Workload, target, service, towards);
    }

    /// <summary>By the service's rules; of what these allow, neither what this connection tried nor, if there is a choice, what is avoided.</summary>
    private Endpoint? Choose(ServiceEntry service, ushort port, EndpointUse use)
    {
        var (place, tried, avoided) = (ClientPlace.Of(request.Source), request.Tried, request.Avoided);
        Func<Endpoint, bool>? wasTried = tried.IsEmpty ? null : endpoint => tried.Any(hop => hop.Is(endpoint.Workload));
        var chosen = service.Pick(place, port, use, random, wasTried);
        if (avoided is null || avoided.IsEmpty || chosen is null) return chosen;
        if (!avoided.ContainsForNext(chosen.Workload, TargetPort.Of(service, chosen, port) ?? port)) return chosen;

        return service.Pick(place, port, use, random, endpoint =>
            wasTried?.Invoke(endpoint) == true || avoided.Contains(endpoint.Workload, TargetPort.Of(service, endpoint, port) ?? port)) ?? chosen;
    }

    // Waypoints and gateways are the mesh's own: visibility is for clients.
    private Destination Resolve(GatewayAddress reference) => reference.Host is { } host
        ? mesh.Find(host)
        : mesh.FindServiceFirst(reference.Address!.Value, null);

    private bool IsSource(Workload workload) =>
        workload.Identity == request.Source.Identity && workload.Owns(request.SourceAddress);

    private NetworkAddress InSourceNetwork(IPAddress address) => new(request.Source.Network, address);
}
