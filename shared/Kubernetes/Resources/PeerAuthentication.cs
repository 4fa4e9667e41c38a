namespace Ambient.Kubernetes.Resources;

/// <summary>Istio: whether callers must prove an identity.</summary>
public sealed record PeerAuthentication : KubernetesObject
{
    public PeerAuthenticationSpec? Spec { get; init; }
}

public sealed record PeerAuthenticationSpec
{
    public PolicySelector? Selector { get; init; }

    public MutualTls? Mtls { get; init; }

    /// <summary>Port of the workload (in decimal) → its own mode.</summary>
    public IReadOnlyDictionary<string, MutualTls>? PortLevelMtls { get; init; }
}

public sealed record MutualTls
{
    /// <summary><c>UNSET</c> (when absent), <c>DISABLE</c>, <c>PERMISSIVE</c> or <c>STRICT</c>.</summary>
    public string? Mode { get; init; }
}
