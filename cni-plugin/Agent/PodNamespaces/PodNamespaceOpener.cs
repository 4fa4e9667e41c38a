using System.Net;
using System.Net.NetworkInformation;
using Ambient.Linux;
using Ambient.Linux.Namespaces;

namespace Ambient.CniAgent.PodNamespaces;

/// <summary>Opens a pod's network namespace and makes sure it is one, is not the node's, and is this pod's.</summary>
/// <param name="nodes">Namespaces that belong to the node: rules in there would capture all of its traffic.</param>
internal sealed class PodNamespaceOpener(IReadOnlyCollection<NamespaceKey> nodes)
{
    /// <summary>The namespace of this process and, where it may be seen, of the node's first process.</summary>
    public static PodNamespaceOpener ForThisNode()
    {
        using var ours = NetworkNamespace.Current();
        try
        {
            using var first = NetworkNamespace.Open("/proc/1/ns/net");
            return new PodNamespaceOpener([ours.Key, first.Key]);
        }
        catch (LinuxException)
        {
            return new PodNamespaceOpener([ours.Key]);
        }
    }

    /// <returns>The caller's to dispose.</returns>
    /// <exception cref="PodNamespaceException">Refused, with the reason.</exception>
    public NetworkNamespace Open(PodSpec pod)
    {
        NetworkNamespace? netns = null;
        try
        {
            netns = NetworkNamespace.Open(pod.NetworkNamespace);
            if (nodes.Contains(netns.Key))
                throw new PodNamespaceException($"{pod.NetworkNamespace} is the node's own network namespace: pods with host networking cannot be enrolled.");
            RequireAddress(pod, netns.Run(LocalAddresses));
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

    private static void RequireAddress(PodSpec pod, IReadOnlyCollection<IPAddress> present)
    {
        if (pod.Addresses.IsEmpty || pod.Addresses.Any(text => IPAddress.TryParse(text, out var address) && present.Contains(address)))
            return;
        throw new PodNamespaceException($"{pod.NetworkNamespace} has none of the pod's addresses ({string.Join(", ", pod.Addresses)}). " +
            "Does the path belong to another pod?");
    }

    // getifaddrs, so it sees the namespace of the thread that calls it.
    private static IReadOnlyCollection<IPAddress> LocalAddresses() =>
        [.. NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(card => card.GetIPProperties().UnicastAddresses)
            .Select(unicast => new IPAddress(unicast.Address.GetAddressBytes()))];
}
