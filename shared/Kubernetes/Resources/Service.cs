using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources;

public sealed record Service : KubernetesObject
{
    public ServiceSpec? Spec { get; init; }

    public ServiceStatus? Status { get; init; }
}

public sealed record ServiceSpec
{
    /// <summary><c>ClusterIP</c> (when absent), <c>NodePort</c>, <c>LoadBalancer</c> or <c>ExternalName</c>.</summary>
    public string? Type { get; init; }

    /// <summary>Empty or absent: nobody is selected, endpoints come from slices that someone else writes.</summary>
    public IReadOnlyDictionary<string, string>? Selector { get; init; }

    /// <summary><c>None</c> for a headless service.</summary>
    [JsonPropertyName("clusterIP")]
    public string? ClusterIP { get; init; }

    [JsonPropertyName("clusterIPs")]
    public IReadOnlyList<string>? ClusterIPs { get; init; }

    public IReadOnlyList<ServicePort>? Ports { get; init; }

    /// <summary><c>IPv4</c>, <c>IPv6</c>.</summary>
    public IReadOnlyList<string>? IpFamilies { get; init; }

    /// <summary><c>Cluster</c> (when absent) or <c>Local</c>.</summary>
    public string? InternalTrafficPolicy { get; init; }

    public string? TrafficDistribution { get; init; }

    public bool PublishNotReadyAddresses { get; init; }
}

public sealed record ServicePort
{
    public string? Name { get; init; }

    public int Port { get; init; }

    /// <summary>The same as <see cref="Port"/> when absent.</summary>
    public IntOrString? TargetPort { get; init; }

    /// <summary><c>TCP</c> when absent.</summary>
    public string? Protocol { get; init; }

    public string? AppProtocol { get; init; }
}

public sealed record ServiceStatus
{
    public IReadOnlyList<Condition>? Conditions { get; init; }

    public LoadBalancerStatus? LoadBalancer { get; init; }
}

public sealed record LoadBalancerStatus
{
    public IReadOnlyList<LoadBalancerIngress>? Ingress { get; init; }
}

public sealed record LoadBalancerIngress
{
    public string? Ip { get; init; }

    public string? Hostname { get; init; }
}
