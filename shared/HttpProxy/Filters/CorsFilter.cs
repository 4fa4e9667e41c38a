using System.Globalization;
using System.Text;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Replies;
using Ambient.Model;
using Ambient.Model.Routes;

namespace Ambient.HttpProxy.Filters;

/// <summary>Tells browsers which pages may use a route (WHATWG Fetch, CORS protocol). Immutable; any thread.</summary>
internal sealed class CorsFilter(CorsPolicy policy)
{
    /// <summary>Answers a preflight.</summary>
    /// <returns>Null if the request is none, or is to go on.</returns>
    public LocalReply? Preflight(in RouteRequest request)
    {
        if (!request.Method.SequenceEqual("OPTIONS"u8) || !request.Fields.TryGet("access-control-request-method", out var method)) return null;
        var asked = Encoding.ASCII.GetString(method);
        if (Origin(request) is not { } origin) return null;
        if (!Admits(origin)) return policy.ForwardsUnmatchedPreflights ? null : new LocalReply(200, "") { Flag = ExchangeFlag.None };
        var fields = Grant(origin);
        Add(fields, "access-control-allow-methods", policy.Methods, asked);
        var headers = request.Fields.TryGet("access-control-request-headers", out var wanted) ? Encoding.ASCII.GetString(wanted) : "";
        Add(fields, "access-control-allow-headers", policy.Headers, headers);
        if (policy.MaxAge > TimeSpan.Zero)
            fields.Add(new("access-control-max-age", ((long)policy.MaxAge.TotalSeconds).ToString(CultureInfo.InvariantCulture)));
        return new LocalReply(200, "") { Fields = fields.ToEquatableArray(), Flag = ExchangeFlag.None };
    }

    /// <summary>What the response to an actual request gets; nothing for one of another origin, or of none.</summary>
    public EquatableArray<HeaderValue> ResponseFields(in RouteRequest request) =>
        Origin(request) is { } origin && Admits(origin) ? Grant(origin).ToEquatableArray() : [];

    private static string? Origin(in RouteRequest request) => request.Fields.TryGet("origin", out var origin) ? Encoding.ASCII.GetString(origin) : null;

    private bool Admits(string origin)
    {
        var bytes = Encoding.ASCII.GetBytes(origin);
        foreach (var match in policy.Origins)
            if (match.IsMatch(bytes)) return true;
        return false;
    }

    private List<HeaderValue> Grant(string origin)
    {
        var fields = new List<HeaderValue> { new("access-control-allow-origin", origin), new("vary", "Origin") };
        if (policy.Credentials) fields.Add(new("access-control-allow-credentials", "true"));
        if (!policy.Exposed.IsEmpty) fields.Add(new("access-control-expose-headers", string.Join(',', policy.Exposed)));
        return fields;
    }

    // With credentials an asterisk would mean itself: what was asked for is granted by name (Fetch §3.3.5).
    private void Add(List<HeaderValue> fields, string name, EquatableArray<string> values, string asked)
    {
        if (values.IsEmpty) return;
        var isAny = values is ["*"];
        var value = isAny && policy.Credentials ? asked : string.Join(',', values);
        if (value.Length > 0) fields.Add(new(name, value));
    }
}
