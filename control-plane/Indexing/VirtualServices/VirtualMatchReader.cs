using Ambient.ControlPlane.Indexing.Routes;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Routes;

namespace Ambient.ControlPlane.Indexing.VirtualServices;

/// <summary>Matches of a VirtualService → the model's. Pure.</summary>
internal static class VirtualMatchReader
{
    private const int MostMatches = 4001, MostFields = 64, LongestText = 4096;

    /// <summary>Those of a route that can be honoured; the others are told, and take no request.</summary>
    /// <remarks>Of very many the first, which are more than are allowed.</remarks>
    public static IReadOnlyList<RouteMatch> ReadAll(VirtualHttpRoute route, string label, List<string> problems)
    {
        if (route is { Problem: { } problem, Match: null }) problems.Add($"{label}: {problem} It has no effect.");
        var matches = new List<RouteMatch>();
        foreach (var match in route.Match?.Take(MostMatches) ?? (route.Problem is null ? [new()] : []))
        {
            try { matches.Add(Read(match ?? new())); }
            catch (UnusablePartException e) { problems.Add($"{label}: a match has no effect: {e.Message}"); }
        }
        // An empty list is a route without match.
        if (route is { Match.Count: 0, Problem: null }) matches.Add(RouteMatch.Everything);
        return matches;
    }

    /// <exception cref="UnusablePartException">It says what waypoints cannot know, or what no match can say.</exception>
    private static RouteMatch Read(VirtualMatch match)
    {
        if (match.SourceLabels is { Count: > 0 }) throw new UnusablePartException("sourceLabels are not known at waypoints; use sourceNamespace.");
        if (match.Gateways is { Count: > 0 } gateways && !gateways.Contains("mesh")) throw new UnusablePartException("its gateways do not name mesh.");
        return new()
        {
            Path = PathOf(match),
            Scheme = Text(match.Scheme),
            Method = Text(match.Method),
            Authority = Text(match.Authority),
            Headers = Fields(match.Headers).Select(static field => new HeaderMatch(FieldName(field.Key), Value(field.Value)))
                .Concat(Fields(match.WithoutHeaders).Select(static field => new HeaderMatch(FieldName(field.Key), Value(field.Value), Inverted: true))).ToEquatableArray(),
            Query = Fields(match.QueryParams).Select(static field => new QueryMatch(field.Key, field.Value is { Exact: "" } ? TextMatch.Present : Value(field.Value))).ToEquatableArray(),
            SourceNamespace = match.SourceNamespace is { Length: > 0 } ns ? ns : null,
            Port = match.Port is { } port and not 0 ? HttpTexts.Port(port) : (ushort)0,
        };
    }

    /// <returns>Null for none.</returns>
    public static TextMatch? Text(VirtualText? text) => text is null ? null : Value(text);

    private static PathMatch PathOf(VirtualMatch match)
    {
        var ignoreCase = match.IgnoreUriCase == true;
        return match.Uri switch
        {
            { Exact: { } exact } => PathMatch.Exact(Limited(exact), ignoreCase),
            { Prefix: { } prefix } => PathMatch.Prefix(Limited(prefix), ignoreCase),
            { Regex: { } pattern } => PathMatch.Regex(HttpTexts.Regex(pattern).Text),
            _ => PathMatch.Any,
        };
    }

    private static TextMatch Value(VirtualText? text) => text switch
    {
        { Exact: { } exact } => TextMatch.Exact(Limited(exact)),
        { Prefix: { } prefix } => TextMatch.Prefix(Limited(prefix)),
        { Regex: "*" } => TextMatch.Present,
        { Regex: { } pattern } => HttpTexts.Regex(pattern),
        _ => TextMatch.Present,
    };

    private static string FieldName(string name) => name.StartsWith('@')
        ? throw new UnusablePartException($"{Findings.Quote(name)}: claims of tokens are not known at waypoints.")
        : HttpTexts.FieldName(name);

    private static string Limited(string text) => text.Length <= LongestText ? text : throw new UnusablePartException($"A text of {text.Length} characters; at most {LongestText} are taken.");

    private static IEnumerable<KeyValuePair<string, VirtualText?>> Fields(IReadOnlyDictionary<string, VirtualText?>? fields)
    {
        if (fields is { Count: > MostFields }) throw new UnusablePartException($"A match has {fields.Count} headers or parameters, at most {MostFields} are allowed.");
        return (fields ?? new Dictionary<string, VirtualText?>()).OrderBy(static field => field.Key, StringComparer.Ordinal);
    }
}
