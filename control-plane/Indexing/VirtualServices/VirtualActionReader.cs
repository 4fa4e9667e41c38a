using System.Text;
using Ambient.ControlPlane.Indexing.Routes;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Routes;

namespace Ambient.ControlPlane.Indexing.VirtualServices;

/// <summary>What a route of a VirtualService does → the model's. Pure.</summary>
/// <param name="limit">For every route.</param>
/// <param name="problems">Told what is not honoured.</param>
internal sealed class VirtualActionReader(string ns, IndexOptions options, RateLimit? limit, List<string> problems)
{
    private const int MostBackends = 64, MaxWeight = 1_000_000, LongestBody = 65_536;

    /// <summary>One rule, or one for each match where what is done depends on how the path matched.</summary>
    public IEnumerable<VirtualRule> Read(VirtualHttpRoute route, IReadOnlyList<RouteMatch> matches, string label)
    {
        try
        {
            if (route.Problem is { } problem) throw new UnusablePartException(problem);
            var groups = route.Rewrite?.Uri is null ? [[.. matches]] : matches.GroupBy(static match => match.Path.Kind is PathMatchKind.Prefix or PathMatchKind.Segments)
                .Select(static group => group.ToList()).ToList();
            return groups.Count == 1 ? [Rule(route, groups[0], label)] : [.. matches.Select(match => Rule(route, [match], label))];
        }
        catch (UnusablePartException e)
        {
            problems.Add($"{label}: its requests are answered with 503: {e.Message}");
            return [new(new(route.Name ?? "", matches.ToEquatableArray(), new() { Direct = new(503, "") }), default, default)];
        }
    }

    private VirtualRule Rule(VirtualHttpRoute route, IReadOnlyList<RouteMatch> matches, string label)
    {
        var filters = new VirtualFilterReader(problems, label);
        var timeout = route.Timeout is { } time ? Durations.OfIstio(time) : TimeSpan.Zero;
        var action = new RouteAction
        {
            Fault = VirtualFaultReader.Read(route.Fault),
            Cors = filters.CorsOf(route.CorsPolicy),
            RateLimit = limit,
            Redirect = filters.RedirectOf(route.Redirect),
            Direct = DirectOf(route.DirectResponse),
            RequestEdits = filters.EditsOf(route.Headers?.Request, isResponse: false),
            ResponseEdits = filters.EditsOf(route.Headers?.Response, isResponse: true),
            Rewrite = RewriteOf(route.Rewrite, matches),
            Timeout = timeout,
            Retries = VirtualRetryReader.Read(route.Retries, timeout, text => problems.Add($"{label}: {text}")),
        };
        return new(new(route.Name ?? "", matches.ToEquatableArray(), action), BackendsOf(route.Route ?? [], filters), MirrorsOf(route, filters));
    }

    /// <exception cref="UnusablePartException">A destination is none.</exception>
    public EquatableArray<VirtualBackend> BackendsOf(IReadOnlyList<VirtualDestination> given, string label) => BackendsOf(given, new VirtualFilterReader(problems, label));

    private EquatableArray<VirtualBackend> BackendsOf(IReadOnlyList<VirtualDestination> given, VirtualFilterReader filters)
    {
        if (given.Count > MostBackends) throw new UnusablePartException($"It has {given.Count} destinations, at most {MostBackends} are allowed.");
        // A single one gets everything, whatever its weight.
        return given.Select(one => Backend(one?.Destination, given.Count == 1 ? 1 : one?.Weight ?? 0, one?.Headers, filters)).ToEquatableArray();
    }

    private VirtualBackend Backend(VirtualTarget? target, long weight, VirtualHeaders? headers, VirtualFilterReader filters)
    {
        if (MeshHosts.Full(target?.Host, ns, options) is not { } host || HostPattern.IsWildcard(host)) throw new UnusablePartException($"The destination {Findings.Quote(target?.Host)} is no host name.");
        if (weight is < 0 or > MaxWeight) throw new UnusablePartException($"The weight {weight} is not from 0 to {MaxWeight}.");
        return new(host, target!.Subset ?? "", target.Port?.Number is { } port and not 0 ? HttpTexts.Port(port) : (ushort)0, (uint)weight,
            filters.EditsOf(headers?.Request, isResponse: false), filters.EditsOf(headers?.Response, isResponse: true));
    }

    private EquatableArray<(VirtualBackend, double)> MirrorsOf(VirtualHttpRoute route, VirtualFilterReader filters)
    {
        var mirrors = (route.Mirrors ?? []).Select(static mirror => (mirror?.Destination, Percent: mirror?.Percentage?.Value ?? 100)).ToList();
        if (route.Mirror is { } one) mirrors.Insert(0, (one, route.MirrorPercentage?.Value ?? route.MirrorPercent ?? 100));
        if (mirrors.Count > MostBackends) throw new UnusablePartException($"It has {mirrors.Count} mirrors, at most {MostBackends} are allowed.");
        return mirrors.Select(mirror => (Backend(mirror.Item1, 1, null, filters), VirtualFaultReader.Percent(mirror.Percent))).ToEquatableArray();
    }

    private static Rewrite? RewriteOf(VirtualRewrite? rewrite, IReadOnlyList<RouteMatch> matches)
    {
        if (rewrite is null) return null;
        var host = VirtualFilterReader.Authority(rewrite.Authority);
        if (rewrite.UriRegexRewrite is { } regex)
        {
            // What is searched for may be a part of the path, so it is tried as it stands.
            return new(host, new(PathRewriteKind.Regex, HttpTexts.PathPart(regex.Rewrite), HttpTexts.Regex(regex.Match).Text));
        }
        if (rewrite.Uri is not { } uri) return new(host, null);
        var kind = matches[0].Path.Kind is PathMatchKind.Prefix or PathMatchKind.Segments ? PathRewriteKind.Prefix : PathRewriteKind.Full;
        return new(host, new(kind, HttpTexts.Path(uri)));
    }

    private static DirectResponse? DirectOf(VirtualDirectResponse? direct)
    {
        if (direct is null) return null;
        if (direct.Status is < 200 or > 599) throw new UnusablePartException($"directResponse.status is {direct.Status}, it must be from 200 to 599.");
        var body = direct.Body?.String ?? (direct.Body?.Bytes is { } bytes ? Decoded(bytes) : "");
        return body.Length <= LongestBody ? new((ushort)direct.Status, body) : throw new UnusablePartException($"directResponse.body has {body.Length} characters, at most {LongestBody} are allowed.");
    }

    private static string Decoded(string bytes)
    {
        try { return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Convert.FromBase64String(bytes)); }
        catch (Exception e) when (e is FormatException or ArgumentException) { throw new UnusablePartException("directResponse.body.bytes is not text in base64."); }
    }
}
