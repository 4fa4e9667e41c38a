using System.Net;
using System.Net.Sockets;
using Ambient.Lab.Network;
using Ambient.Linux.Namespaces;

namespace Ambient.Footprint.Deployments;

/// <summary>Sockets of this process inside pods.</summary>
internal static class PodNetwork
{
    public static Socket Listen(this LabPod pod, int port) => Inside(pod, () =>
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Any, port));
        listener.Listen(64);
        return listener;
    });

    public static async Task<NetworkStream> ConnectAsync(this LabPod from, IPAddress address, int port)
    {
        var socket = Inside(from, static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        await socket.ConnectAsync(new IPEndPoint(address, port));
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static T Inside<T>(LabPod pod, Func<T> work)
    {
        using var ns = NetworkNamespace.Open(pod.NamespacePath);
        return ns.Run(work);
    }
}
