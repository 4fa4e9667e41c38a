using System.Net;
using Ambient.Model.Addresses;
using Ambient.Model.Workloads;
using Ambient.Ztunnel.Outbound;

namespace Ambient.Ztunnel.Inbound;

/// <summary>A CONNECT request to a pod.</summary>
/// <param name="Local">The pod.</param>
/// <param name="LocalAddress">Its address, to which the tunnel was opened.</param>
/// <param name="Target">What the request asks for.</param>
/// <param name="ForwardedHost">Host name of the service the client meant, as its proxy tells; null if it does not.</param>
internal sealed record InboundRequest(Workload Local, IPAddress LocalAddress, Authority Target, string? ForwardedHost);

/// <summary>Where to connect.</summary>
/// <param name="Upstream">The application.</param>
/// <param name="DestinationService">The service the client probably meant; for telemetry only.</param>
/// <param name="ProxyTarget">Set if the application expects a PROXY protocol header: the destination to name there.</param>
internal sealed record InboundRoute(IPEndPoint Upstream, Service? DestinationService, IPEndPoint? ProxyTarget);

/// <summary>A route, or why there is none: exactly one is set.</summary>
internal readonly record struct InboundDecision(InboundRoute? Route, Refusal? Refusal)
{
    public static implicit operator InboundDecision(InboundRoute route) => new(route, null);

    public static implicit operator InboundDecision(Refusal refusal) => new(null, refusal);
}
