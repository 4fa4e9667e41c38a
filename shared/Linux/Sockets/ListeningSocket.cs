using System.Net;
using System.Net.Sockets;

namespace Ambient.Linux.Sockets;

/// <summary>How a listening socket is to be opened. The default is a plain one that survives a quick restart.</summary>
public sealed record ListenOptions
{
    /// <summary>Connections that wait for accept: 1–4096 (and at most sysctl net.core.somaxconn), default 1024.</summary>
    public int Backlog { get; init; } = 1024;

    /// <summary>Packet mark, inherited by accepted sockets; 0 sets none.</summary>
    public uint Mark { get; init; }

    /// <summary>Small writes go out at once; inherited by accepted sockets.</summary>
    public bool NoDelay { get; init; }

    /// <summary>Inherited by accepted sockets; null leaves keepalive off.</summary>
    public KeepAliveTimes? KeepAlive { get; init; }

    /// <summary>Inherited by accepted sockets; null leaves it to the kernel. See <see cref="SocketOptions.UserTimeout"/>.</summary>
    public TimeSpan? UserTimeout { get; init; }

    /// <summary>Several sockets share the port and the kernel spreads connections over them (SO_REUSEPORT, beside SO_REUSEADDR).</summary>
    public bool SharePort { get; init; }

    /// <summary>Accept connections to addresses that are not local (TPROXY).</summary>
    public Transparency Transparent { get; init; } = Transparency.Off;

    /// <summary>Keep an IPv6 wildcard socket from serving IPv4 as well.</summary>
    public bool V6Only { get; init; }
}

public enum Transparency
{
    Off,

    /// <summary>Without the capability the socket is opened all the same; <see cref="SocketOptions.IsTransparent"/> tells.</summary>
    IfPermitted,

    Required,
}

/// <summary>Opens listening TCP sockets.</summary>
public static class ListeningSocket
{
    /// <summary>Opens, binds and listens, in the network namespace of the calling thread.</summary>
    /// <param name="at"><c>[::]</c> serves IPv4 as well, unless the options say otherwise; where the kernel has no IPv6 (<c>ipv6.disable=1</c>), IPv4 alone.</param>
    /// <exception cref="LinuxException">The message names the step and the address.</exception>
    public static Descriptor Open(IPEndPoint at, ListenOptions options) => Open(at, options, TcpSockets.Create);

    /// <param name="create">Makes a socket of a family.</param>
    internal static Descriptor Open(IPEndPoint at, ListenOptions options, Func<AddressFamily, Descriptor> create)
    {
        Descriptor socket;
        try
        {
            socket = create(at.AddressFamily);
        }
        catch (LinuxException missing) when (missing.Errno == Errno.FamilyNotSupported && at.Address.Equals(IPAddress.IPv6Any) && !options.V6Only)
        {
            return Open(new(IPAddress.Any, at.Port), options, create);
        }

        try
        {
            Configure(socket, at, options);
            TcpSockets.TryBind(socket, at).OrThrow($"bind({at})");
            TcpSockets.TryListen(socket, options.Backlog).OrThrow($"listen({at})");
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void Configure(Descriptor socket, IPEndPoint at, ListenOptions options)
    {
        if (at.AddressFamily == AddressFamily.InterNetworkV6)
            SocketOptions.V6Only(socket, options.V6Only);
        SocketOptions.ReuseAddress(socket); // else connections that have ended keep the port from whoever does not share it
        if (options.SharePort)
            SocketOptions.ReusePort(socket);
        if (options.Mark != 0)
            SocketOptions.Mark(socket, options.Mark);
        if (options.NoDelay)
            SocketOptions.NoDelay(socket);
        if (options.KeepAlive is { } times)
            SocketOptions.KeepAlive(socket, times.Time, times.Interval, times.Probes);
        if (options.UserTimeout is { } limit)
            SocketOptions.UserTimeout(socket, limit);
        if (options.Transparent != Transparency.Off)
            MakeTransparent(socket, at, required: options.Transparent == Transparency.Required);
    }

    // The IPv4 option works on IPv6 sockets and the kernel keeps one flag for both.
    private static void MakeTransparent(Descriptor socket, IPEndPoint at, bool required)
    {
        var result = SocketOptions.TryTransparent(socket);
        if (required)
            result.OrThrow($"setsockopt(IP_TRANSPARENT) for {at}");
    }
}
