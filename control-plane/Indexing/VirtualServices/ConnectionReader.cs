using System.Text.Json;
using Ambient.ControlPlane.Indexing.Routes;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.Kubernetes.Resources;
using Ambient.Model;

namespace Ambient.ControlPlane.Indexing.VirtualServices;

/// <summary>What a VirtualService says of connections → <see cref="VirtualConnection"/>s, in the order in which they count: those of TLS first. Pure.</summary>
/// <param name="problems">Told what is not honoured.</param>
/// <remarks>Connections of a route that cannot be honoured are ended; a match of which nobody can tell the connections takes none.</remarks>
internal sealed class ConnectionReader(VirtualActionReader actions, List<string> problems)
{
    private const int MostRoutes = 256, MostMatches = 64;

    public EquatableArray<VirtualConnection> Read(VirtualServiceSpec spec) =>
        Read(spec.Tls ?? [], isTls: true).Concat(Read(spec.Tcp ?? [], isTls: false)).ToEquatableArray();

    private IEnumerable<VirtualConnection> Read(IReadOnlyList<JsonElement> routes, bool isTls)
    {
        var kind = isTls ? "tls" : "tcp";
        if (routes.Count > MostRoutes) problems.Add($"{kind}: {routes.Count} routes, the first {MostRoutes} are used.");
        foreach (var (index, route) in routes.Take(MostRoutes).Index())
            if (Read(route, isTls, $"{kind}[{index}]") is { } read) yield return read;
    }

    private VirtualConnection? Read(JsonElement json, bool isTls, string label)
    {
        VirtualConnectionRoute route;
        try { route = json.Deserialize(KubernetesJson.Default.VirtualConnectionRoute) ?? new(); }
        catch (JsonException)
        {
            problems.Add($"{label}: it has a field that is not known here, or a value of the wrong kind, so it has no effect.");
            return null;
        }
        var matches = MatchesOf(route, isTls, label);
        return matches.Count == 0 ? null : new(label, isTls, matches.ToEquatableArray(), BackendsOf(route, label));
    }

    private EquatableArray<VirtualBackend> BackendsOf(VirtualConnectionRoute route, string label)
    {
        try
        {
            if (route.Route is not { Count: > 0 }) throw new UnusablePartException("it has no destination.");
            return actions.BackendsOf(route.Route, label);
        }
        catch (UnusablePartException e)
        {
            problems.Add($"{label}: its connections are ended: {e.Message}");
            return default;
        }
    }

    private List<ConnectionMatch> MatchesOf(VirtualConnectionRoute route, bool isTls, string label)
    {
        var matches = new List<ConnectionMatch>();
        if (route.Match is { Count: > MostMatches } many) problems.Add($"{label}: {many.Count} matches, the first {MostMatches} are used.");
        foreach (var match in route.Match is { Count: > 0 } given ? given.Take(MostMatches) : [new()])
        {
            try { matches.Add(MatchOf(match ?? new(), isTls)); }
            catch (UnusablePartException e) { problems.Add($"{label}: a match has no effect: {e.Message}"); }
        }
        return matches;
    }

    private static ConnectionMatch MatchOf(VirtualConnectionMatch match, bool isTls)
    {
        if (match.SourceLabels is { Count: > 0 }) throw new UnusablePartException("sourceLabels are not known at waypoints.");
        if (match.SourceNamespace is { Length: > 0 }) throw new UnusablePartException("sourceNamespace: connections are routed alike for all clients.");
        if (match.DestinationSubnets is { Count: > 0 } || match.SourceSubnet is { Length: > 0 }) throw new UnusablePartException("subnets: connections are routed by service and port.");
        if (match.Gateways is { Count: > 0 } gateways && !gateways.Contains("mesh")) throw new UnusablePartException("its gateways do not name mesh.");
        var names = (match.SniHosts ?? []).OfType<string>().Select(static name => name.ToLowerInvariant()).ToEquatableArray();
        if (isTls && (names.IsEmpty || !names.All(HostNames.IsHost))) throw new UnusablePartException("sniHosts must name hosts.");
        if (!isTls && !names.IsEmpty) throw new UnusablePartException("sniHosts belong to tls.");
        return new(match.Port is { } port and not 0 ? HttpTexts.Port(port) : (ushort)0, names);
    }
}
