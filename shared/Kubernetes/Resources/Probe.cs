namespace Ambient.Kubernetes.Resources;

/// <summary>How the kubelet asks a container how it is; at most one of the three is set, none for a command.</summary>
public sealed record Probe
{
    public ProbedPort? HttpGet { get; init; }

    public ProbedPort? TcpSocket { get; init; }

    public GrpcProbe? Grpc { get; init; }
}

/// <summary>A port that is connected to.</summary>
public sealed record ProbedPort
{
    /// <summary>A number, or the name of one of the container's ports.</summary>
    public IntOrString Port { get; init; }

    /// <summary>Another host than the pod, if set.</summary>
    public string? Host { get; init; }
}

public sealed record GrpcProbe
{
    public int Port { get; init; }
}
