using System.Net;
using Ambient.Transport;

namespace Ambient.Ztunnel.Proxying;

/// <summary>Connects to the pod's own application, coming from the client's address where that is possible.</summary>
internal static class ApplicationDial
{
    public static ValueTask<(LoopSocket?, ConnectFailure)> ConnectAsync(PodWorker pod, IPEndPoint client, IPEndPoint to)
    {
        if (!pod.Pod.PreservesSource || IPAddress.IsLoopback(to.Address))
            return LoopSocket.ConnectAsync(pod.Loop, pod.Pod.Sockets.ForDial(to), to, pod.Rules.ConnectTimeout);

        var (socket, errno) = pod.Pod.Sockets.ForDialFrom(client.Address, to);
        if (errno == 0) return LoopSocket.ConnectAsync(pod.Loop, socket, to, pod.Rules.ConnectTimeout);

        // An application that sees another address than the client's would judge by the wrong one.
        socket.Dispose();
        return ValueTask.FromResult<(LoopSocket?, ConnectFailure)>((null, ConnectFailure.Of(errno)));
    }
}
