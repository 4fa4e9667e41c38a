using System.Collections.Frozen;
using System.Collections.Immutable;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Replies;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Policies;
using Ambient.Model.Routes;
using Ambient.Model.Telemetry;
using Ambient.Waypoint.Telemetry;

namespace Ambient.Waypoint.Routing;

/// <summary>What happens to the requests for one port of one service, put together from all that users say about it. Any thread.</summary>
/// <param name="routes">What it was made of, to tell whether that has changed.</param>
/// <param name="policies">Likewise.</param>
/// <param name="telemetry">Likewise.</param>
/// <param name="connections">For what is not HTTP: by the namespace of the clients, and under the empty name for all others.</param>
/// <param name="requests">Likewise, for what is HTTP.</param>
/// <param name="servers">Where requests go that no route is for.</param>
internal sealed class ServiceTraffic(
    ImmutableList<Route> routes, ImmutableSortedDictionary<string, RequestPolicy> policies, ImmutableDictionary<string, TelemetryPolicy> telemetry,
    PolicySet applying, ServiceTelemetry told,
    FrozenDictionary<string, ConnectionRoutes> connections, FrozenDictionary<string, RouteTable<RouteProgram>> requests, IUpstreamSource servers, RoutePlan plan)
{
    private long _checkedAt;

    public PolicySet Policies => applying;

    public ServiceTelemetry Telemetry => told;

    public bool HasDryRuns { get; } = applying.Policies.Any(static policy => policy.DryRun);

    /// <summary>Version of the users' wishes up to which nothing of it has changed.</summary>
    public long CheckedAt { get => Volatile.Read(ref _checkedAt); set => Volatile.Write(ref _checkedAt, value); }

    public bool IsMadeOf(ImmutableList<Route> otherRoutes, ImmutableSortedDictionary<string, RequestPolicy> otherPolicies, ImmutableDictionary<string, TelemetryPolicy> otherTelemetry) =>
        ReferenceEquals(routes, otherRoutes) && ReferenceEquals(policies, otherPolicies) && ReferenceEquals(telemetry, otherTelemetry);

    /// <param name="client">The namespace; null if nobody knows.</param>
    /// <returns>Null if all connections lead to the service's own servers.</returns>
    public ConnectionRoutes? ConnectionsOf(string? client) => Of(connections, client);

    /// <summary>The user has said that connections of these clients are routed, and not requests.</summary>
    /// <param name="client">As above.</param>
    public bool RoutesConnectionsOf(string? client) => ConnectionsOf(client) is not null && Of(requests, client) is null;

    /// <summary>A service with routes that do not match answers 404; without routes its own servers are asked (GEP-1426).</summary>
    public RouteDecision Decide(in RouteRequest request, in RouteCaller caller, Random random)
    {
        if (Of(requests, request.SourceNamespace) is not { } table) return RouteDecision.To(servers.Current, plan);
        return table.TryFind(request, out var found)
            ? found.Action.Decide(request, found.Match.Path, caller, random)
            : RouteDecision.Answer(new LocalReply(404, "No route of the service matches the request.") { Flag = ExchangeFlag.NoRoute });
    }

    /// <summary>Those of the client's own namespace take the place of those for all.</summary>
    private static T? Of<T>(FrozenDictionary<string, T> routes, string? client) where T : class =>
        client is not null && routes.TryGetValue(client, out var own) ? own : routes.GetValueOrDefault("");
}
