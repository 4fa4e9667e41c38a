using Ambient.ControlPlane.Indexing.Graph;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Routes;
using RouteKind = Ambient.Model.Routes.RouteKind;

namespace Ambient.ControlPlane.Indexing.Routes;

/// <summary>A route of Gateway API → <see cref="RouteFacts"/>. Pure.</summary>
/// <remarks>
/// A rule that cannot be honoured answers its requests with 500, so that they do not go where the user meant them not to; only one of which
/// nobody can tell the requests is left out. Without any good rule the route is not accepted, and changes nothing.
/// </remarks>
internal static class RouteReader
{
    private const int MostRules = 16, MostMatches = 128, MostParents = 32, MostServerNames = 1024, LongestProblem = 400;

    public static RouteFacts Read(RouteObject route, Findings findings)
    {
        var (spec, name, kind) = (route.Spec ?? new(), ObjectName.Of(route), KindOf(route));
        var problems = new List<RouteRefusal>();
        var rules = ReadRules(route, spec, kind, problems);
        foreach (var problem in problems.Take(Findings.Most))
            findings.Add("spec", problem.Message, $"Correct it: kubectl edit {KindText(kind).ToLowerInvariant()}.");

        var isUsable = rules.Exists(static rule => rule.IsSound);
        return new(kind, name, route.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue, ParentsOf(spec, name.Namespace),
            rules.Select(static rule => rule.Facts).ToEquatableArray(),
            isUsable ? null : problems.FirstOrDefault() ?? new(UnusablePartException.UnsupportedValue, "It has no rules."),
            problems.Select(static problem => problem.Message).ToEquatableArray());
    }

    /// <summary>As users write it.</summary>
    public static string KindText(RouteKind kind) => kind switch
    {
        RouteKind.GrpcRoute => "GRPCRoute",
        RouteKind.HttpRoute => "HTTPRoute",
        RouteKind.TlsRoute => "TLSRoute",
        RouteKind.TcpRoute => "TCPRoute",
        _ => "VirtualService",
    };

    public static RouteKind KindOf(RouteObject route) => route switch
    {
        GrpcRoute => RouteKind.GrpcRoute,
        TlsRoute => RouteKind.TlsRoute,
        TcpRoute => RouteKind.TcpRoute,
        _ => RouteKind.HttpRoute,
    };

    private static List<(RuleFacts Facts, bool IsSound)> ReadRules(RouteObject route, RouteSpec spec, RouteKind kind, List<RouteRefusal> problems)
    {
        var (read, matches) = (new List<(RuleFacts, bool)>(), 0);
        if (spec.Problem is { } unreadable)
        {
            problems.Add(new(UnusablePartException.UnsupportedValue, $"It cannot be read: {unreadable}"));
            return read;
        }
        if (ConnectionsOf(spec, kind, problems) is not { } connections) return read;
        var reader = new RuleReader(kind, ObjectName.Of(route).Namespace, LimitOf(route, problems), connections);
        foreach (var (index, rule) in RulesOf(spec, kind).Index())
        {
            if (index == MostRules) problems.Add(new(UnusablePartException.UnsupportedValue, $"Dropped Rules after the first {MostRules}: there are {spec.Rules!.Count}."));
            if (index >= MostRules) break;
            try
            {
                matches += rule.Matches?.Count ?? 1;
                if (matches > MostMatches) throw new UnusablePartException($"The route has more than {MostMatches} matches.");
                read.Add((reader.Read(rule), true));
            }
            catch (UnusablePartException e)
            {
                var closed = matches > MostMatches ? null : reader.Closed(rule);
                if (closed is not null) read.Add((closed, false));
                var effect = closed is null ? "it has no effect" : "its requests are answered with 500";
                problems.Add(new(e.Reason, $"Dropped Rule {NameOf(rule, index)}, {effect}: {Short(e.Message)}"));
            }
        }
        return read;
    }

    /// <summary>Which connections are meant: of TLS those that ask for one of its names.</summary>
    /// <returns>Null if none of the names can be asked for.</returns>
    private static RouteMatch? ConnectionsOf(RouteSpec spec, RouteKind kind, List<RouteRefusal> problems)
    {
        if (kind != RouteKind.TlsRoute || spec.Hostnames is not { Count: > 0 } given) return RouteMatch.Everything;
        if (given.Count > MostServerNames) problems.Add(new(UnusablePartException.UnsupportedValue, $"Dropped hostnames after the first {MostServerNames}: there are {given.Count}."));
        var names = new List<string>();
        foreach (var name in given.Take(MostServerNames))
        {
            if (HostNames.IsHost(name)) names.Add(name.ToLowerInvariant());
            else problems.Add(new(UnusablePartException.UnsupportedValue, $"Dropped hostname {Findings.Quote(name ?? "")}: it is no name of a host."));
        }
        return names.Count == 0 ? null : new() { ServerNames = names.Distinct().ToEquatableArray() };
    }

    private static IReadOnlyList<RouteRuleSpec> RulesOf(RouteSpec spec, RouteKind kind) =>
        spec.Rules is { Count: > 0 } rules ? rules : kind is RouteKind.HttpRoute or RouteKind.GrpcRoute ? [new()] : [];

    private static RateLimit? LimitOf(RouteObject route, List<RouteRefusal> problems)
    {
        try { return RateLimits.Of(route.Metadata); }
        catch (UnusablePartException e)
        {
            problems.Add(new(e.Reason, $"Fall Back to no limit of rates: {Short(e.Message)}"));
            return null;
        }
    }

    private static EquatableArray<ParentFacts> ParentsOf(RouteSpec spec, string ns)
    {
        var parents = new List<ParentFacts>();
        foreach (var parent in (spec.ParentRefs ?? []).OfType<ParentReference>().Take(MostParents))
        {
            var name = new ObjectName(parent.Namespace is { Length: > 0 } other ? other : ns, parent.Name);
            TargetKind? kind = (parent.Group ?? PolicyTargets.GatewayGroup, parent.Kind ?? "Gateway") switch
            {
                ("" or "core", "Service") => TargetKind.Service,
                (PolicyTargets.EntryGroup, "ServiceEntry") => TargetKind.ServiceEntry,
                (PolicyTargets.GatewayGroup, "Gateway") => TargetKind.Gateway,
                _ => null,
            };
            // A port that none can be is one that the service does not have: its highest number stands for it.
            var port = parent.Port is null ? 0 : parent.Port is > 0 and < ushort.MaxValue ? (ushort)parent.Port : ushort.MaxValue;
            if (kind is { } known) parents.Add(new(parent, new(known, name), (ushort)port));
        }
        return parents.ToEquatableArray();
    }

    private static string NameOf(RouteRuleSpec rule, int index) => rule.Name is { Length: > 0 } name ? Findings.Quote(name) : $"{index + 1}";

    private static string Short(string text) => text.Length <= LongestProblem ? text : $"{text[..LongestProblem]}…";
}
