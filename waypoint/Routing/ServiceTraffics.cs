using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Ambient.HttpProxy.Filters;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model;
using Ambient.Model.Policies;
using Ambient.Model.Routes;
using Ambient.Model.State;
using Ambient.Model.Telemetry;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;
using Ambient.Waypoint.Inbound;
using Ambient.Waypoint.Options;
using Ambient.Waypoint.Telemetry;
using Ambient.Waypoint.Upstreams;

namespace Ambient.Waypoint.Routing;

/// <summary>Puts together what users say about each service, when it is first asked for and again after it changed. Thread-safe.</summary>
/// <remarks>
/// Objects of users are merged here and not in the control plane, so one edit is one small message. A rule is prepared once, however many
/// services and ports it is for, and keeps its counters as long as it stays as it is.
/// </remarks>
internal sealed class ServiceTraffics(WaypointOptions options, MeshState mesh, TrafficState traffic, TimeProvider time)
{
    /// <summary>Proxies among themselves; a server must not believe a client that claims to be one.</summary>
    private static readonly HeaderEdits Common = new() { Remove = ["x-forwarded-client-cert", "x-envoy-peer-metadata", "x-envoy-peer-metadata-id", "x-envoy-attempt-count", "x-envoy-original-path"] };
    private static readonly RoutePlan DefaultPlan = new() { Name = "default", RequestEdits = FieldEdits.Of(Common) };

    private readonly ConcurrentDictionary<(ServiceKey Service, ushort Port), ServiceTraffic> _known = new();
    private readonly ConditionalWeakTable<DialledTarget, ServiceTraffic> _ofWorkloads = []; // any port may be dialled: none is kept beyond the connections to it
    private readonly ConditionalWeakTable<RouteRule, RouteProgram> _programs = new();
    private readonly Clusters _clusters = new(options, mesh, traffic, time);

    /// <summary>As it is now.</summary>
    public ServiceTraffic For(DialledTarget destination)
    {
        var now = traffic.Current;
        if (Known(destination) is { } known)
        {
            if (known.CheckedAt == now.Version) return known;
            if (known.IsMadeOf(RoutesOf(now, destination), now.Policies, now.Telemetry))
            {
                known.CheckedAt = now.Version;
                return known;
            }
        }

        var made = Make(destination, now);
        made.CheckedAt = now.Version;
        if (destination.Key is { } service) _known[(service, destination.Port)] = made;
        else _ofWorkloads.AddOrUpdate(destination, made);
        return made;
    }

    /// <summary>The servers for a connection that is not HTTP: one of its route's backends by weight, or the service's own.</summary>
    /// <param name="client">Its namespace; null if nobody knows.</param>
    /// <param name="name">That is asked for in TLS; empty for none.</param>
    /// <returns>Null if no route is for it, or the backend that was drawn is none.</returns>
    public IUpstreamSource? ServersOf(DialledTarget destination, string? client, string name, Random random)
    {
        if (For(destination).ConnectionsOf(client) is not { } routes) return _clusters.Of(destination);
        if (routes.For(name) is not { } route) return null;
        var backends = route.Rules.SelectMany(static rule => rule.Action.Backends).ToList();
        var ticket = random.NextInt64(Math.Max(1, backends.Sum(static backend => backend.Weight)));
        var drawn = backends.FirstOrDefault(backend => (ticket -= backend.Weight) < 0);
        return drawn is null or { Invalid.Length: > 0 } ? null : _clusters.Of(drawn.Port != 0 ? drawn : drawn with { Port = destination.Port });
    }

    /// <summary>Where spans go; a service that does not exist has no servers.</summary>
    public IUpstreamSource ServersOf(TraceCollector collector) => _clusters.Of(new RouteBackend { Service = collector.Service, Port = collector.Port });

    /// <summary>What is not used any more of what was put together.</summary>
    public void Forget()
    {
        var now = mesh.Current;
        foreach (var key in _known.Keys)
            if (now.FindService(key.Service) is null) _known.TryRemove(key, out _);
        _clusters.Forget(now);
    }

