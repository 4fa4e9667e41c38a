namespace Ambient.Kubernetes.Resources;

/// <summary>Its labels say where it stands.</summary>
public sealed record Node : KubernetesObject;

/// <summary>Its labels hold the mesh's settings for everything within.</summary>
public sealed record Namespace : KubernetesObject
{
    public NamespaceStatus? Status { get; init; }
}

public sealed record NamespaceStatus
{
    /// <summary><c>Active</c> or <c>Terminating</c>.</summary>
    public string? Phase { get; init; }
}

public sealed record ServiceAccount : KubernetesObject;

public sealed record ConfigMap : KubernetesObject
{
    public IReadOnlyDictionary<string, string>? Data { get; init; }
}

public sealed record Secret : KubernetesObject
{
    public string? Type { get; init; }

    /// <summary>Plain bytes: base64 only on the wire.</summary>
    public IReadOnlyDictionary<string, byte[]>? Data { get; init; }

    // The generated text of a record would show its data.
    public override string ToString() => $"Secret {ObjectName.Of(this)}";
}
