using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources;

/// <summary>Istio: kinds that nothing in this mesh honours. They are read so that their status can say so.</summary>
public abstract record UnhonouredObject : KubernetesObject
{
    [JsonConverter(typeof(ConditionedStatusConverter))]
    public ConditionedStatus? Status { get; init; }
}

/// <summary>Which tokens of end users are valid.</summary>
public sealed record RequestAuthentication : UnhonouredObject
{
    /// <summary>Empty if it cannot be read.</summary>
    [JsonConverter(typeof(RequestAuthenticationSpecConverter))]
    public RequestAuthenticationSpec? Spec { get; init; }
}

/// <summary>A piece of Envoy's own configuration.</summary>
public sealed record EnvoyFilter : UnhonouredObject;

/// <summary>A program that looks at requests within a proxy.</summary>
public sealed record WasmPlugin : UnhonouredObject;

/// <summary>The same, or a script.</summary>
public sealed record TrafficExtension : UnhonouredObject;

/// <summary>Settings of a proxy's process.</summary>
public sealed record ProxyConfig : UnhonouredObject;

/// <summary>What a sidecar takes and reaches.</summary>
public sealed record Sidecar : UnhonouredObject;

/// <summary>After which machines register themselves.</summary>
public sealed record WorkloadGroup : UnhonouredObject;

/// <remarks>Only what servers might rely on.</remarks>
public sealed record RequestAuthenticationSpec
{
    public IReadOnlyList<JwtRule>? JwtRules { get; init; }
}

public sealed record JwtRule
{
    /// <summary>A header that would carry what the token says.</summary>
    public string? OutputPayloadToHeader { get; init; }

    public IReadOnlyList<ClaimToHeader>? OutputClaimToHeaders { get; init; }
}

public sealed record ClaimToHeader
{
    public string? Header { get; init; }
}
