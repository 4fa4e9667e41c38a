using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Ambient.Linux.Namespaces;

namespace Ambient.Playground.Kubelet.Networking;

/// <summary>Connections that come from a node or a pod: their sockets are made in its network namespace.</summary>
/// <param name="namespacePath">Of the node or the pod.</param>
/// <param name="ahead">Sockets made at a time, for those that need many a second; those that are left keep the namespace until this is disposed.</param>
internal sealed class NamespaceSockets(string namespacePath, int ahead = 1) : IDisposable
{
    private readonly ConcurrentQueue<Socket> _made = [];

    /// <exception cref="SocketException">Refused or unreachable.</exception>
    public async Task<Socket> ConnectAsync(IPEndPoint to, CancellationToken stop)
    {
        var socket = Take(to.AddressFamily);
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

    public void Dispose()
    {
        while (_made.TryDequeue(out var socket)) socket.Dispose();
    }

    private Socket Take(AddressFamily family)
    {
        while (_made.TryDequeue(out var made))
        {
            if (made.AddressFamily == family) return made;
            made.Dispose();
        }
        using var there = NetworkNamespace.Open(namespacePath);
        var sockets = there.Run(() => Enumerable.Range(0, ahead).Select(_ => new Socket(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }).ToArray());
        foreach (var spare in sockets.AsSpan(1)) _made.Enqueue(spare);
        return sockets[0];
    }
}
