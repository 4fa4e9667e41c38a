namespace Ambient.Kubernetes.Resources;

/// <summary>Something that happened to an object, for people (<c>kubectl describe</c>). Kept for an hour by default.</summary>
public sealed record Event : KubernetesObject
{
    public InvolvedObject InvolvedObject { get => field ?? new(); init; }

    /// <summary>One word in camel case that programs may match.</summary>
    public string? Reason { get; init; }

    public string? Message { get; init; }

    /// <summary><c>Normal</c> or <c>Warning</c>.</summary>
    public string? Type { get; init; }

    public EventSource? Source { get; init; }

    public DateTimeOffset? FirstTimestamp { get; init; }

    public DateTimeOffset? LastTimestamp { get; init; }

    public int Count { get; init; }
}

public sealed record EventSource(string? Component, string? Host);

public sealed record InvolvedObject
{
    public string? ApiVersion { get; init; }

    public string? Kind { get; init; }

    public string? Namespace { get; init; }

    public string? Name { get; init; }

    public string? Uid { get; init; }
}
