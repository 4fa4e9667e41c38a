using System.Net;
using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Routing;

namespace Ambient.CniAgent.PodNamespaces;

/// <summary>Opens a pod's network namespace and makes sure it is one, is not the node's, and is this pod's.</summary>
/// <param name="nodes">Namespaces that belong to the node: rules in there would capture all of its traffic.</param>
/// <param name="sandboxes">For pods whose namespace was not handed to us.</param>
internal sealed class PodNamespaceOpener(IReadOnlyCollection<NamespaceKey> nodes, SandboxFinder sandboxes)
{
    /// <summary>For the node that this process runs on: its own namespace and that of the node, which may be the same.</summary>
    /// <param name="hostRoot">Prefix of the node's own paths.</param>
    /// <exception cref="LinuxException">The node's namespace cannot be opened.</exception>
    public static PodNamespaceOpener ForThisNode(string hostRoot, string hostNetns, TimeProvider time)
    {
        using var ours = NetworkNamespace.Current();
        using var node = NetworkNamespace.Open(hostNetns);
        return new PodNamespaceOpener([ours.Key, node.Key], new SandboxFinder(Path.Join(hostRoot, "proc"), time));
    }

    /// <returns>The caller's to dispose.</returns>
    /// <exception cref="PodNamespaceException">Refused, with the reason.</exception>
    public NetworkNamespace Open(PodSpec pod) => pod.NetworkNamespace.Length > 0 ? OpenPath(pod) : Search(pod);

    private NetworkNamespace OpenPath(PodSpec pod)
    {
        NetworkNamespace? netns = null;
        try
        {
            netns = NetworkNamespace.Open(pod.NetworkNamespace);
            if (nodes.Contains(netns.Key))
                throw new PodNamespaceException($"{pod.NetworkNamespace} is the node's own network namespace: pods with host networking cannot be enrolled.");
            if (!HasAddressOf(pod, netns))
            {
                throw new PodNamespaceException($"{pod.NetworkNamespace} has none of the pod's addresses ({string.Join(", ", pod.Addresses)}). " +
                    "Does the path belong to another pod?");
            }
            return netns;
        }
        catch (LinuxException error)
        {
            netns?.Dispose();
            throw new PodNamespaceException($"{pod.NetworkNamespace} is not a network namespace that can be entered: {error.Message}", error);
        }
        catch
        {
            netns?.Dispose();
            throw;
        }
    }

    // A process of another pod, or of nobody, may sit in a pod's namespace, and one of the pod in another's: the cgroup says
    // whose process it is, the address whose namespace.
    private NetworkNamespace Search(PodSpec pod)
    {
        if (!pod.Addresses.Any())
            throw new PodNamespaceException("The pod has no address yet, so nothing proves which network namespace is its own.");
        NetworkNamespace? chosen = null;
        var seen = 0;
        foreach (var netns in sandboxes.Find(pod.Uid))
        {
            seen++;
            if (chosen is null && !nodes.Contains(netns.Key) && IsOf(pod, netns))
                chosen = netns;
            else
                netns.Dispose();
        }
        return chosen ?? throw new PodNamespaceException(seen == 0
            ? $"No process on this node belongs to the pod (uid {pod.Uid}) by its cgroup. Has the pod started, and is the node's /proc mounted into the agent?"
            : $"The {seen} network namespace(s) of the pod's processes have none of its addresses ({string.Join(", ", pod.Addresses)}).");
    }

    private static bool IsOf(PodSpec pod, NetworkNamespace netns)
    {
        try
        {
            return HasAddressOf(pod, netns);
        }
        catch (LinuxException)
        {
            return false;
        }
    }

    private static bool HasAddressOf(PodSpec pod, NetworkNamespace netns)
    {
        var present = netns.Run(LocalAddresses.OfThisThread); // also without addresses: entering it shows what it is
        return pod.Addresses.IsEmpty || pod.Addresses.Any(text => IPAddress.TryParse(text, out var address) && present.Any(local => local.Address.Equals(address)));
    }
}
