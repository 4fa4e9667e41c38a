using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources;

/// <summary>Istio: what is told of requests: spans, metrics, lines in a log.</summary>
public sealed record Telemetry : KubernetesObject
{
    /// <summary>With <see cref="TelemetrySpec.Problem"/> if it cannot be read.</summary>
    [JsonConverter(typeof(TelemetrySpecConverter))]
    public TelemetrySpec? Spec { get; init; }

    [JsonConverter(typeof(ConditionedStatusConverter))]
    public ConditionedStatus? Status { get; init; }
}

/// <remarks>A field that is not known here makes the whole of it unreadable, which is told, rather than half of it.</remarks>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record TelemetrySpec
{
    /// <summary>Why it cannot be read; null if it can. Then nothing else is given.</summary>
    [JsonIgnore]
    public string? Problem { get; init; }

    /// <summary>About sidecars; waypoints are named by targets.</summary>
    public PolicySelector? Selector { get; init; }

    public PolicyTargetReference? TargetRef { get; init; }

    public IReadOnlyList<PolicyTargetReference>? TargetRefs { get; init; }

    public IReadOnlyList<TracingSpec>? Tracing { get; init; }

    public IReadOnlyList<MetricsSpec>? Metrics { get; init; }

    public IReadOnlyList<AccessLoggingSpec>? AccessLogging { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record TracingSpec
{
    public TelemetryMatch? Match { get; init; }

    public IReadOnlyList<ProviderReference>? Providers { get; init; }

    /// <summary>0 to 100.</summary>
    public double? RandomSamplingPercentage { get; init; }

    public bool? DisableSpanReporting { get; init; }

    /// <summary>By their names.</summary>
    public IReadOnlyDictionary<string, CustomTagSpec>? CustomTags { get; init; }

    public bool? EnableIstioTags { get; init; }

    public bool? UseRequestIdForTraceSampling { get; init; }

    public bool? DisableContextPropagation { get; init; }
}

/// <remarks>One of them.</remarks>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record CustomTagSpec
{
    public LiteralTag? Literal { get; init; }

    public NamedTag? Header { get; init; }

    public NamedTag? Environment { get; init; }

    public LiteralTag? Formatter { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record LiteralTag
{
    public string? Value { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record NamedTag
{
    public string? Name { get; init; }

    public string? DefaultValue { get; init; }
}

public sealed record ProviderReference
{
    public string? Name { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record TelemetryMatch
{
    /// <summary><c>CLIENT</c>, <c>SERVER</c> or <c>CLIENT_AND_SERVER</c> (when absent): whose proxy tells.</summary>
    public string? Mode { get; init; }

    /// <summary>Such as <c>REQUEST_COUNT</c>; <c>ALL_METRICS</c> when absent.</summary>
    public string? Metric { get; init; }

    public string? CustomMetric { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record MetricsSpec
{
    public IReadOnlyList<ProviderReference>? Providers { get; init; }

    public IReadOnlyList<MetricOverrideSpec>? Overrides { get; init; }

    /// <summary>Not honoured; only whether it is there is asked.</summary>
    public string? ReportingInterval { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record MetricOverrideSpec
{
    public TelemetryMatch? Match { get; init; }

    public bool? Disabled { get; init; }

    /// <summary>By label.</summary>
    public IReadOnlyDictionary<string, TagOverrideSpec>? TagOverrides { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record TagOverrideSpec
{
    /// <summary><c>UPSERT</c> (when absent) or <c>REMOVE</c>.</summary>
    public string? Operation { get; init; }

    /// <summary>An expression of CEL.</summary>
    public string? Value { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record AccessLoggingSpec
{
    public TelemetryMatch? Match { get; init; }

    public IReadOnlyList<ProviderReference>? Providers { get; init; }

    public bool? Disabled { get; init; }

    public LogFilter? Filter { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record LogFilter
{
    /// <summary>Of CEL.</summary>
    public string? Expression { get; init; }
}
