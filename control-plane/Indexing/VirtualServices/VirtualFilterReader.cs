using Ambient.ControlPlane.Indexing.Routes;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Routes;

namespace Ambient.ControlPlane.Indexing.VirtualServices;

/// <summary>Edits, redirects and CORS of a VirtualService → the model's. Pure.</summary>
/// <param name="problems">Told what is not honoured.</param>
internal sealed class VirtualFilterReader(List<string> problems, string label)
{
    private const int MostNames = 64;

    /// <summary>A header whose value has an operator that is not supported is left out, and told.</summary>
    public HeaderEdits EditsOf(VirtualHeaderEdits? edits, bool isResponse) => edits is null ? HeaderEdits.None
        : HttpTexts.Edits(Values(edits.Set, isSet: true, isResponse), Values(edits.Add, isSet: false, isResponse), edits.Remove ?? []);

    public Redirect? RedirectOf(VirtualRedirect? redirect)
    {
        if (redirect is null) return null;
        if (redirect.Scheme is not (null or "" or "http" or "https")) throw new UnusablePartException($"The scheme {Findings.Quote(redirect.Scheme)} is neither http nor https.");
        var status = redirect.RedirectCode is null or 0 ? 301 : redirect.RedirectCode.Value;
        if (status is not (301 or 302 or 303 or 307 or 308)) throw new UnusablePartException($"The status {status} is none of 301, 302, 303, 307, 308.");
        var port = redirect.Port is { } number and not 0 ? HttpTexts.Port(number) : (ushort)0;
        var rule = port > 0 ? RedirectPort.Fixed : redirect.DerivePort switch
        {
            "FROM_PROTOCOL_DEFAULT" => RedirectPort.OfScheme,
            "FROM_REQUEST_PORT" => RedirectPort.OfRequest,
            _ => RedirectPort.None,
        };
        var path = redirect.Uri is { Length: > 0 } uri ? new PathRewrite(PathRewriteKind.Full, HttpTexts.Path(uri)) : null;
        return new(redirect.Scheme is { Length: > 0 } scheme ? scheme : null, Authority(redirect.Authority), path, rule, port, (ushort)status);
    }

    public CorsPolicy? CorsOf(VirtualCors? cors)
    {
        if (cors is null) return null;
        var origins = (cors.AllowOrigins ?? []).Select(OriginOf).Concat((cors.AllowOrigin ?? []).Select(static origin => OriginOf(new() { Exact = origin })));
        return new()
        {
            Origins = origins.Take(MostNames + 1).ToEquatableArray() is { Count: <= MostNames } few ? few : throw new UnusablePartException($"More than {MostNames} origins."),
            Methods = Names(cors.AllowMethods, HttpTexts.Token),
            Headers = Names(cors.AllowHeaders, HttpTexts.FieldName),
            Exposed = Names(cors.ExposeHeaders, HttpTexts.FieldName),
            MaxAge = cors.MaxAge is { } age ? TimeSpan.FromSeconds(Math.Floor(Durations.OfIstio(age).TotalSeconds)) : TimeSpan.Zero,
            Credentials = cors.AllowCredentials == true,
            ForwardsUnmatchedPreflights = cors.UnmatchedPreflights != "IGNORE",
        };
    }

    /// <summary>A host name, perhaps with a port.</summary>
    /// <exception cref="UnusablePartException">No such.</exception>
    public static string? Authority(string? text)
    {
        if (text is null or "") return null;
        var colon = text.LastIndexOf(':');
        if (colon < 0) return HttpTexts.Host(text);
        return long.TryParse(text.AsSpan(colon + 1), out var port) ? $"{HttpTexts.Host(text[..colon])}:{HttpTexts.Port(port)}" : throw new UnusablePartException($"{Findings.Quote(text)} is no host and port.");
    }

    private IEnumerable<(string?, string?, bool)> Values(IReadOnlyDictionary<string, string>? headers, bool isSet, bool isResponse)
    {
        foreach (var (key, value) in (headers ?? new Dictionary<string, string>()).OrderBy(static header => header.Key, StringComparer.Ordinal))
        {
            var name = isSet && key == ":authority" ? "host" : key;
            var (text, hasOperators, problem) = TextOf(name, value, isResponse);
            if (problem is null) yield return (name, text, hasOperators);
            else problems.Add($"{label}: the header {Findings.Quote(key)} is left out: {problem}");
        }
    }

    private static (string? Text, bool HasOperators, string? Problem) TextOf(string name, string? value, bool isResponse)
    {
        if (value?.Contains('%') != true) return (value, false, null);
        EquatableArray<FieldPart> parts;
        try { parts = FieldFormat.Parse(value); }
        catch (ArgumentException e) { return (null, false, e.Message); }
        if (parts.All(static part => part.Operator == FieldOperator.Text)) return (string.Concat(parts.Select(static part => part.Text)), false, null);
        if (name.Equals("host", StringComparison.OrdinalIgnoreCase)) return (null, false, "there operators are not supported.");
        return !isResponse && parts.Any(static part => part.IsOfResponse) ? (null, false, "%RESP(…)% and %RESPONSE_CODE% are known of responses only.") : (value, true, null);
    }

    private static TextMatch OriginOf(VirtualText? origin) => origin is { Exact: "*" } ? TextMatch.NotEmpty : VirtualMatchReader.Text(origin) ?? throw new UnusablePartException("An origin is null.");

    private static EquatableArray<string> Names(IReadOnlyList<string>? names, Func<string?, string> read)
    {
        if (names is { Count: > MostNames }) throw new UnusablePartException($"corsPolicy lists {names.Count} names, at most {MostNames} are allowed.");
        return (names ?? []).Select(name => name == "*" ? "*" : read(name)).ToEquatableArray();
    }
}
