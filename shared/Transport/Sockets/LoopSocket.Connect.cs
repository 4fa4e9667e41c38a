using System.Net;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Transport;

/// <summary>Dialling.</summary>
public sealed partial class LoopSocket
{
    /// <summary>Connects <paramref name="unconnected"/> and puts it on <paramref name="loop"/>. On the loop only. Does not throw.</summary>
    /// <param name="unconnected">Non-blocking, taken over. Made inside a pod's network namespace, it dials from there.</param>
    /// <param name="to">Of the socket's family.</param>
    /// <param name="timeout">For the whole attempt; <see cref="Timeout.InfiniteTimeSpan"/> leaves it to the kernel (minutes).</param>
    /// <returns>The connection, or null and why.</returns>
    public static async ValueTask<(LoopSocket?, ConnectFailure)> ConnectAsync(
        EventLoop loop, Descriptor unconnected, IPEndPoint to, TimeSpan timeout)
    {
        var started = TcpSockets.Connect(unconnected, to);
        if (!started.Succeeded && started.Errno != Errno.InProgress)
        {
            unconnected.Dispose();
            return (null, ConnectFailure.Of(started.Errno));
        }

        // Attached only now: a socket that is not connecting yet is reported as hung up.
        if (TryAttach(loop, unconnected, connected: started.Succeeded, out var failure) is not { } socket)
            return (null, failure);
        var errno = started.Succeeded ? 0 : await socket.AwaitConnectedAsync(timeout);
        if (errno == 0)
            return (socket, default);
        socket.Dispose();
        return (null, ConnectFailure.Of(errno));
    }

    private static LoopSocket? TryAttach(EventLoop loop, Descriptor connecting, bool connected, out ConnectFailure failure)
    {
        failure = default;
        try
        {
            return Attach(loop, connecting, connected);
        }
        catch (LinuxException e)
        {
            failure = ConnectFailure.Of(e.Errno);
            return null;
        }
    }

    private async ValueTask<int> AwaitConnectedAsync(TimeSpan timeout)
    {
        var timer = timeout == Timeout.InfiniteTimeSpan
            ? null
            : _loop.StartTimer(timeout, static socket => ((LoopSocket)socket!).GiveUpConnecting(), this);
        await WaitWritableAsync();
        timer?.Cancel();
        if ((_state & State.Closed) != 0)
            return Errno.TimedOut;
        _ready.CanReceive = true;
        return TcpSockets.TakeError(_descriptor.Value).Errno;
    }

    private void GiveUpConnecting() => Abort();
}
