using Ambient.Model.Addresses;
using Ambient.Model.Balancing;
using Ambient.Model.Connections;
using Ambient.Model.State;

namespace Ambient.Ztunnel.Outbound;

/// <summary>What the steps of one routing decision share.</summary>
/// <param name="Meant">The service the client addressed, if it was one.</param>
internal sealed record RouteStep(OutboundRequest Request, MeshSnapshot Mesh, Random Random, ServiceEntry? Meant)
{
    public HopChoices Choices => new(Request, Mesh, Random);

    /// <summary>Completes a route with what it takes to dial <paramref name="hop"/>, or refuses if it has no address.</summary>
    public RouteDecision To(Hop hop, ushort port, Route route)
    {
        route = route with
        {
            Upstream = hop.Workload,
            DestinationService = Meant?.Service,
            PreferredFamily = hop.Towards.AddressFamily,
            HasAlternatives = hop.Service is not null,
        };
        if (hop.Address is { } address)
        {
            return route with
            {
                NextHop = new(address, port),
                Authority = route.DirectPort is { } direct ? Authority.Of(address, direct) : route.Authority,
            };
        }
        return hop.Workload.Hostname.Length > 0
            ? route with { HostToResolve = hop.Workload.Hostname }
            : new Refusal(ReasonCode.NoUsableAddress, hop.Workload.Uid);
    }
}
