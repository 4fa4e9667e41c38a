namespace Ambient.Playground.Cluster;

/// <summary>How a cluster with the mesh is made; the defaults are a cluster of both families.</summary>
public sealed record ClusterLabOptions
{
    public PodFamilies Families { get; init; } = PodFamilies.Dual;

    /// <summary>Environment of the control plane, above what the lab sets.</summary>
    public IEnumerable<KeyValuePair<string, string>> ControlPlane { get; init; } = [];

    /// <summary>Environment of the ztunnels, above what their DaemonSet sets.</summary>
    public IEnumerable<KeyValuePair<string, string>> Ztunnel { get; init; } = [];

    /// <summary>How often the node agents look at each pod, as they read it. Default 5s, so that nobody waits for long; theirs is 30s.</summary>
    public string AuditInterval { get; init; } = "5s";

    /// <summary>What of <see cref="MeshManifests.ZtunnelCapabilities"/> ztunnel is not given.</summary>
    public string? WithoutOfZtunnel { get; init; }

    /// <summary>What of <see cref="MeshManifests.AgentCapabilities"/> the node agent is not given.</summary>
    public string? WithoutOfAgent { get; init; }
}
