using System.Net;
using Ambient.Lab.Network;
using Ambient.Lab.Processes;

namespace Ambient.Playground.Kubelet.Sandboxes;

/// <summary>Where the containers of one pod run: its network namespace and control group, held by a process that does nothing.</summary>
internal sealed class PodSandbox
{
    public required SandboxRecord Record { get; init; }

    /// <summary>By name under /run/netns; the node's own for pods with host networking.</summary>
    public required string Namespace { get; init; }

    public required bool IsHostNetwork { get; init; }

    /// <summary>One per family.</summary>
    public required IReadOnlyList<IPAddress> Addresses { get; init; }

    /// <summary>The pod's control group; null where the machine has none to write to.</summary>
    public required string? ControlGroup { get; init; }

    /// <summary>Keeps the namespace and says by its control group whose it is, also while no container runs.</summary>
    public required Daemon Pause { get; init; }

    public string Id => Record.Id;

    /// <summary>A control group for one container.</summary>
    public string? GroupFor(string containerId)
    {
        if (ControlGroup is null) return null;
        var group = Path.Combine(ControlGroup, containerId);
        Directory.CreateDirectory(group);
        return group;
    }

    /// <summary>Kills every process of the pod, those included that its containers started and left.</summary>
    public async Task KillAsync()
    {
        if (ControlGroup is not null && Path.Combine(ControlGroup, "cgroup.kill") is var kill && File.Exists(kill)) await File.WriteAllTextAsync(kill, "1");
        await Pause.DisposeAsync();
    }

    public void RemoveGroup()
    {
        if (ControlGroup is not null) LabControlGroups.Remove(ControlGroup);
    }
}
