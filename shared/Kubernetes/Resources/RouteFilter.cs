using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources;

/// <summary>Something that is done to a request or response: the member that <see cref="Type"/> names.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RouteFilter
{
    public string Type { get => field ?? ""; init; }

    public HeaderModifier? RequestHeaderModifier { get; init; }

    public HeaderModifier? ResponseHeaderModifier { get; init; }

    public RequestMirrorFilter? RequestMirror { get; init; }

    public RequestRedirectFilter? RequestRedirect { get; init; }

    public UrlRewriteFilter? UrlRewrite { get; init; }

    public CorsFilter? Cors { get; init; }

    public ExtensionReference? ExtensionRef { get; init; }

    /// <summary>Not honoured; only whether it is there is asked.</summary>
    public JsonElement? ExternalAuth { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record HeaderModifier
{
    public IReadOnlyList<NamedValue>? Set { get; init; }

    public IReadOnlyList<NamedValue>? Add { get; init; }

    public IReadOnlyList<string>? Remove { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record NamedValue
{
    public string Name { get => field ?? ""; init; }

    public string Value { get => field ?? ""; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RequestMirrorFilter
{
    public BackendReference? BackendRef { get; init; }

    /// <summary>0 to 100.</summary>
    public long? Percent { get; init; }

    public MirrorFraction? Fraction { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record MirrorFraction
{
    public long Numerator { get; init; }

    /// <summary>100 when absent.</summary>
    public long? Denominator { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RequestRedirectFilter
{
    public string? Scheme { get; init; }

    public string? Hostname { get; init; }

    public PathModifier? Path { get; init; }

    public long? Port { get; init; }

    /// <summary>302 when absent.</summary>
    public long? StatusCode { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record UrlRewriteFilter
{
    public string? Hostname { get; init; }

    public PathModifier? Path { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record PathModifier
{
    /// <summary><c>ReplaceFullPath</c> or <c>ReplacePrefixMatch</c>.</summary>
    public string Type { get => field ?? ""; init; }

    public string? ReplaceFullPath { get; init; }

    public string? ReplacePrefixMatch { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record CorsFilter
{
    public IReadOnlyList<string>? AllowOrigins { get; init; }

    public bool? AllowCredentials { get; init; }

    public IReadOnlyList<string>? AllowMethods { get; init; }

    public IReadOnlyList<string>? AllowHeaders { get; init; }

    public IReadOnlyList<string>? ExposeHeaders { get; init; }

    /// <summary>Seconds; 5 when absent.</summary>
    public long? MaxAge { get; init; }
}

/// <summary>A filter of somebody else's making, which nobody here can apply.</summary>
public sealed record ExtensionReference
{
    public string? Group { get; init; }

    public string? Kind { get; init; }

    public string? Name { get; init; }
}
