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

    /// <summary>The network it is in; empty for the one that nodes are in unless they are told otherwise.</summary>
    public string Network { get; set; } = "";

    /// <summary>Through whom other networks reach it: as in <see cref="Waypoint"/>.</summary>
    public string? NetworkGateway { get; set; }

    /// <summary>Its application takes connections to other destinations: <c>{protocol: NONE, port: 15088}</c>.</summary>
    public string? ApplicationTunnel { get; set; }

    /// <summary>A name to resolve instead of its addresses, which nobody is told then.</summary>
    public string? Hostname { get; set; }
}
