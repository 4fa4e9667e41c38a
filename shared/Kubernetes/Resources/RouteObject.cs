using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources;

/// <summary>Gateway API: where requests or connections to services go. The kinds have one shape; what a kind does not have stays absent.</summary>
public abstract record RouteObject : KubernetesObject
{
    /// <summary>With <see cref="RouteSpec.Problem"/> if it cannot be read.</summary>
    [JsonConverter(typeof(RouteSpecConverter))]
    public RouteSpec? Spec { get; init; }

    [JsonConverter(typeof(RouteStatusConverter))]
    public RouteStatus? Status { get; init; }
}

public sealed record HttpRoute : RouteObject;

public sealed record GrpcRoute : RouteObject;

public sealed record TcpRoute : RouteObject;

public sealed record TlsRoute : RouteObject;

/// <remarks>A field that is not known here makes the whole of it unreadable; within a rule, that rule.</remarks>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RouteSpec
{
    /// <summary>Why it cannot be read; null if it can. Then only the parents are given, if those can be read.</summary>
    [JsonIgnore]
    public string? Problem { get; init; }

    public IReadOnlyList<ParentReference>? ParentRefs { get; init; }

    public IReadOnlyList<string>? Hostnames { get; init; }

    [JsonConverter(typeof(RouteRulesConverter))]
    public IReadOnlyList<RouteRuleSpec>? Rules { get; init; }

    /// <summary>About gateways at the edge; no concern of services.</summary>
    public string? UseDefaultGateways { get; init; }
}

/// <summary>What a route attaches to. Fields that are not known here are about gateways.</summary>
public sealed record ParentReference
{
    /// <summary><c>gateway.networking.k8s.io</c> when absent; empty for the core group.</summary>
    public string? Group { get; init; }

    /// <summary><c>Gateway</c> when absent.</summary>
    public string? Kind { get; init; }

    public string Name { get => field ?? ""; init; }

    /// <summary>The route's own when absent.</summary>
    public string? Namespace { get; init; }

    public string? SectionName { get; init; }

    /// <summary>Of a service; all of its ports when absent.</summary>
    public long? Port { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RouteRuleSpec
{
    /// <summary>Why it cannot be read; null if it can. Then only the name and the matches are given, if those can be read.</summary>
    [JsonIgnore]
    public string? Problem { get; init; }

    public string? Name { get; init; }

    /// <summary>One must hold; absent means everything, unless there is a problem.</summary>
    public IReadOnlyList<RouteMatchSpec>? Matches { get; init; }

    public IReadOnlyList<RouteFilter>? Filters { get; init; }

    public IReadOnlyList<BackendReference>? BackendRefs { get; init; }

    public RouteTimeouts? Timeouts { get; init; }

    public RouteRetry? Retry { get; init; }

    /// <summary>Not honoured; only whether it is there is asked.</summary>
    public JsonElement? SessionPersistence { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RouteMatchSpec
{
    public PathMatchSpec? Path { get; init; }

    /// <summary>Of an HTTPRoute a word, of a GRPCRoute an object.</summary>
    [JsonConverter(typeof(MethodMatchConverter))]
    public MethodMatchSpec? Method { get; init; }

    public IReadOnlyList<FieldMatchSpec>? Headers { get; init; }

    public IReadOnlyList<FieldMatchSpec>? QueryParams { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record PathMatchSpec
{
    /// <summary><c>PathPrefix</c> (when absent), <c>Exact</c> or <c>RegularExpression</c>.</summary>
    public string? Type { get; init; }

    /// <summary><c>/</c> when absent.</summary>
    public string? Value { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record MethodMatchSpec
{
    /// <summary>The word of an HTTPRoute; null for a GRPCRoute.</summary>
    [JsonIgnore]
    public string? Verb { get; init; }

    /// <summary><c>Exact</c> (when absent) or <c>RegularExpression</c>.</summary>
    public string? Type { get; init; }

    public string? Service { get; init; }

    public string? Method { get; init; }
}

/// <summary>A test of a header or of a query parameter.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record FieldMatchSpec
{
    /// <summary><c>Exact</c> (when absent) or <c>RegularExpression</c>.</summary>
    public string? Type { get; init; }

    public string Name { get => field ?? ""; init; }

    public string Value { get => field ?? ""; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record BackendReference
{
    /// <summary>The core group when absent.</summary>
    public string? Group { get; init; }

    /// <summary><c>Service</c> when absent.</summary>
    public string? Kind { get; init; }

    public string Name { get => field ?? ""; init; }

    /// <summary>The route's own when absent.</summary>
    public string? Namespace { get; init; }

    /// <summary>Of the service.</summary>
    public long? Port { get; init; }

    /// <summary>1 when absent; up to 1,000,000.</summary>
    public long? Weight { get; init; }

    public IReadOnlyList<RouteFilter>? Filters { get; init; }
}

/// <summary>Durations as GEP-2257 has them, such as <c>1h30m</c> or <c>500ms</c>.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RouteTimeouts
{
    public string? Request { get; init; }

    public string? BackendRequest { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RouteRetry
{
    public IReadOnlyList<long>? Codes { get; init; }

    /// <summary>Retries, so one less than the tries in all.</summary>
    public long? Attempts { get; init; }

    public string? Backoff { get; init; }
}
