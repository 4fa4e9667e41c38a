using Ambient.MeshProxy.Options;
using Ambient.Model.Traffic;

namespace Ambient.MeshProxy.Discovery;

/// <summary>Who asks the control plane, and where it is.</summary>
/// <param name="Kind">What we are: <c>ztunnel</c> or <c>waypoint</c>.</param>
/// <param name="Authority">For the token.</param>
/// <param name="Traffic">Kept up to date as well; null for a proxy that sees no requests.</param>
public sealed record ControlPlaneOptions(
    string Kind, NodeOptions Node, DiscoveryOptions Discovery, AuthorityOptions Authority, TrafficState? Traffic = null);
