using System.Net;
using System.Net.Sockets;

namespace Ambient.Linux.Sockets;

/// <summary>How an outgoing TCP connection is to be made.</summary>
public sealed record OutgoingOptions
{
    /// <summary>Packet mark; 0 sets none.</summary>
    public uint Mark { get; init; }

    /// <summary>Null leaves keepalive off.</summary>
    public KeepAliveTimes? KeepAlive { get; init; } = KeepAliveTimes.Default;

    /// <summary>Null leaves it to the kernel; see <see cref="SocketOptions.UserTimeout"/>.</summary>
    public TimeSpan? UserTimeout { get; init; }
}

/// <summary>When an idle connection is probed; see <see cref="SocketOptions.KeepAlive"/>.</summary>
public sealed record KeepAliveTimes(TimeSpan Time, TimeSpan Interval, int Probes)
{
    public static readonly KeepAliveTimes Default = new(TimeSpan.FromSeconds(180), TimeSpan.FromSeconds(180), 9);
}

/// <summary>Opens sockets that are ready to connect, in the network namespace of the calling thread.</summary>
public static class OutgoingSocket
{
    /// <exception cref="LinuxException">Out of descriptors, or not allowed to mark.</exception>
    public static Descriptor Open(AddressFamily family, OutgoingOptions options)
    {
        var socket = TcpSockets.Create(family);
        try
        {
            SocketOptions.NoDelay(socket);
            if (options.KeepAlive is { } times)
                SocketOptions.KeepAlive(socket, times.Time, times.Interval, times.Probes);
            if (options.UserTimeout is { } limit)
                SocketOptions.UserTimeout(socket, limit);
            if (options.Mark != 0)
                SocketOptions.Mark(socket, options.Mark);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Makes the connection come from <paramref name="source"/>, local or not; its port is chosen by connect, so that
    /// binding does not run out of ports (it is exhausted per destination only, and then connect says EADDRNOTAVAIL).
    /// </summary>
    /// <param name="socket">Not connected yet, of the family of <paramref name="source"/>.</param>
    /// <returns>Fails with EPERM if the address is not local and the process lacks NET_ADMIN.</returns>
    public static CallResult TryBindSource(Descriptor socket, IPAddress source)
    {
        var result = source.AddressFamily == AddressFamily.InterNetworkV6
            ? SocketOptions.TryTransparentV6(socket)
            : SocketOptions.TryTransparent(socket);
        if (!result.Succeeded)
            return result;
        _ = SocketOptions.TryBindAddressNoPort(socket);
        return TcpSockets.TryBind(socket, new(source, 0));
    }
}
