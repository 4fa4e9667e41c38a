using System.Net;
using Ambient.Model.Identities;

namespace Ambient.Waypoint.Tests.Scenes;

/// <summary>Another network in small: its gateway, which ends the outer tunnel and passes on what is in it, and the node of a server, which ends the inner one.</summary>
internal static class RemoteNetwork
{
    public static readonly SpiffeId GatewayIdentity = new("cluster.local", "east", "gateway"), ServerIdentity = new("cluster.local", "shop", "remote");

    /// <returns>The gateway's end, at an address of this machine.</returns>
    public static async Task<IPEndPoint> StartAsync(NodeProxies nodes, IPAddress address, IPEndPoint application)
    {
        var node = await nodes.ListenAsync(new(IPAddress.Loopback, 0), ServerIdentity, application);
        return await nodes.ListenAsync(new(address, 0), GatewayIdentity, node);
    }
}
