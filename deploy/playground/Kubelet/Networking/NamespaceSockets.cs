using System.Net;
using System.Net.Sockets;
using Ambient.Linux.Namespaces;

namespace Ambient.Playground.Kubelet.Networking;

/// <summary>Connections that come from a node or a pod: their sockets are made in its network namespace.</summary>
/// <param name="namespacePath">Of the node or the pod.</param>
internal sealed class NamespaceSockets(string namespacePath)
{
    /// <exception cref="SocketException">Refused or unreachable.</exception>
    public async Task<Socket> ConnectAsync(IPEndPoint to, CancellationToken stop)
    {
        var socket = Make(to.AddressFamily);
        try
        {
            await socket.ConnectAsync(to, stop);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private Socket Make(AddressFamily family)
    {
        using var there = NetworkNamespace.Open(namespacePath);
        return there.Run(() => new Socket(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
    }
}
