using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources;

/// <summary>Istio: where requests to hosts go.</summary>
public sealed record VirtualService : KubernetesObject
{
    /// <summary>With <see cref="VirtualServiceSpec.Problem"/> if it cannot be read.</summary>
    [JsonConverter(typeof(VirtualServiceSpecConverter))]
    public VirtualServiceSpec? Spec { get; init; }

    [JsonConverter(typeof(ConditionedStatusConverter))]
    public ConditionedStatus? Status { get; init; }
}

/// <remarks>A field that is not known here makes the whole of it unreadable; within a route, that route.</remarks>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualServiceSpec
{
    /// <summary>Why it cannot be read; null if it can. Then only the hosts and gateways are given, if those can be read.</summary>
    [JsonIgnore]
    public string? Problem { get; init; }

    public IReadOnlyList<string>? Hosts { get; init; }

    /// <summary><c>mesh</c> alone when absent.</summary>
    public IReadOnlyList<string>? Gateways { get; init; }

    /// <summary>The first that matches counts.</summary>
    [JsonConverter(typeof(VirtualHttpConverter))]
    public IReadOnlyList<VirtualHttpRoute>? Http { get; init; }

    /// <summary>Each a <see cref="VirtualConnectionRoute"/>, if it can be read.</summary>
    public IReadOnlyList<JsonElement>? Tls { get; init; }

    /// <summary>Each a <see cref="VirtualConnectionRoute"/>, if it can be read.</summary>
    public IReadOnlyList<JsonElement>? Tcp { get; init; }

    /// <summary>All namespaces when absent.</summary>
    public IReadOnlyList<string>? ExportTo { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualHttpRoute
{
    /// <summary>Why it cannot be read; null if it can. Then only the name and the matches are given, if those can be read.</summary>
    [JsonIgnore]
    public string? Problem { get; init; }

    public string? Name { get; init; }

    /// <summary>One must hold; absent means everything, unless there is a problem.</summary>
    public IReadOnlyList<VirtualMatch>? Match { get; init; }

    public IReadOnlyList<VirtualDestination>? Route { get; init; }

    public VirtualRedirect? Redirect { get; init; }

    public VirtualDirectResponse? DirectResponse { get; init; }

    /// <summary>The routes of another stand in the place of this one.</summary>
    public VirtualDelegate? Delegate { get; init; }

    public VirtualRewrite? Rewrite { get; init; }

    public string? Timeout { get; init; }

    public VirtualRetries? Retries { get; init; }

    public VirtualFault? Fault { get; init; }

    public VirtualTarget? Mirror { get; init; }

    public VirtualPercent? MirrorPercentage { get; init; }

    /// <summary>The older form of <see cref="MirrorPercentage"/>.</summary>
    public long? MirrorPercent { get; init; }

    public IReadOnlyList<VirtualMirror>? Mirrors { get; init; }

    public VirtualCors? CorsPolicy { get; init; }

    public VirtualHeaders? Headers { get; init; }
}

/// <summary>A VirtualService without hosts.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualDelegate
{
    public string Name { get => field ?? ""; init; }

    /// <summary>That of the one that refers to it when absent.</summary>
    public string? Namespace { get; init; }
}

/// <summary>All that is given must hold.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualMatch
{
    public string? Name { get; init; }

    public VirtualText? Uri { get; init; }

    public VirtualText? Scheme { get; init; }

    public VirtualText? Method { get; init; }

    public VirtualText? Authority { get; init; }

    public IReadOnlyDictionary<string, VirtualText?>? Headers { get; init; }

    public IReadOnlyDictionary<string, VirtualText?>? WithoutHeaders { get; init; }

    public IReadOnlyDictionary<string, VirtualText?>? QueryParams { get; init; }

    public bool? IgnoreUriCase { get; init; }

    public long? Port { get; init; }

    public string? SourceNamespace { get; init; }

    public IReadOnlyDictionary<string, string>? SourceLabels { get; init; }

    public IReadOnlyList<string>? Gateways { get; init; }

    public string? StatPrefix { get; init; }
}

/// <summary>Where connections go of which no requests are seen.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualConnectionRoute
{
    /// <summary>One must hold; absent means every connection.</summary>
    public IReadOnlyList<VirtualConnectionMatch>? Match { get; init; }

    public IReadOnlyList<VirtualDestination>? Route { get; init; }
}

/// <summary>All that is given must hold.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualConnectionMatch
{
    /// <summary>Of <c>tls</c> only: host names or wildcards.</summary>
    public IReadOnlyList<string>? SniHosts { get; init; }

    public IReadOnlyList<string>? DestinationSubnets { get; init; }

    public long? Port { get; init; }

    public IReadOnlyDictionary<string, string>? SourceLabels { get; init; }

    public string? SourceNamespace { get; init; }

    public string? SourceSubnet { get; init; }

    public IReadOnlyList<string>? Gateways { get; init; }
}

/// <summary>One of the three; none asks only whether it is there.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualText
{
    public string? Exact { get; init; }

    public string? Prefix { get; init; }

    public string? Regex { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualDestination
{
    public VirtualTarget? Destination { get; init; }

    public long? Weight { get; init; }

    public VirtualHeaders? Headers { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualTarget
{
    public string Host { get => field ?? ""; init; }

    public string? Subset { get; init; }

    public PortSelector? Port { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualHeaders
{
    public VirtualHeaderEdits? Request { get; init; }

    public VirtualHeaderEdits? Response { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualHeaderEdits
{
    public IReadOnlyDictionary<string, string>? Set { get; init; }

    public IReadOnlyDictionary<string, string>? Add { get; init; }

    public IReadOnlyList<string>? Remove { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualRedirect
{
    public string? Uri { get; init; }

    public string? Authority { get; init; }

    public long? Port { get; init; }

    /// <summary><c>FROM_PROTOCOL_DEFAULT</c> or <c>FROM_REQUEST_PORT</c>.</summary>
    public string? DerivePort { get; init; }

    public string? Scheme { get; init; }

    /// <summary>301 when absent.</summary>
    public long? RedirectCode { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualDirectResponse
{
    public long Status { get; init; }

    public VirtualBody? Body { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualBody
{
    public string? String { get; init; }

    /// <summary>Base64.</summary>
    public string? Bytes { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualRewrite
{
    public string? Uri { get; init; }

    public string? Authority { get; init; }

    public VirtualRegexRewrite? UriRegexRewrite { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualRegexRewrite
{
    public string? Match { get; init; }

    /// <summary><c>\1</c> and so on stand for groups.</summary>
    public string? Rewrite { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualRetries
{
    /// <summary>Retries; up to 0 switches them off.</summary>
    public long? Attempts { get; init; }

    public string? PerTryTimeout { get; init; }

    public string? RetryOn { get; init; }

    public bool? RetryRemoteLocalities { get; init; }

    public bool? RetryIgnorePreviousHosts { get; init; }

    public string? Backoff { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualFault
{
    public VirtualDelay? Delay { get; init; }

    public VirtualAbort? Abort { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualDelay
{
    public string? FixedDelay { get; init; }

    public VirtualPercent? Percentage { get; init; }

    /// <summary>The older form of <see cref="Percentage"/>.</summary>
    public long? Percent { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualAbort
{
    public long? HttpStatus { get; init; }

    /// <summary>By name or number.</summary>
    public string? GrpcStatus { get; init; }

    public VirtualPercent? Percentage { get; init; }
}

/// <summary>0 to 100.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualPercent
{
    public double Value { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualMirror
{
    public VirtualTarget? Destination { get; init; }

    public VirtualPercent? Percentage { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VirtualCors
{
    /// <summary>The older form of <see cref="AllowOrigins"/>.</summary>
    public IReadOnlyList<string>? AllowOrigin { get; init; }

    public IReadOnlyList<VirtualText>? AllowOrigins { get; init; }

    public IReadOnlyList<string>? AllowMethods { get; init; }

    public IReadOnlyList<string>? AllowHeaders { get; init; }

    public IReadOnlyList<string>? ExposeHeaders { get; init; }

    public string? MaxAge { get; init; }

    public bool? AllowCredentials { get; init; }

    /// <summary><c>FORWARD</c> (when absent) or <c>IGNORE</c>.</summary>
    public string? UnmatchedPreflights { get; init; }
}
