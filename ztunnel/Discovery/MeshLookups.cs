using System.Net;
using Ambient.Model.Addresses;
using Ambient.Model.State;
using Ambient.Xds.Client;

namespace Ambient.Ztunnel.Discovery;

/// <summary>Makes sure that the mesh state knows what an address stands for before it is asked. Does nothing unless addresses come on demand.</summary>
/// <param name="client">Null: everything that there is is known already.</param>
/// <param name="network">The network this node is in.</param>
internal sealed class MeshLookups(DiscoveryClient? client, MeshState mesh, string network)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static MeshLookups None { get; } = new(null, new(), "");

    /// <summary>Waits until the control plane has said what the address stands for, which may be nothing.</summary>
    /// <returns>False: it did not answer in 5 s. Then the address must not be taken for one outside of the mesh.</returns>
    /// <remarks>Callers on a worker continue there. Synchronous if the answer is known.</remarks>
    public ValueTask<bool> LearnAsync(IPAddress address)
    {
        if (client is null) return new(true);
        var target = new NetworkAddress(network, address);
        return mesh.Current.Find(target, clientNamespace: null).IsKnown ? new(true) : client.DemandAsync(target.ToString(), Patience, CancellationToken.None);
    }

    /// <summary>Asks, for the benefit of later connections, and does not wait: for what only telemetry wants to know.</summary>
    public void Ask(IPAddress address)
    {
        if (client is null) return;
        var target = new NetworkAddress(network, address);
        if (!mesh.Current.Find(target, clientNamespace: null).IsKnown) client.Ask(target.ToString());
    }
}
