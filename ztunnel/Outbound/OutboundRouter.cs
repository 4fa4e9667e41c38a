using System.Net;
using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.Balancing;
using Ambient.Model.Connections;
using Ambient.Model.State;
using Ambient.Model.Workloads;

namespace Ambient.Ztunnel.Outbound;

/// <summary>Decides how a connection that leaves a pod is carried. Pure: the same snapshot and dice give the same route.</summary>
/// <param name="network">The network this node is in.</param>
/// <param name="proxyPorts">The proxy's own ports in each pod.</param>
internal sealed class OutboundRouter(string network, EquatableArray<ushort> proxyPorts)
{
    /// <summary>Where every workload of the mesh accepts tunnels.</summary>
    public const ushort HbonePort = 15008;

    public RouteDecision Route(OutboundRequest request, MeshSnapshot mesh, Random random)
    {
        if (IsLoop(request)) return Refuse(ReasonCode.LoopDetected, request.Destination.ToString());

        var meant = mesh.Find(new NetworkAddress(network, request.Destination.Address), request.Source.Namespace);
        var step = new RouteStep(request, mesh, random, meant.Service);

        if (meant.Service is { } service && Waypoints.Choose(service.Service, random) is { } waypoint)
            return ViaServiceWaypoint(step, waypoint);

        if (step.Choices.FindUpstream(request.Destination) is not { } upstream) return WithoutUpstream(step);
        if (upstream.Workload.Fault is { } fault) return Refuse(ReasonCode.NoHealthyUpstream, $"{upstream.Workload.Uid} cannot be read: {fault}");
        if (upstream.Workload.Network != request.Source.Network) return ViaGateway(step, upstream);
        if (meant.Service is null && upstream.Workload.Waypoint is { } own && !step.Choices.SourceIsBehind(own))
            return ViaWorkloadWaypoint(step, own);
        return Direct(step, upstream);
    }

    /// <summary>
    /// Another route for a connection whose next hop could not be reached, before any byte was sent. A refusal means that nobody
    /// is left to try: the first failure is what to report.
    /// </summary>
    public RouteDecision RouteAgain(Route failed, MeshSnapshot mesh, Random random)
    {
        if (!failed.HasAlternatives || failed.Upstream is null) return Refuse(ReasonCode.NoHealthyUpstream, "no other endpoint");
        return Route(failed.Request with { Tried = [.. failed.Request.Tried, TriedHop.Of(failed.Upstream)] }, mesh, random);
    }

    // The proxy's ports on loopback or on the pod's own address would lead back into the proxy, without end.
    private bool IsLoop(OutboundRequest request)
    {
        var (address, port) = (request.Destination.Address, request.Destination.Port);
        if (!proxyPorts.Contains((ushort)port)) return false;
        return IPAddress.IsLoopback(address) || address.Equals(request.SourceAddress) || request.Source.Owns(address);
    }

    private static RouteDecision ViaServiceWaypoint(RouteStep step, GatewayAddress reference)
    {
        var (waypoint, refusal) = step.Choices.FindWaypoint(reference);
        if (waypoint is null) return refusal!;
        return waypoint.Workload.Network != step.Request.Source.Network ? ViaGateway(step, waypoint) : Through(step, waypoint);
    }

    private static RouteDecision ViaWorkloadWaypoint(RouteStep step, GatewayAddress reference)
    {
        var (waypoint, refusal) = step.Choices.FindWaypoint(reference);
        if (waypoint is null) return refusal!;
        // Only services can be named across networks.
        return waypoint.Workload.Network != step.Request.Source.Network
            ? Refuse(ReasonCode.GatewayMissing, $"waypoint {reference}")
            : Through(step, waypoint);
    }

    /// <summary>A waypoint is told the address the client dialled and does the rest.</summary>
    private static RouteDecision Through(RouteStep step, Hop waypoint) => step.To(waypoint, waypoint.Port, new()
    {
        Protocol = RouteProtocol.Hbone,
        Request = step.Request,
        NextHopPort = waypoint.Port,
        Authority = Authority.Of(step.Request.Destination),
        ExpectedPeers = waypoint.Identities,
    });

    private static RouteDecision Direct(RouteStep step, Hop upstream) => upstream.Workload.Protocol == TunnelProtocol.Hbone
        ? step.To(upstream, HbonePort, new()
        {
            Protocol = RouteProtocol.Hbone,
            Request = step.Request,
            NextHopPort = HbonePort,
            DirectPort = upstream.Port,
            ExpectedPeers = upstream.Identities,
        })
        : step.To(upstream, upstream.Port, new()
        {
            Protocol = RouteProtocol.Tcp,
            Request = step.Request,
            NextHopPort = upstream.Port,
        });

    private static RouteDecision ViaGateway(RouteStep step, Hop remote)
    {
        if (step.Meant is null) return Refuse(ReasonCode.GatewayMissing, $"{remote.Workload.Uid} was not addressed as a service");
        if (remote.Workload.NetworkGateway is not { } reference) return Refuse(ReasonCode.GatewayMissing, remote.Workload.Uid);

        var (gateway, refusal) = step.Choices.FindGateway(reference);
        if (gateway is null) return refusal!;
        return step.To(gateway, gateway.Port, new()
        {
            Protocol = RouteProtocol.DoubleHbone,
            Request = step.Request,
            NextHopPort = gateway.Port,
            Authority = Authority.Of(step.Meant.Service.Hostname, (ushort)step.Request.Destination.Port),
            ExpectedPeers = gateway.Identities,
            ExpectedInnerPeers = remote.Service?.Identities ?? default,
        });
    }

    /// <summary>A service that cannot be served is refused; what the mesh does not know is left alone.</summary>
    private static RouteDecision WithoutUpstream(RouteStep step)
    {
        var services = new[] { step.Meant, step.Choices.FindService(step.Request.Destination.Address) };
        foreach (var entry in services)
        {
            if (entry is null || entry.Service.LoadBalancing.Mode == LoadBalancingMode.Passthrough) continue;
            var lacksGateway = entry.LacksGateway(ClientPlace.Of(step.Request.Source), (ushort)step.Request.Destination.Port);
            return Refuse(lacksGateway ? ReasonCode.GatewayMissing : ReasonCode.NoHealthyUpstream,
                $"{entry.Service.Key}:{step.Request.Destination.Port}");
        }
        return new Route
        {
            Protocol = RouteProtocol.Tcp,
            Request = step.Request,
            NextHop = step.Request.Destination,
            NextHopPort = (ushort)step.Request.Destination.Port,
            DestinationService = step.Meant?.Service,
        };
    }

    private static Refusal Refuse(ReasonCode code, string detail) => new(code, detail);
}
