using System.Net;
using System.Security.Cryptography;
using Ambient.Lab.Network;
using Ambient.Lab.Processes;
using Ambient.Playground.Kubelet.Networking;

namespace Ambient.Playground.Kubelet.Sandboxes;

/// <summary>Makes and removes the sandboxes of a node's pods: namespace, network by CNI, control group.</summary>
internal sealed class ContainerRuntime(LabNode node, NodeFiles files, IReadOnlyList<IPAddress> nodeAddresses)
{
    private readonly CniChain _chain = new(node.Namespace, files.NetworkPlugins);

    public IReadOnlyCollection<PluginCall> PluginCalls => _chain.Calls;

    public static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    /// <exception cref="CniException">The network refused; nothing is left but what plugins failed to undo.</exception>
    public async Task<PodSandbox> MakeAsync(PodIdentity pod)
    {
        var id = NewId();
        return pod.IsHostNetwork
            ? Start(pod, new(Attachment(id, Path.Combine(LabId.NamespaceDirectory, node.Namespace), pod), null, null), node.Namespace, nodeAddresses)
            : await AttachAsync(pod, id, $"{node.Namespace}-cni-{id[..12]}");
    }

    /// <summary>Undoes a sandbox whose processes have ended. May be repeated until it succeeds.</summary>
    /// <exception cref="CniException">A plugin could not undo its part; the record is kept for the next attempt.</exception>
    public async Task RemoveAsync(SandboxRecord record)
    {
        if (record.Network is { } network)
        {
            var isThere = File.Exists(record.Attachment.NamespacePath);
            await _chain.DeleteAsync(network, isThere ? record.Attachment : record.Attachment with { NamespacePath = "" }, record.Result);
            await RemoveNamespaceAsync(Path.GetFileName(record.Attachment.NamespacePath));
        }
        SandboxRecord.Remove(files.Sandboxes, record.Id);
    }

    /// <summary>Undoes what is left of a pod's earlier sandboxes: of attempts that failed, and of a life of the node that ended without warning.</summary>
    /// <exception cref="CniException">As <see cref="RemoveAsync"/>.</exception>
    public async Task RemoveLeftoversAsync(string uid)
    {
        foreach (var record in SandboxRecord.ReadAll(files.Sandboxes).Where(record => record.Attachment.PodUid == uid)) await RemoveAsync(record);
    }

    /// <summary>Removes a pod's namespace and nobody is told: for a node that loses its power.</summary>
    public static async Task RemoveNamespaceAsync(string ns)
    {
        if (File.Exists(Path.Combine(LabId.NamespaceDirectory, ns))) await Command.IpAsync(null, $"netns del {ns}");
        if (Path.Combine("/etc/netns", ns) is var files && Directory.Exists(files)) Directory.Delete(files, recursive: true);
    }

    private static CniAttachment Attachment(string id, string path, PodIdentity pod) => new(id, path, pod.Namespace, pod.Name, pod.Uid);

    private async Task<PodSandbox> AttachAsync(PodIdentity pod, string id, string ns)
    {
        var attachment = Attachment(id, Path.Combine(LabId.NamespaceDirectory, ns), pod);
        var network = CniNetwork.Load(files.NetworkConfiguration);
        var record = new SandboxRecord(attachment, network, null);
        record.Write(files.Sandboxes);
        await MakeNamespaceAsync(ns, pod);
        try
        {
            record = record with { Result = await _chain.AddAsync(network, attachment) };
            record.Write(files.Sandboxes);
            return Start(pod, record, ns, CniAttachment.Addresses(record.Result));
        }
        catch (CniException)
        {
            await TryRemoveAsync(record);
            throw;
        }
    }

    private async Task TryRemoveAsync(SandboxRecord record)
    {
        try { await RemoveAsync(record); }
        catch (CniException) { } // the record stays: tried again before the next sandbox, and the ADD's failure is the one to tell
    }

    private async Task MakeNamespaceAsync(string ns, PodIdentity pod)
    {
        await NamespaceFiles.WriteResolverAsync(ns, node.Lab.UnderlayAddress);
        if (pod.HostAliases.Count > 0) await NamespaceFiles.WriteHostsAsync(ns, pod.HostAliases);
        await Command.IpAsync(null, $"netns add {ns}");
        var disabled = nodeAddresses.Any(address => address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6) ? 0 : 1;
        await Command.RunInAsync(ns, "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0",
            $"net.ipv6.conf.all.disable_ipv6={disabled}", $"net.ipv6.conf.default.disable_ipv6={disabled}");
        await Command.IpAsync(ns, "link set lo up");
    }

    private PodSandbox Start(PodIdentity pod, SandboxRecord record, string ns, IReadOnlyList<IPAddress> addresses)
    {
        record.Write(files.Sandboxes);
        string? group = null, own = null;
        if (LabControlGroups.Of(node.Lab.Id) is { } groups)
        {
            group = Path.Combine(groups, node.Name, "kubepods", "besteffort", $"pod{pod.Uid}");
            own = Directory.CreateDirectory(Path.Combine(group, record.Id)).FullName;
        }
        var pause = Daemon.Start($"pause of {pod}", new ProcessPlace(ns, own), "/dev/null", [], "sleep", "infinity");
        return new() { Record = record, Namespace = ns, IsHostNetwork = pod.IsHostNetwork, Addresses = addresses, ControlGroup = group, Pause = pause };
    }
}
