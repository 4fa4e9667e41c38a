using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Lab.Network;

namespace Ambient.EndToEnd.Tests.Sockets;

/// <summary>An application in a pod that serves each connection with a piece of the test.</summary>
internal sealed class PodServer : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly Func<Socket, Task> _serve;
    private readonly ConcurrentBag<Socket> _accepted = [];
    private readonly Task _accepting;

    private PodServer(Socket listener, Func<Socket, Task> serve)
    {
        (_listener, _serve) = (listener, serve);
        _accepting = AcceptAsync();
    }

    /// <summary>Who connected, as this application sees it.</summary>
    public ConcurrentQueue<IPEndPoint> Callers { get; } = [];

    public int Open => _accepted.Count(socket => socket.Connected);

    public static PodServer Start(IPod pod, int port, Func<Socket, Task> serve) => new(pod.Listen(port), serve);

    /// <summary>Sends everything back and finishes when the caller does.</summary>
    /// <param name="at">One of the pod's addresses; null for all.</param>
    public static PodServer Echo(IPod pod, int port, IPAddress? at = null) => new(pod.Listen(port, at), EchoAsync);

    /// <summary>Says a name to whoever comes and finishes.</summary>
    public static PodServer Greet(IPod pod, int port, string name) => Start(pod, port, async socket =>
    {
        await socket.SendAsync(Encoding.UTF8.GetBytes(name));
        socket.Shutdown(SocketShutdown.Send);
        await socket.ReadEndingAsync();
    });

    /// <summary>Reads nothing and says nothing.</summary>
    public static PodServer Silent(IPod pod, int port) => Start(pod, port, _ => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System));

    public static async Task EchoAsync(Socket socket)
    {
        var buffer = new byte[64 << 10];
        while (await socket.ReceiveAsync(buffer) is var read and > 0)
            for (var sent = 0; sent < read;)
                sent += await socket.SendAsync(buffer.AsMemory(sent, read - sent));
        socket.Shutdown(SocketShutdown.Send);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        foreach (var socket in _accepted) socket.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync();
                socket.NoDelay = true;
                _accepted.Add(socket);
                var caller = (IPEndPoint)socket.RemoteEndPoint!;
                Callers.Enqueue(caller.Address.IsIPv4MappedToIPv6 ? new(caller.Address.MapToIPv4(), caller.Port) : caller);
                _ = ServeAsync(socket);
            }
        }
        catch (Exception ending) when (ending is SocketException or ObjectDisposedException)
        {
            // The listener was closed.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            await _serve(socket);
            socket.Dispose();
        }
        catch (Exception ending) when (ending is SocketException or ObjectDisposedException)
        {
            socket.Dispose();
        }
    }
}
