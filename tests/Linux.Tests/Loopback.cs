using System.Net;
using System.Net.Sockets;
using Ambient.Linux.Sockets;

namespace Ambient.Linux.Tests;

/// <summary>Waiting on non-blocking sockets, for tests without an event loop.</summary>
internal static class Loopback
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    internal static Descriptor Accept(Descriptor listener, out SocketName peer)
    {
        Assert.True(SeqPacketSocket.WaitFor(listener, Libc.POLLIN, Limit), "nobody connected");
        return new(TcpSockets.Accept(listener.Value, out peer).OrThrow("accept"));
    }

    /// <returns>0, or the errno of the failure.</returns>
    internal static int WaitConnected(Descriptor socket)
    {
        Assert.True(SeqPacketSocket.WaitFor(socket, Libc.POLLOUT, Limit), "the dial did not end");
        return TcpSockets.TakeError(socket.Value).Errno;
    }

    internal static Descriptor Connect(IPEndPoint to) => Connect(OutgoingSocket.Open(to.AddressFamily, new() { KeepAlive = null }), to);

    internal static Descriptor Connect(Descriptor socket, IPEndPoint to)
    {
        var result = TcpSockets.Connect(socket, to);
        if (!result.Succeeded && result.Errno != Errno.InProgress)
            throw new LinuxException($"connect({to})", result.Errno);
        Assert.Equal(0, WaitConnected(socket));
        return socket;
    }

    internal static int Receive(Descriptor socket, Span<byte> into)
    {
        Assert.True(SeqPacketSocket.WaitFor(socket, Libc.POLLIN, Limit), "nothing came");
        return TcpSockets.Receive(socket.Value, into).OrThrow("recv");
    }

    internal static IPAddress Of(AddressFamily family) => family == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback;
}
