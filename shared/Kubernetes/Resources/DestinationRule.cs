using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources;

/// <summary>Istio: how requests are spread over a service's endpoints, and how many at once.</summary>
public sealed record DestinationRule : KubernetesObject
{
    /// <summary>With <see cref="DestinationRuleSpec.Problem"/> if it cannot be read.</summary>
    [JsonConverter(typeof(DestinationRuleSpecConverter))]
    public DestinationRuleSpec? Spec { get; init; }

    [JsonConverter(typeof(ConditionedStatusConverter))]
    public ConditionedStatus? Status { get; init; }
}

/// <remarks>A field that is not known here makes the whole of it unreadable: it may ask for a connection that must not be made otherwise.</remarks>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record DestinationRuleSpec
{
    /// <summary>Why it cannot be read; null if it can. Then only the host and who sees it are given, if those can be read.</summary>
    [JsonIgnore]
    public string? Problem { get; init; }

    public string Host { get => field ?? ""; init; }

    public TrafficPolicySpec? TrafficPolicy { get; init; }

    public IReadOnlyList<SubsetSpec>? Subsets { get; init; }

    /// <summary>All namespaces when absent.</summary>
    public IReadOnlyList<string>? ExportTo { get; init; }

    /// <summary>About the clients' sidecars; only whether it is there is asked.</summary>
    public JsonElement? WorkloadSelector { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record SubsetSpec
{
    public string Name { get => field ?? ""; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    public TrafficPolicySpec? TrafficPolicy { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record TrafficPolicySpec
{
    public LoadBalancerSpec? LoadBalancer { get; init; }

    public ConnectionPoolSpec? ConnectionPool { get; init; }

    public OutlierDetectionSpec? OutlierDetection { get; init; }

    public ClientTlsSpec? Tls { get; init; }

    public RetryBudgetSpec? RetryBudget { get; init; }

    /// <summary>Take the place of everything else for their port.</summary>
    public IReadOnlyList<PortTrafficPolicySpec>? PortLevelSettings { get; init; }

    /// <summary>Not honoured; only whether it is there is asked.</summary>
    public JsonElement? Tunnel { get; init; }

    /// <summary>Not honoured; only whether it is there is asked.</summary>
    public JsonElement? ProxyProtocol { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record PortTrafficPolicySpec
{
    public PortSelector? Port { get; init; }

    public LoadBalancerSpec? LoadBalancer { get; init; }

    public ConnectionPoolSpec? ConnectionPool { get; init; }

    public OutlierDetectionSpec? OutlierDetection { get; init; }

    public ClientTlsSpec? Tls { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record PortSelector
{
    public long Number { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record LoadBalancerSpec
{
    /// <summary><c>LEAST_REQUEST</c>, <c>LEAST_CONN</c>, <c>ROUND_ROBIN</c>, <c>RANDOM</c>, <c>PASSTHROUGH</c> or <c>UNSPECIFIED</c>.</summary>
    public string? Simple { get; init; }

    public ConsistentHashSpec? ConsistentHash { get; init; }

    public WarmupSpec? Warmup { get; init; }

    /// <summary>The older form of <see cref="Warmup"/>.</summary>
    public string? WarmupDurationSecs { get; init; }

    public LocalitySettingSpec? LocalityLbSetting { get; init; }
}

/// <summary>One of the three at most.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record LocalitySettingSpec
{
    public IReadOnlyList<LocalityDistributeSpec>? Distribute { get; init; }

    public IReadOnlyList<LocalityFailoverSpec>? Failover { get; init; }

    /// <summary>Labels that near servers have in common with the client, the most important first.</summary>
    public IReadOnlyList<string>? FailoverPriority { get; init; }

    /// <summary>True when absent.</summary>
    public bool? Enabled { get; init; }
}

/// <summary>Places are <c>region/zone/subzone</c>; <c>*</c> and what is left out stand for any.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record LocalityDistributeSpec
{
    public string? From { get; init; }

    /// <summary>Percentages.</summary>
    public IReadOnlyDictionary<string, long>? To { get; init; }
}

/// <summary>Regions.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record LocalityFailoverSpec
{
    public string? From { get; init; }

    public string? To { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ConsistentHashSpec
{
    public string? HttpHeaderName { get; init; }

    public HashCookieSpec? HttpCookie { get; init; }

    public bool? UseSourceIp { get; init; }

    public string? HttpQueryParameterName { get; init; }

    /// <summary>How the ring is laid out makes no difference here.</summary>
    public JsonElement? RingHash { get; init; }

    public JsonElement? Maglev { get; init; }

    public JsonElement? MinimumRingSize { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record HashCookieSpec
{
    public string? Name { get; init; }

    public string? Path { get; init; }

    public string? Ttl { get; init; }

    /// <summary>Not honoured; only whether it is there is asked.</summary>
    public JsonElement? Attributes { get; init; }
}

/// <remarks>How steep the rise is makes no difference here: only its duration is asked.</remarks>
public sealed record WarmupSpec
{
    public string? Duration { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ConnectionPoolSpec
{
    public TcpPoolSpec? Tcp { get; init; }

    public HttpPoolSpec? Http { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record TcpPoolSpec
{
    public long? MaxConnections { get; init; }

    public string? ConnectTimeout { get; init; }

    /// <summary>Of connections that carry no HTTP; the mesh has its own.</summary>
    public string? IdleTimeout { get; init; }

    public string? MaxConnectionDuration { get; init; }

    public JsonElement? TcpKeepalive { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record HttpPoolSpec
{
    [JsonPropertyName("http1MaxPendingRequests")]
    public long? Http1MaxPendingRequests { get; init; }

    [JsonPropertyName("http2MaxRequests")]
    public long? Http2MaxRequests { get; init; }

    public long? MaxRequestsPerConnection { get; init; }

    public long? MaxRetries { get; init; }

    public string? IdleTimeout { get; init; }

    /// <summary><c>DEFAULT</c>, <c>DO_NOT_UPGRADE</c> or <c>UPGRADE</c>.</summary>
    [JsonPropertyName("h2UpgradePolicy")]
    public string? H2UpgradePolicy { get; init; }

    public bool? UseClientProtocol { get; init; }

    /// <summary>Not honoured: the engine has its own limits.</summary>
    public long? MaxConcurrentStreams { get; init; }

    [JsonPropertyName("http2KeepAlive")]
    public JsonElement? Http2KeepAlive { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record OutlierDetectionSpec
{
    [JsonPropertyName("consecutive5xxErrors")]
    public long? Consecutive5xxErrors { get; init; }

    public long? ConsecutiveGatewayErrors { get; init; }

    /// <summary>The older form of <see cref="Consecutive5xxErrors"/>.</summary>
    public long? ConsecutiveErrors { get; init; }

    public bool? SplitExternalLocalOriginErrors { get; init; }

    public long? ConsecutiveLocalOriginFailures { get; init; }

    public string? Interval { get; init; }

    public string? BaseEjectionTime { get; init; }

    public long? MaxEjectionPercent { get; init; }

    public long? MinHealthPercent { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RetryBudgetSpec
{
    public double? Percent { get; init; }

    public long? MinRetryConcurrency { get; init; }

    /// <summary>Makes no difference here: the budget is of requests under way.</summary>
    public string? BudgetInterval { get; init; }
}

/// <summary>TLS that begins here.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ClientTlsSpec
{
    /// <summary><c>DISABLE</c> (when absent), <c>SIMPLE</c>, <c>MUTUAL</c> or <c>ISTIO_MUTUAL</c>.</summary>
    public string? Mode { get; init; }

    public string? Sni { get; init; }

    public IReadOnlyList<string>? SubjectAltNames { get; init; }

    /// <summary>Paths in the waypoint's file system, as the two below.</summary>
    public string? CaCertificates { get; init; }

    public string? ClientCertificate { get; init; }

    public string? PrivateKey { get; init; }

    public bool? InsecureSkipVerify { get; init; }

    /// <summary>Not honoured, nor is the next; only whether they are there is asked.</summary>
    public string? CredentialName { get; init; }

    public string? CaCrl { get; init; }
}
