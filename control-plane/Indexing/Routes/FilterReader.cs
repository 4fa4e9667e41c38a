using System.Text.RegularExpressions;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Routes;
using RouteKind = Ambient.Model.Routes.RouteKind;

namespace Ambient.ControlPlane.Indexing.Routes;

/// <param name="Missing">A filter of somebody else's making, which nobody here can apply; null for none.</param>
internal sealed record FilterSet(
    HeaderEdits RequestEdits, HeaderEdits ResponseEdits, Rewrite? Rewrite, Redirect? Redirect, CorsPolicy? Cors,
    IReadOnlyList<(BackendReference? Backend, double Percent)> Mirrors, string? Missing);

/// <summary>Filters of a rule or of a backend → what is done. Pure.</summary>
internal static class FilterReader
{
    private const int MostOrigins = 64;
    private static readonly TimeSpan DefaultMaxAge = TimeSpan.FromSeconds(5);

    /// <exception cref="UnusablePartException">One cannot be applied there, or not together with another.</exception>
    public static FilterSet Read(IReadOnlyList<RouteFilter> filters, EquatableArray<RouteMatch> matches, RouteKind kind, bool onBackend)
    {
        RequireOneOfEach(filters);
        var read = new FilterSet(HeaderEdits.None, HeaderEdits.None, null, null, null, [], null);
        foreach (var filter in filters) read = Add(read, filter, matches, kind, onBackend);
        if (read is { Rewrite: not null, Redirect: not null })
            throw new UnusablePartException(UnusablePartException.IncompatibleFilters, "URLRewrite and RequestRedirect exclude each other.");
        return read;
    }

    private static FilterSet Add(FilterSet read, RouteFilter filter, EquatableArray<RouteMatch> matches, RouteKind kind, bool onBackend)
    {
        if (kind == RouteKind.GrpcRoute && filter.Type is "RequestRedirect" or "URLRewrite" or "CORS")
            throw new UnusablePartException($"The filter {filter.Type} is not one of calls.");
        if (onBackend && filter.Type is "RequestMirror" or "CORS")
            throw new UnusablePartException($"The filter {filter.Type} is not supported on a backendRef; put it on the rule.");
        return filter switch
        {
            { Type: "RequestHeaderModifier", RequestHeaderModifier: { } edits } => read with { RequestEdits = EditsOf(edits) },
            { Type: "ResponseHeaderModifier", ResponseHeaderModifier: { } edits } => read with { ResponseEdits = EditsOf(edits) },
            { Type: "RequestRedirect", RequestRedirect: { } redirect } => read with { Redirect = RedirectOf(redirect, matches) },
            { Type: "URLRewrite", UrlRewrite: { } rewrite } => read with { Rewrite = new(HttpTexts.Host(rewrite.Hostname), PathOf(rewrite.Path, matches)) },
            { Type: "RequestMirror", RequestMirror: { } mirror } => read with { Mirrors = [.. read.Mirrors, (mirror.BackendRef, PercentOf(mirror))] },
            { Type: "CORS", Cors: { } cors } => read with { Cors = CorsOf(cors) },
            { Type: "ExtensionRef" } => read with { Missing = $"{filter.ExtensionRef?.Kind}.{filter.ExtensionRef?.Group} {filter.ExtensionRef?.Name}" },
            _ => throw new UnusablePartException($"The filter {Findings.Quote(filter.Type)} is not supported, or lacks what it is about."),
        };
    }

    private static void RequireOneOfEach(IReadOnlyList<RouteFilter> filters)
    {
        if (filters.Any(static filter => filter is null)) throw new UnusablePartException("A filter is null.");
        var twice = filters.Where(static filter => filter.Type is not ("RequestMirror" or "ExtensionRef")).GroupBy(static filter => filter.Type).FirstOrDefault(static group => group.Count() > 1);
        if (twice is not null) throw new UnusablePartException(UnusablePartException.IncompatibleFilters, $"The filter {Findings.Quote(twice.Key)} stands there more than once.");
    }

    private static HeaderEdits EditsOf(HeaderModifier edits) => HttpTexts.Edits(
        (edits.Set ?? []).Select(static header => (header?.Name, header?.Value, false)), (edits.Add ?? []).Select(static header => (header?.Name, header?.Value, false)), edits.Remove ?? []);

