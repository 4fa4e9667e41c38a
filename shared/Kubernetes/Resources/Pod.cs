namespace Ambient.Kubernetes.Resources;

public sealed record Pod : KubernetesObject
{
    public PodSpec? Spec { get; init; }

    public PodStatus? Status { get; init; }
}

public sealed record PodSpec
{
    public string? NodeName { get; init; }

    public string? ServiceAccountName { get; init; }

    public bool HostNetwork { get; init; }

    public IReadOnlyList<Container>? Containers { get; init; }

    public IReadOnlyList<Container>? InitContainers { get; init; }
}

public sealed record Container
{
    public IReadOnlyList<ContainerPort>? Ports { get; init; }

    /// <summary><c>Always</c> on an init container makes it a sidecar that runs as long as the pod.</summary>
    public string? RestartPolicy { get; init; }

    public Probe? StartupProbe { get; init; }

    public Probe? ReadinessProbe { get; init; }

    public Probe? LivenessProbe { get; init; }
}

public sealed record ContainerPort
{
    public string? Name { get; init; }

    [System.Text.Json.Serialization.JsonPropertyName("containerPort")]
    public int Port { get; init; }

    /// <summary><c>TCP</c> when absent.</summary>
    public string? Protocol { get; init; }
}

public sealed record PodStatus
{
    /// <summary><c>Pending</c>, <c>Running</c>, <c>Succeeded</c>, <c>Failed</c> or <c>Unknown</c>.</summary>
    public string? Phase { get; init; }

    [System.Text.Json.Serialization.JsonPropertyName("podIP")]
    public string? PodIP { get; init; }

    [System.Text.Json.Serialization.JsonPropertyName("podIPs")]
    public IReadOnlyList<PodIP>? PodIPs { get; init; }

    public IReadOnlyList<Condition>? Conditions { get; init; }
}

public sealed record PodIP
{
    public string Ip { get => field ?? ""; init; }
}
