using System.Net;
using System.Net.Sockets;
using Ambient.Linux.Namespaces;

namespace Ambient.Playground.Kubelet.Probes;

/// <summary>Connections that come from a node: their sockets are made in its network namespace.</summary>
/// <param name="namespacePath">Of the node.</param>
internal sealed class NodeSockets(string namespacePath)
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
        using var node = NetworkNamespace.Open(namespacePath);
        return node.Run(() => new Socket(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
    }
}