    private static Redirect RedirectOf(RequestRedirectFilter redirect, EquatableArray<RouteMatch> matches)
    {
        if (redirect.Scheme is not (null or "http" or "https")) throw new UnusablePartException($"The scheme {Findings.Quote(redirect.Scheme)} is neither http nor https.");
        var status = redirect.StatusCode ?? 302;
        if (status is not (301 or 302 or 303 or 307 or 308)) throw new UnusablePartException($"The status {status} is none of 301, 302, 303, 307, 308.");
        return new(redirect.Scheme, HttpTexts.Host(redirect.Hostname), PathOf(redirect.Path, matches),
            redirect.Port is null ? RedirectPort.Automatic : RedirectPort.Fixed, redirect.Port is { } port ? HttpTexts.Port(port) : (ushort)0, (ushort)status);
    }

    private static PathRewrite? PathOf(PathModifier? path, EquatableArray<RouteMatch> matches)
    {
        switch (path?.Type)
        {
            case null: return null;
            case "ReplaceFullPath": return new(PathRewriteKind.Full, HttpTexts.Path(path.ReplaceFullPath));
            case "ReplacePrefixMatch" when matches.All(static match => match.Path.Kind == PathMatchKind.Segments):
                return new(PathRewriteKind.Prefix, HttpTexts.Path(path.ReplacePrefixMatch, mayBeEmpty: true));
            case "ReplacePrefixMatch": throw new UnusablePartException("ReplacePrefixMatch needs matches by PathPrefix.");
        }
        throw new UnusablePartException($"The path modifier {Findings.Quote(path.Type)} is not known: use ReplaceFullPath or ReplacePrefixMatch.");
    }

    private static double PercentOf(RequestMirrorFilter mirror)
    {
        var percent = mirror.Fraction is not { } fraction ? mirror.Percent ?? 100
            : fraction.Denominator is null or > 0 ? 100.0 * fraction.Numerator / (fraction.Denominator ?? 100) : -1;
        return percent is >= 0 and <= 100 && (mirror.Percent is null || mirror.Fraction is null) ? percent
            : throw new UnusablePartException("RequestMirror needs a percentage from 0 to 100, or a fraction up to 1, not both.");
    }

    private static CorsPolicy CorsOf(CorsFilter cors)
    {
        if (cors.AllowOrigins is { Count: > MostOrigins }) throw new UnusablePartException($"allowOrigins has {cors.AllowOrigins.Count} entries, at most {MostOrigins} are allowed.");
        return new()
        {
            Origins = (cors.AllowOrigins ?? []).Select(OriginOf).ToEquatableArray(),
            Methods = Names(cors.AllowMethods, "allowMethods", HttpTexts.Token),
            Headers = Names(cors.AllowHeaders, "allowHeaders", HttpTexts.FieldName),
            Exposed = Names(cors.ExposeHeaders, "exposeHeaders", HttpTexts.FieldName),
            MaxAge = cors.MaxAge is not { } seconds ? DefaultMaxAge : seconds is >= 1 and <= int.MaxValue ? TimeSpan.FromSeconds(seconds)
                : throw new UnusablePartException($"maxAge is {seconds}, at least 1 second is allowed."),
            Credentials = cors.AllowCredentials == true,
        };
    }

    /// <summary><c>scheme://host[:port]</c>, where a star at the left of the host stands for any number of labels; or a star for all.</summary>
    private static TextMatch OriginOf(string? origin)
    {
        if (origin == "*") return TextMatch.NotEmpty;
        if (origin is not { Length: > 0 and <= 253 }) throw new UnusablePartException($"{Findings.Quote(origin)} is no origin: write scheme://host:port.");
        var star = origin.IndexOf('*');
        if (star < 0) return TextMatch.Exact(origin);
        return star == origin.LastIndexOf('*') && origin[..star].EndsWith("://", StringComparison.Ordinal)
            ? HttpTexts.Regex($"{Regex.Escape(origin[..star])}.+{Regex.Escape(origin[(star + 1)..])}")
            : throw new UnusablePartException($"{Findings.Quote(origin)} has a star that is not at the left of the host.");
    }

    private static EquatableArray<string> Names(IReadOnlyList<string>? names, string field, Func<string?, string> read)
    {
        if (names is { Count: > MostOrigins }) throw new UnusablePartException($"{field} has {names.Count} entries, at most {MostOrigins} are allowed.");
        return (names ?? []).Select(name => name == "*" ? "*" : read(name)).ToEquatableArray();
    }
}
