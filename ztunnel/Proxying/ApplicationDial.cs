using System.Net;
using Ambient.Transport;

namespace Ambient.Ztunnel.Proxying;

/// <summary>Connects to the pod's own application, coming from the client's address where that is possible.</summary>
internal static class ApplicationDial
{
    public static ValueTask<(LoopSocket?, ConnectFailure)> ConnectAsync(PodWorker pod, IPEndPoint client, IPEndPoint to)
    {
        var isFromClient = pod.Pod.PreservesSource && !IPAddress.IsLoopback(to.Address);
        return pod.DialAsync(to, pod.Rules.ConnectTimeout, isFromClient ? client.Address : null);
    }
}
