using System.Net;
using Ambient.Hbone.Tunnels;
using Ambient.Waypoint.Running;

namespace Ambient.Waypoint.Inbound;

/// <summary>The CONNECTs of one tunnel, each a connection of a client.</summary>
/// <param name="peer">The client's pod.</param>
internal sealed class ClientTunnel(Worker worker, IPEndPoint peer) : ITunnelServer
{
    public void OnConnect(HboneStream stream, ConnectRequest request) => _ = new ClientStream(worker, stream, request, peer).RunAsync();

    public void OnRefused(Tunnel tunnel, string why) => worker.Rules.AccessLog.TunnelRefused(peer, why);
}
