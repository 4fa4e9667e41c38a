using System.Net;
using Ambient.Hbone.Tunnels;
using Ambient.Linux;
using Ambient.Model.Connections;
using Ambient.Transport;
using Ambient.Ztunnel.Connections;
using Ambient.Ztunnel.Proxying;

namespace Ambient.Ztunnel.Inbound;

/// <summary>Tunnels that peers open to the pod's port 15008: authenticates them and hands each CONNECT on.</summary>
internal sealed class InboundTunnels(PodWorker pod)
{
    /// <summary>Carries one accepted connection until its tunnel ends.</summary>
    /// <param name="connection">Taken over.</param>
    public async Task RunAsync(Descriptor connection, IPEndPoint peer)
    {
        var socket = LoopSocket.Attach(pod.Loop, connection);
        if (socket.LocalEndPoint is not { } local)
        {
            socket.Dispose(); // gone already
            return;
        }

        var ledger = pod.Worker.Ledger;
        ledger.SocketOpened(Direction.Inbound);
        try
        {
            if (await pod.Pod.WaitForWorkloadAsync() is not { } workload)
            {
                socket.Dispose();
                ledger.Refuse(peer, local, Direction.Inbound, ReasonCode.UnknownDestination, $"pod {pod.Pod.Name} is not in the mesh's records");
            }
            else if (await pod.Acceptor.ServeAsync(socket, workload.Identity, new Requests(pod, peer, local)) is { } refused)
            {
                var reason = ConnectReasons.Of(refused.Failure, refused.Tls);
                if (reason == ReasonCode.CertificateRevoked) pod.Rules.Metrics.CountRevoked(Direction.Inbound);
                ledger.Refuse(peer, local, Direction.Inbound, reason, refused.Message);
            }
        }
        finally
        {
            ledger.SocketClosed(Direction.Inbound);
        }
    }

    /// <summary>The CONNECTs of one tunnel.</summary>
    private sealed class Requests(PodWorker pod, IPEndPoint peer, IPEndPoint local) : ITunnelServer
    {
        public void OnConnect(HboneStream stream, ConnectRequest request) =>
            _ = new InboundStream(pod, stream, request, peer, local).RunAsync();

        public void OnRefused(Tunnel tunnel, string why) =>
            pod.Worker.Ledger.Refuse(peer, local, Direction.Inbound, ReasonCode.BadRequest, why);
    }
}
