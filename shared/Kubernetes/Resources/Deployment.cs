namespace Ambient.Kubernetes.Resources;

public sealed record Deployment : KubernetesObject
{
    public DeploymentSpec? Spec { get; init; }

    public DeploymentStatus? Status { get; init; }
}

public sealed record DeploymentSpec
{
    public int? Replicas { get; init; }

    public LabelSelector? Selector { get; init; }

    public PodTemplate? Template { get; init; }
}

public sealed record PodTemplate
{
    public ObjectMeta? Metadata { get; init; }

    public PodTemplateSpec? Spec { get; init; }
}

/// <summary>What we ask pods to be; <see cref="PodSpec"/> is what we read of the many that run.</summary>
public sealed record PodTemplateSpec
{
    public string? ServiceAccountName { get; init; }

    public IReadOnlyList<ContainerTemplate>? Containers { get; init; }
}

public sealed record ContainerTemplate
{
    public string Name { get => field ?? ""; init; }

    public string? Image { get; init; }

    public IReadOnlyList<string>? Command { get; init; }

    public IReadOnlyList<string>? Args { get; init; }

    public IReadOnlyList<EnvironmentVariable>? Env { get; init; }

    public IReadOnlyList<ContainerPort>? Ports { get; init; }

    public ContainerResources? Resources { get; init; }
}

public sealed record EnvironmentVariable
{
    public string Name { get => field ?? ""; init; }

    public string? Value { get; init; }
}

public sealed record ContainerResources
{
    public IReadOnlyDictionary<string, Quantity>? Requests { get; init; }

    public IReadOnlyDictionary<string, Quantity>? Limits { get; init; }
}

public sealed record DeploymentStatus
{
    public long? ObservedGeneration { get; init; }

    public int Replicas { get; init; }

    public int ReadyReplicas { get; init; }

    public IReadOnlyList<Condition>? Conditions { get; init; }
}
