using Ambient.Model;
using Ambient.Model.Routes;
using Ambient.Model.Workloads;

namespace Ambient.Waypoint.Routing;

/// <summary>Where connections to one port of a service go that are not looked into: of TLS by the name that is asked for, of others all alike. Immutable.</summary>
internal sealed class ConnectionRoutes
{
    private readonly List<(string Pattern, Route Route)> _byName = []; // the most specific first, then the oldest
    private readonly Route? _otherwise;

    private ConnectionRoutes(IReadOnlyList<Route> routes, ServiceKey service, ushort port)
    {
        if (routes[0].Kind == RouteKind.TcpRoute)
        {
            _otherwise = routes[0];
            return;
        }

        foreach (var route in routes) _byName.AddRange(NamesOf(route, port).Select(name => (name, route)));
        _byName = [.. _byName.OrderBy(static one => HostPattern.IsWildcard(one.Pattern)).ThenByDescending(static one => one.Pattern.Length)];
        _otherwise = Find(service.Hostname);
        AsksForName = _byName.Exists(one => one.Route != _otherwise);
    }

    /// <summary>It matters which name is asked for.</summary>
    public bool AsksForName { get; }

    /// <param name="routes">Those for this port, of any kind.</param>
    /// <returns>Null if none is for connections.</returns>
    public static ConnectionRoutes? Of(IEnumerable<Route> routes, ServiceKey service, ushort port)
    {
        List<Route> all = [.. routes.Where(static route => route.Kind is RouteKind.TlsRoute or RouteKind.TcpRoute)
            .OrderBy(static route => route.Kind).ThenBy(static route => route.Created).ThenBy(static route => route.Key, StringComparer.Ordinal)
            .ThenBy(static route => LabelOf(route).Length).ThenBy(LabelOf, StringComparer.Ordinal)];
        return all.Count == 0 ? null : new(all.FindAll(route => route.Kind == all[0].Kind), service, port);
    }

    /// <summary>
    /// By the most specific name. Whoever names the service itself means all connections that no other route is for, whatever they ask for: its clients
    /// know it by short names too, and it had no other meaning before.
    /// </summary>
    /// <param name="name">Empty for none.</param>
    /// <returns>Null if the connection is to be ended.</returns>
    public Route? For(string name) => (name.Length > 0 ? Find(name) : null) ?? _otherwise;

    private Route? Find(string name) => _byName.Find(one => HostPattern.Covers(one.Pattern, name)).Route;

    // A virtual service has a route for each part of it, numbered; the first counts.
    private static string LabelOf(Route route) => route.Rules.Count > 0 ? route.Rules[0].Name : "";

    private static IEnumerable<string> NamesOf(Route route, ushort port) => route.Rules.SelectMany(static rule => rule.Matches)
        .Where(match => match.Port == 0 || match.Port == port).SelectMany(static match => match.ServerNames.IsEmpty ? ["*"] : match.ServerNames).Distinct();
}
