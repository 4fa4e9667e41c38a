using System.Text.RegularExpressions;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Routes;
using RouteKind = Ambient.Model.Routes.RouteKind;

namespace Ambient.ControlPlane.Indexing.Routes;

/// <summary>Matches of an HTTPRoute's or GRPCRoute's rule → the model's. Pure.</summary>
internal static class MatchReader
{
    private const int MostMatches = 64, MostFields = 16, LongestHeader = 4096, LongestParameter = 1024;

    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

    /// <exception cref="UnusablePartException">One says what no match can say.</exception>
    public static EquatableArray<RouteMatch> Read(IReadOnlyList<RouteMatchSpec>? matches, RouteKind kind)
    {
        if (matches is not { Count: > 0 }) return [RouteMatch.Everything];
        if (matches.Count > MostMatches) throw new UnusablePartException($"It has {matches.Count} matches, at most {MostMatches} are allowed.");
        return matches.Select(match => Read(match ?? new(), kind)).ToEquatableArray();
    }

    private static RouteMatch Read(RouteMatchSpec match, RouteKind kind) => new()
    {
        Path = kind == RouteKind.GrpcRoute ? GrpcPath(match) : PathOf(match.Path),
        Method = kind == RouteKind.GrpcRoute ? null : MethodOf(match.Method),
        Headers = Fields(match.Headers, LongestHeader, HttpTexts.FieldName).Select(static field => new HeaderMatch(field.Name, field.Value)).ToEquatableArray(),
        Query = Fields(match.QueryParams, LongestParameter, NameOfParameter).Select(static field => new QueryMatch(field.Name, field.Value)).ToEquatableArray(),
    };

    private static PathMatch PathOf(PathMatchSpec? path)
    {
        var value = path?.Value ?? "/";
        return path?.Type switch
        {
            null or "PathPrefix" => PathMatch.Segments(HttpTexts.MatchedPath(value)),
            "Exact" => PathMatch.Exact(HttpTexts.MatchedPath(value)),
            "RegularExpression" => PathMatch.Regex(HttpTexts.Regex(value).Text),
            _ => throw new UnusablePartException($"The path type {Findings.Quote(path.Type)} is not known: use Exact, PathPrefix or RegularExpression."),
        };
    }

    private static TextMatch? MethodOf(MethodMatchSpec? method)
    {
        if (method is null) return null;
        return method.Verb is { } verb && Methods.Contains(verb) ? TextMatch.Exact(verb)
            : throw new UnusablePartException($"The method {Findings.Quote(method.Verb)} is not known.");
    }

    /// <summary>A call's path is <c>/package.Service/Method</c>.</summary>
    private static PathMatch GrpcPath(RouteMatchSpec match)
    {
        if (match.Path is not null || match.QueryParams is { Count: > 0 } || match.Method?.Verb is not null)
            throw new UnusablePartException("Calls are matched by method.service, method.method and headers only.");
        var (service, method) = (NullIfEmpty(match.Method?.Service), NullIfEmpty(match.Method?.Method));
        if (service is null && method is null) return PathMatch.Any;
        switch (match.Method!.Type)
        {
            case null or "Exact" when method is null: return PathMatch.Prefix(HttpTexts.MatchedPath($"/{service}/"));
            case null or "Exact" when service is null: return PathMatch.Regex(HttpTexts.Regex($"/[^/]+{Regex.Escape(HttpTexts.MatchedPath($"/{method}"))}").Text);
            case null or "Exact": return PathMatch.Exact(HttpTexts.MatchedPath($"/{service}/{method}"));
            case "RegularExpression": return PathMatch.Regex(HttpTexts.Regex($"/(?:{Alone(service)})/(?:{Alone(method)})").Text);
        }
        throw new UnusablePartException($"The method type {Findings.Quote(match.Method.Type)} is not known: use Exact or RegularExpression.");
    }

    // Each must be an expression by itself, or the two together would mean something else.
    private static string Alone(string? pattern) => pattern is null ? "[^/]+" : HttpTexts.Regex(pattern).Text;

    private static string? NullIfEmpty(string? text) => text is { Length: > 0 } ? text : null;

    private static string NameOfParameter(string name) =>
        name.Length is > 0 and <= 256 ? name : throw new UnusablePartException($"{Findings.Quote(name)} is no name of a query parameter.");

    /// <summary>If two have one name only the first counts.</summary>
    private static IEnumerable<(string Name, TextMatch Value)> Fields(IReadOnlyList<FieldMatchSpec>? fields, int longest, Func<string, string> nameOf)
    {
        if (fields is { Count: > MostFields }) throw new UnusablePartException($"A match has {fields.Count} headers or parameters, at most {MostFields} are allowed.");
        return (fields ?? []).Select(field => (Name: nameOf(field?.Name ?? ""), Value: ValueOf(field!, longest))).DistinctBy(static field => field.Name).ToList();
    }

    private static TextMatch ValueOf(FieldMatchSpec field, int longest)
    {
        if (field.Value.Length > longest) throw new UnusablePartException($"The value of {Findings.Quote(field.Name)} has {field.Value.Length} characters, at most {longest} are allowed.");
        return field.Type switch
        {
            null or "Exact" => TextMatch.Exact(field.Value),
            "RegularExpression" => HttpTexts.Regex(field.Value),
            _ => throw new UnusablePartException($"The match type {Findings.Quote(field.Type)} is not known: use Exact or RegularExpression."),
        };
    }
}
