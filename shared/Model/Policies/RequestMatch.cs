using Ambient.Model.Addresses;
using Ambient.Model.Routes;

namespace Ambient.Model.Policies;

/// <summary>Tests of a request, for proxies that see requests. All must hold (AND); of a list one must hit, of a <c>Not</c> list none may.</summary>
public sealed record RequestMatch
{
    /// <summary>Of the authority, port included; without case.</summary>
    public EquatableArray<TextMatch> Hosts { get; init; }
    public EquatableArray<TextMatch> NotHosts { get; init; }

    public EquatableArray<TextMatch> Methods { get; init; }
    public EquatableArray<TextMatch> NotMethods { get; init; }

    /// <summary>Of the canonical path without query.</summary>
    public EquatableArray<TextMatch> Paths { get; init; }
    public EquatableArray<TextMatch> NotPaths { get; init; }

    /// <summary>Addresses of the client as far as it is trusted: the last one of X-Forwarded-For, else the caller's.</summary>
    public EquatableArray<IpPrefix> RemoteIps { get; init; }
    public EquatableArray<IpPrefix> NotRemoteIps { get; init; }

    public EquatableArray<HeaderCondition> Headers { get; init; }

    public bool IsMatch(in RouteRequest request) =>
        HitsAny(Hosts, request.Authority, whenEmpty: true) && !HitsAny(NotHosts, request.Authority, whenEmpty: false)
        && HitsAny(Methods, request.Method, whenEmpty: true) && !HitsAny(NotMethods, request.Method, whenEmpty: false)
        && HitsAny(Paths, request.Path, whenEmpty: true) && !HitsAny(NotPaths, request.Path, whenEmpty: false)
        && IsMatch(RemoteIps, request, whenEmpty: true) && !IsMatch(NotRemoteIps, request, whenEmpty: false)
        && HaveHeaders(request.Fields);

    internal static bool HitsAny(EquatableArray<TextMatch> matches, ReadOnlySpan<byte> value, bool whenEmpty)
    {
        foreach (var match in matches)
            if (match.IsMatch(value)) return true;
        return whenEmpty && matches.IsEmpty;
    }

    private static bool IsMatch(EquatableArray<IpPrefix> ranges, in RouteRequest request, bool whenEmpty)
    {
        if (ranges.IsEmpty) return whenEmpty;
        if (request.RemoteIp is not { } address) return false;
        var bits = IpBits.Of(address);
        foreach (var range in ranges)
            if (range.Contains(bits)) return true;
        return false;
    }

    private bool HaveHeaders(IRequestFields fields)
    {
        foreach (var header in Headers)
            if (!header.IsMatch(fields)) return false;
        return true;
    }
}

/// <summary>A header that must have one of the values, if there are any, and none of the others.</summary>
/// <param name="Name">Compared without case.</param>
public sealed record HeaderCondition(string Name, EquatableArray<TextMatch> Values, EquatableArray<TextMatch> NotValues)
{
    public bool IsMatch(IRequestFields fields)
    {
        var isThere = fields.TryGet(Name, out var value);
        return RequestMatch.HitsAny(Values, value, whenEmpty: true) && (isThere || Values.IsEmpty)
            && !(isThere && RequestMatch.HitsAny(NotValues, value, whenEmpty: false));
    }
}
