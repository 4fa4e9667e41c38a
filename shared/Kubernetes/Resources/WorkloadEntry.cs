namespace Ambient.Kubernetes.Resources;

/// <summary>Istio: an endpoint outside Kubernetes, such as a virtual machine.</summary>
public sealed record WorkloadEntry : KubernetesObject
{
    public WorkloadEntrySpec? Spec { get; init; }

    public ConditionedStatus? Status { get; init; }
}

/// <summary>Also an endpoint written inside a <see cref="ServiceEntry"/>.</summary>
public sealed record WorkloadEntrySpec
{
    /// <summary>An IP address, or a DNS name.</summary>
    public string? Address { get; init; }

    /// <summary>Port name → port.</summary>
    public IReadOnlyDictionary<string, long>? Ports { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    public string? Network { get; init; }

    /// <summary><c>region/zone/subzone</c>.</summary>
    public string? Locality { get; init; }

    public long? Weight { get; init; }

    public string? ServiceAccount { get; init; }
}
