using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources;

/// <summary>Istio: whether callers must prove an identity.</summary>
public sealed record PeerAuthentication : KubernetesObject
{
    /// <summary>With <see cref="PeerAuthenticationSpec.Problem"/> if it cannot be read.</summary>
    [JsonConverter(typeof(PeerAuthenticationSpecConverter))]
    public PeerAuthenticationSpec? Spec { get; init; }

    [JsonConverter(typeof(ConditionedStatusConverter))]
    public ConditionedStatus? Status { get; init; }
}

/// <remarks>A field that is not known here makes the whole of it unreadable.</remarks>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record PeerAuthenticationSpec
{
    /// <summary>Why it cannot be read; null if it can. Then only the selector is given, if that can be read.</summary>
    [JsonIgnore]
    public string? Problem { get; init; }

    public PolicySelector? Selector { get; init; }

    public MutualTls? Mtls { get; init; }

    /// <summary>Port of the workload (in decimal) → its own mode.</summary>
    public IReadOnlyDictionary<string, MutualTls>? PortLevelMtls { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record MutualTls
{
    /// <summary><c>UNSET</c> (when absent), <c>DISABLE</c>, <c>PERMISSIVE</c> or <c>STRICT</c>.</summary>
    public string? Mode { get; init; }
}
