using System.Net;
using System.Net.Sockets;
using Ambient.Linux.Namespaces;
using Ambient.Lab.Network;

namespace Ambient.EndToEnd.Tests.Sockets;

/// <summary>Sockets of this process that live inside a pod: the application is the test itself.</summary>
internal static class PodSockets
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public static IPEndPoint EndPoint(this IPod pod, int port, AddressFamily family = AddressFamily.InterNetwork) =>
        new(pod.AddressOf(family), port);

    /// <param name="at">One of the pod's addresses; null for all.</param>
    public static Socket Listen(this IPod pod, int port, IPAddress? at = null) => Inside(pod.NamespacePath, () =>
    {
        var listener = at is null ? new Socket(SocketType.Stream, ProtocolType.Tcp) : new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(at ?? IPAddress.IPv6Any, port));
        listener.Listen(512);
        return listener;
    });

    /// <exception cref="SocketException">Refused or reset; or timed out, after <see cref="Limit"/>.</exception>
    public static Task<Socket> ConnectAsync(this IPod pod, IPEndPoint to) => ConnectFromAsync(pod.NamespacePath, to);

    public static async Task<Socket> ConnectFromAsync(string namespacePath, IPEndPoint to)
    {
        var socket = Inside(namespacePath, () => new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        using var expiry = new CancellationTokenSource(Limit);
        try
        {
            await socket.ConnectAsync(to, expiry.Token);
            return socket;
        }
        catch (OperationCanceledException)
        {
            socket.Dispose();
            throw new SocketException((int)SocketError.TimedOut);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public static Socket Datagrams(string namespacePath, IPEndPoint at) => Inside(namespacePath, () =>
    {
        var socket = new Socket(at.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(at);
        return socket;
    });

    private static T Inside<T>(string path, Func<T> work)
    {
        using var ns = NetworkNamespace.Open(path);
        return ns.Run(work);
    }
}