    private ServiceTraffic? Known(DialledTarget destination) => destination.Key is { } service
        ? _known.GetValueOrDefault((service, destination.Port))
        : _ofWorkloads.TryGetValue(destination, out var known) ? known : null;

    private static ImmutableList<Route> RoutesOf(TrafficSnapshot now, DialledTarget destination) =>
        destination.Key is { } service ? now.RoutesOf(service) : []; // nobody routes requests to a pod's own address

    private ServiceTraffic Make(DialledTarget destination, TrafficSnapshot now)
    {
        var routes = RoutesOf(now, destination);
        var applying = now.Policies.Values.Where(policy => Applies(policy, destination)).Select(static policy => policy.Policy).ToEquatableArray();
        var (connections, requests) = RoutesByClient(routes, destination.Key ?? default, destination.Port);
        return new(routes, now.Policies, now.Telemetry, new(applying, []), ServiceTelemetry.Of(now.Telemetry.Values, destination.Key, options.GatewayKey),
            connections, requests, _clusters.Of(destination), DefaultPlan);
    }

    private bool Applies(RequestPolicy policy, DialledTarget destination) => destination.Key is { } service
        ? policy.AppliesTo(service, options.GatewayKey)
        : policy.IsForAll || policy.Gateways.AsSpan().Contains(options.GatewayKey);

    /// <summary>By the namespace whose clients they are for; under the empty name those for everybody.</summary>
    private (FrozenDictionary<string, ConnectionRoutes>, FrozenDictionary<string, RouteTable<RouteProgram>>) RoutesByClient(ImmutableList<Route> routes, ServiceKey service, ushort port)
    {
        var (connections, requests) = (new Dictionary<string, ConnectionRoutes>(), new Dictionary<string, RouteTable<RouteProgram>>());
        foreach (var group in routes.Where(route => IsFor(route, service, port)).GroupBy(route => route.IsConsumerRouteFor(service) ? route.Namespace : ""))
        {
            if (ConnectionRoutes.Of(group, service, port) is { } found) connections[group.Key] = found;
            var others = group.Where(static route => route.Kind is not (RouteKind.TcpRoute or RouteKind.TlsRoute)).ToList();
            if (others.Count > 0) requests[group.Key] = TableOf(others.FindAll(route => route.Kind == others.Min(static other => other.Kind)), port);
        }

        return (connections.ToFrozenDictionary(), requests.ToFrozenDictionary());
    }

    private static bool IsFor(Route route, ServiceKey service, ushort port) =>
        route.Parents.Any(parent => parent.Service == service && (parent.Port == 0 || parent.Port == port));

    private RouteTable<RouteProgram> TableOf(List<Route> routes, ushort port)
    {
        var entries = new List<(RouteMatch Match, RouteOrigin Origin, RouteProgram Program)>(routes.Count);
        foreach (var route in routes)
        {
            var name = $"{route.Namespace}/{route.Name}";
            for (var number = 0; number < route.Rules.Count; number++)
                foreach (var match in route.Rules[number].Matches)
                    if (match.Port == 0 || match.Port == port) entries.Add((match, new(route.Created, name, number), ProgramOf(route, route.Rules[number], number)));
        }

        // The rules of virtual services are tried in the order written; in both orders matches of one rule keep theirs.
        var ordered = routes.All(static route => route.Kind == RouteKind.VirtualService)
            ? entries.OrderBy(static entry => entry.Origin.Created).ThenBy(static entry => entry.Origin.Name, StringComparer.Ordinal)
            : entries.OrderBy(static entry => (entry.Match, entry.Origin), RoutePrecedence.Instance);
        return new(ordered.Select(static entry => new RouteEntry<RouteProgram>(entry.Match, entry.Program)));
    }

    private RouteProgram ProgramOf(Route route, RouteRule rule, int number) => _programs.GetValue(rule, _ =>
        new($"{route.Namespace}/{route.Name}/{(rule.Name.Length > 0 ? rule.Name : number)}", rule.Action, Common,
            _clusters.Of, time));
}
