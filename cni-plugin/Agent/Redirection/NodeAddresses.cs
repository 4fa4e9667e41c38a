using System.Net;
using System.Net.Sockets;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Routing;

namespace Ambient.CniAgent.Redirection;

/// <summary>The addresses of the node itself: what the kubelet's probes come from, whichever interface leads to the pod.</summary>
/// <remarks>Thread-safe, for threads that are in the process's own network namespace.</remarks>
internal sealed class NodeAddresses : IDisposable
{
    // Addresses of services, not of the node: kube-proxy keeps them all on this interface, and nobody calls from them.
    private const string ServiceInterface = "kube-ipvs0";

    // A rule has them all; a node with more is told by its first ones, in order.
    private const int MaxAddresses = 512;

    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(5);

    private readonly NetworkNamespace _node;
    private readonly bool _isOurs;

    /// <exception cref="Linux.LinuxException">The node's namespace cannot be opened.</exception>
    public NodeAddresses(string netnsPath)
    {
        using var ours = NetworkNamespace.Current();
        _node = NetworkNamespace.Open(netnsPath);
        _isOurs = ours.Key == _node.Key;
    }

    /// <summary>As they are now.</summary>
    public NodeAddressSet Current
    {
        get
        {
            var all = _isOurs ? LocalAddresses.OfThisThread() : _node.Run(LocalAddresses.OfThisThread);
            var services = all.FirstOrDefault(static local => local.Label == ServiceInterface).Interface;
            var own = all.Where(local => local.Interface != services && IsCalledFrom(local.Address)).Select(static local => local.Address).ToList();
            return new NodeAddressSet(Texts(own, AddressFamily.InterNetwork), Texts(own, AddressFamily.InterNetworkV6));
        }
    }

    /// <summary>Calls <paramref name="changed"/> after each change until <paramref name="stop"/> fires.</summary>
    public async Task RunAsync(Action changed, TimeProvider time, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(PollInterval, time);
        TryRead(out var known);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                if (!TryRead(out var now) || now == known)
                    continue;
                known = now;
                changed();
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    public void Dispose() => _node.Dispose();

    private bool TryRead(out NodeAddressSet addresses)
    {
        try
        {
            addresses = Current;
            return true;
        }
        catch (IOException)
        {
            addresses = NodeAddressSet.Empty; // out of descriptors, for example: the next look is soon
            return false;
        }
    }

    private static bool IsCalledFrom(IPAddress address) => !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal;

    private static Model.EquatableArray<string> Texts(IEnumerable<IPAddress> addresses, AddressFamily family) =>
        [.. addresses.Where(address => address.AddressFamily == family).Select(static address => address.ToString())
            .Distinct().Order(StringComparer.Ordinal).Take(MaxAddresses)];
}
