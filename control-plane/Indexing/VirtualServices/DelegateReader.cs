using Ambient.ControlPlane.Indexing.Destinations;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Routes;

namespace Ambient.ControlPlane.Indexing.VirtualServices;

/// <summary>The routes of delegates, in the place of a VirtualService's route that delegates to them. Pure.</summary>
/// <param name="isDelegate">It has no hosts itself.</param>
/// <param name="find">Null if there is none of that name, or it is not ours.</param>
/// <param name="limit">Of its rates.</param>
/// <param name="problems">Told what is not honoured.</param>
/// <remarks>
/// Of what both say, the delegate's goes before; only matches narrow each other. A route that delegates to what cannot be had answers its requests with an
/// error, as others that cannot be honoured: the delegate might have forbidden what a later route would let pass.
/// </remarks>
internal sealed class DelegateReader(
    ObjectName root, bool isDelegate, Func<ObjectName, VirtualService?> find, IndexOptions options, RateLimit? limit, List<string> problems)
{
    private const int MostPairs = 10_000;
    private const string Further = "A delegate does not delegate further.";

    private readonly Dictionary<ObjectName, List<string>> _used = [];
    private long _pairs;

    /// <summary>Delegates whose routes were taken so far.</summary>
    public IEnumerable<Delegation> Used => _used.Select(static one => new Delegation(one.Key, one.Value.Distinct().Take(Findings.Most).ToEquatableArray()));

    public ObjectName NameOf(VirtualDelegate one) => new(one.Namespace is { Length: > 0 } ns ? ns : root.Namespace, one.Name);

    /// <param name="part">It delegates.</param>
    public IEnumerable<VirtualPart> PartsOf(VirtualPart part)
    {
        var name = NameOf(part.Route.Delegate!);
        var value = find(name);
        if (ProblemOf(part, name, value?.Spec) is { } problem) return [part with { Route = part.Route with { Problem = problem } }];
        var told = _used.TryGetValue(name, out var known) ? known : _used[name] = [];
        var actions = new VirtualActionReader(name.Namespace, options, VirtualServiceReader.LimitOf(value!.Metadata, []) ?? limit, problems);
        return value.Spec!.Http!.Index().Select(one => PartOf(part, one.Item, VirtualPart.LabelOf(one.Item, one.Index), name, actions, told)).OfType<VirtualPart>();
    }

    private string? ProblemOf(VirtualPart part, ObjectName name, VirtualServiceSpec? spec)
    {
        if (isDelegate) return Further;
        if (name.Name.Length == 0) return "delegate has no name.";
        if (part.Route.Route is { Count: > 0 } || part.Route.Redirect is not null) return "delegate stands beside route or redirect.";
        if (spec is null) return $"There is no VirtualService {name}.";
        if (spec.Problem is not null) return $"VirtualService {name} cannot be read.";
        if (!HostExport.Of(name, spec.ExportTo).IsSeenIn(root.Namespace)) return $"VirtualService {name} is not exported to namespace {root.Namespace}.";
        if (spec.Hosts is { Count: > 0 }) return $"VirtualService {name} has hosts, so it is no delegate.";
        if (spec.Http is not { Count: > 0 }) return $"VirtualService {name} has no http routes.";
        _pairs += spec.Http.Sum(route => (long)part.Matches.Count * Math.Max(1, route.Match?.Count ?? 0));
        return _pairs <= MostPairs ? null : $"Its matches make more than {MostPairs} pairs with those of delegates.";
    }

    private VirtualPart? PartOf(VirtualPart part, VirtualHttpRoute own, string ownLabel, ObjectName name, VirtualActionReader actions, List<string> told)
    {
        var label = $"{part.Label} by {name} {ownLabel}";
        var matches = new HashSet<RouteMatch>();
        foreach (var match in VirtualMatchReader.ReadAll(own, label, problems))
        {
            var within = part.Matches.Select(one => DelegatedMatch.Of(one, match)).OfType<RouteMatch>().ToList();
            matches.UnionWith(within);
            if (within.Count > 0) continue;
            problems.Add($"{label}: one of its matches is within none of {part.Label}, so it has no effect.");
            told.Add($"{ownLabel}: one of its matches is within none of {part.Label} of {root}, so it has no effect there.");
            return null;
        }
        return matches.Count == 0 ? null : new(Inherit(own, part.Route), [.. matches], label, actions);
    }

    private VirtualHttpRoute Inherit(VirtualHttpRoute own, VirtualHttpRoute from) => own with
    {
        Problem = own.Problem ?? (own.Delegate is null ? null : Further),
        Name = string.Join('-', new[] { from.Name, own.Name }.Where(static name => name is { Length: > 0 })),
        DirectResponse = own.DirectResponse ?? from.DirectResponse,
        Rewrite = own.Rewrite ?? from.Rewrite,
        Timeout = own.Timeout ?? from.Timeout,
        Retries = own.Retries ?? from.Retries,
        Fault = own.Fault ?? from.Fault,
        Mirror = own.Mirror ?? (own.Mirrors is null ? Full(from.Mirror) : null),
        MirrorPercentage = own.MirrorPercentage ?? from.MirrorPercentage,
        MirrorPercent = own.MirrorPercent ?? from.MirrorPercent,
        Mirrors = own.Mirrors ?? (own.Mirror is null ? from.Mirrors?.Select(mirror => mirror with { Destination = Full(mirror?.Destination) }).ToArray() : null),
        CorsPolicy = own.CorsPolicy ?? from.CorsPolicy,
        Headers = own.Headers ?? from.Headers,
    };

    // A short name means a service of the namespace in which it is written.
    private VirtualTarget? Full(VirtualTarget? target) => target is null ? null : target with { Host = MeshHosts.Full(target.Host, root.Namespace, options) ?? target.Host };
}
