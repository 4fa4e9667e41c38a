using Ambient.Lab.Network;

namespace Ambient.Lab.Mesh;

/// <summary>What the node proxies are told about a pod. Set it before <see cref="MeshLab.PublishAsync"/>.</summary>
public sealed class MeshWorkload(LabPod pod)
{
    public LabPod Pod { get; } = pod;

    /// <summary>Others reach it through HBONE; false for a pod outside the mesh.</summary>
    public bool Enrolled { get; set; }

    public string TrustDomain { get; set; } = "cluster.local";

    /// <summary>Policies that select this workload, as <c>namespace/name</c>.</summary>
    public List<string> Policies { get; } = [];

    /// <summary>Who must stand in front of it: <c>/ADDRESS</c> or <c>namespace/hostname</c>.</summary>
    public string? Waypoint { get; set; }

    public bool Healthy { get; set; } = true;
}
