using Ambient.ControlPlane.Indexing.Destinations;
using Ambient.ControlPlane.Indexing.Routes;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Routes;

namespace Ambient.ControlPlane.Indexing.VirtualServices;

/// <summary>VirtualService → <see cref="VirtualFacts"/>. Pure.</summary>
/// <remarks>As for routes of Gateway API: a route that cannot be honoured answers its requests with an error, unless nobody can tell which those are.</remarks>
internal static class VirtualServiceReader
{
    private const int MostRules = 1000, MostMatches = 4000, MostHosts = 256;

    /// <returns>Null for one that is not about the mesh.</returns>
    public static VirtualFacts? Read(VirtualService value, IndexOptions options, Findings findings)
    {
        var (spec, name) = (value.Spec ?? new(), ObjectName.Of(value));
        if (spec.Gateways is { Count: > 0 } gateways && !gateways.Contains("mesh")) return null;
        var problems = new List<string>();
        if (spec.Problem is { } unreadable) problems.Add($"It cannot be read, so it has no effect: {unreadable}");
        var actions = new VirtualActionReader(name.Namespace, options, LimitOf(value.Metadata, problems), problems);
        var facts = new VirtualFacts(name, value.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue, HostsOf(spec, name.Namespace, options, problems),
            HostExport.Of(name, spec.ExportTo), RulesOf(spec, actions, problems), default)
        {
            Connections = new ConnectionReader(actions, problems).Read(spec),
        };
        foreach (var problem in problems.Take(Findings.Most)) findings.Add("spec", problem, "Correct it: kubectl edit virtualservice.");
        return facts with { Problems = problems.Distinct().Take(Findings.Most).ToEquatableArray() };
    }

    private static EquatableArray<string> HostsOf(VirtualServiceSpec spec, string ns, IndexOptions options, List<string> problems)
    {
        var hosts = new List<string>();
        if (spec.Hosts is { Count: > MostHosts }) problems.Add($"hosts: {spec.Hosts.Count} entries, the first {MostHosts} are used.");
        foreach (var host in (spec.Hosts ?? []).Take(MostHosts))
        {
            if (MeshHosts.Full(host, ns, options) is { } full) hosts.Add(full);
            else problems.Add($"hosts: {Findings.Quote(host)} is no host name.");
        }
        return hosts.Distinct().ToEquatableArray();
    }

    private static EquatableArray<VirtualRule> RulesOf(VirtualServiceSpec spec, VirtualActionReader actions, List<string> problems)
    {
        var (rules, matches, isOver) = (new List<VirtualRule>(), 0, false);
        foreach (var (index, route) in (spec.Http ?? []).Index())
        {
            var label = $"http[{(route.Name is { Length: > 0 } name ? name : index)}]";
            if (isOver) problems.Add($"{label}: a route before it takes every request, so it has no effect.");
            matches += Math.Max(1, route.Match?.Count ?? 0);
            if (index >= MostRules || matches > MostMatches)
            {
                problems.Add($"http: more than {MostRules} routes or {MostMatches} matches; the rest has no effect.");
                break;
            }
            var accepted = MatchesOf(route, label, problems);
            isOver |= accepted.Contains(RouteMatch.Everything);
            if (accepted.Count > 0) rules.AddRange(actions.Read(route, accepted, label));
        }
        return rules.ToEquatableArray();
    }

    /// <summary>Those that can be honoured; the others are told, and take no request.</summary>
    private static List<RouteMatch> MatchesOf(VirtualHttpRoute route, string label, List<string> problems)
    {
        if (route is { Problem: { } problem, Match: null }) problems.Add($"{label}: {problem} It has no effect.");
        var matches = new List<RouteMatch>();
        foreach (var match in route.Match ?? (route.Problem is null ? [new()] : []))
        {
            try { matches.Add(VirtualMatchReader.Read(match ?? new())); }
            catch (UnusablePartException e) { problems.Add($"{label}: a match has no effect: {e.Message}"); }
        }
        // An empty list is a route without match.
        if (route is { Match.Count: 0, Problem: null }) matches.Add(RouteMatch.Everything);
        return matches;
    }

    private static RateLimit? LimitOf(ObjectMeta meta, List<string> problems)
    {
        try { return RateLimits.Of(meta); }
        catch (UnusablePartException e)
        {
            problems.Add($"There is no limit of rates: {e.Message}");
            return null;
        }
    }
}
