using Ambient.Model.Workloads;

namespace Ambient.Model.Policies;

/// <summary>A policy for requests, and what they must be addressed to. Immutable, equal by content.</summary>
/// <param name="Services">Requests to one of these.</param>
/// <param name="Gateways">All requests through one of these waypoints, <c>namespace/name</c>.</param>
/// <param name="IsForAll">All requests through any waypoint.</param>
public sealed record RequestPolicy(
    AuthorizationPolicy Policy, EquatableArray<ServiceKey> Services, EquatableArray<string> Gateways, bool IsForAll)
{
    /// <param name="gateway">The waypoint's <c>namespace/name</c>.</param>
    public bool AppliesTo(ServiceKey service, string gateway) =>
        IsForAll || Services.AsSpan().Contains(service) || Gateways.AsSpan().Contains(gateway);
}
