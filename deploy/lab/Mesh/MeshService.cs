using Ambient.Lab.Network;

namespace Ambient.Lab.Mesh;

/// <summary>A service: its name, its virtual addresses and the pods behind it.</summary>
/// <param name="Ports">Service port to the pods' port.</param>
public sealed record MeshService(string Name, string Namespace, IReadOnlyList<string> Addresses, IReadOnlyDictionary<int, int> Ports, IReadOnlyList<LabPod> Pods)
{
    public string Hostname => $"{Name}.{Namespace}.svc.cluster.local";

    /// <summary>As in <see cref="MeshWorkload.Waypoint"/>.</summary>
    public string? Waypoint { get; init; }

    /// <summary>Who may answer for it beside its pods; across networks, who may answer at all.</summary>
    public IReadOnlyList<string> Identities { get; init; } = [];

    /// <summary>Where a pod serves what <see cref="Ports"/> leaves open with 0: a named port.</summary>
    public IReadOnlyDictionary<LabPod, IReadOnlyDictionary<int, int>> NamedPorts { get; init; } = new Dictionary<LabPod, IReadOnlyDictionary<int, int>>();
}
