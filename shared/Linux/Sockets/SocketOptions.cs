namespace Ambient.Linux.Sockets;

/// <summary>Options of sockets, one method per option. Each throws a <see cref="LinuxException"/> that names it, unless it says otherwise.</summary>
public static unsafe class SocketOptions
{
    /// <summary>Small writes go out at once (TCP_NODELAY). Never throws: a socket whose peer is gone refuses options.</summary>
    public static void NoDelay(Descriptor socket) => TrySet(socket, Libc.SOL_TCP, Libc.TCP_NODELAY, 1);

    /// <summary>Probes an idle connection after <paramref name="time"/>, then every <paramref name="interval"/>; lost after <paramref name="probes"/>.</summary>
    /// <remarks>Whole seconds, at least 1. Never throws: without keepalive a connection still works.</remarks>
    public static void KeepAlive(Descriptor socket, TimeSpan time, TimeSpan interval, int probes)
    {
        TrySet(socket, Libc.SOL_SOCKET, Libc.SO_KEEPALIVE, 1);
        TrySet(socket, Libc.SOL_TCP, Libc.TCP_KEEPIDLE, WholeSeconds(time));
        TrySet(socket, Libc.SOL_TCP, Libc.TCP_KEEPINTVL, WholeSeconds(interval));
        TrySet(socket, Libc.SOL_TCP, Libc.TCP_KEEPCNT, probes);
    }

    /// <summary>How long sent data may stay unacknowledged before the connection is given up (TCP_USER_TIMEOUT). Never throws.</summary>
    public static void UserTimeout(Descriptor socket, TimeSpan limit) =>
        TrySet(socket, Libc.SOL_TCP, Libc.TCP_USER_TIMEOUT, (int)limit.TotalMilliseconds);

    /// <summary>Marks every packet of the socket; accepted sockets inherit the mark of their listener.</summary>
    public static void Mark(Descriptor socket, uint mark) => Set(socket, Libc.SOL_SOCKET, Libc.SO_MARK, (int)mark, "SO_MARK");

    public static void ReusePort(Descriptor socket) => Set(socket, Libc.SOL_SOCKET, Libc.SO_REUSEPORT, 1, "SO_REUSEPORT");

    public static void ReuseAddress(Descriptor socket) => Set(socket, Libc.SOL_SOCKET, Libc.SO_REUSEADDR, 1, "SO_REUSEADDR");

    /// <summary>Lets an IPv4 socket, or an IPv6 one that also serves IPv4, use addresses that are not local.</summary>
    /// <returns>Fails with EPERM without NET_ADMIN.</returns>
    public static CallResult TryTransparent(Descriptor socket) => TrySet(socket, Libc.SOL_IP, Libc.IP_TRANSPARENT, 1);

    /// <inheritdoc cref="TryTransparent"/>
    public static CallResult TryTransparentV6(Descriptor socket) => TrySet(socket, Libc.SOL_IPV6, Libc.IPV6_TRANSPARENT, 1);

    public static bool IsTransparent(Descriptor socket) => Get(socket, Libc.SOL_IP, Libc.IP_TRANSPARENT) is { Succeeded: true, Value: 1 };

    /// <summary>
    /// Binding to port 0 chooses no port yet: connect does, when the destination is known, so that one port serves many
    /// destinations. For IPv6 sockets too.
    /// </summary>
    public static CallResult TryBindAddressNoPort(Descriptor socket) =>
        TrySet(socket, Libc.SOL_IP, Libc.IP_BIND_ADDRESS_NO_PORT, 1);

    /// <summary>Whether an IPv6 socket leaves IPv4 alone.</summary>
    public static void V6Only(Descriptor socket, bool only) => Set(socket, Libc.SOL_IPV6, Libc.IPV6_V6ONLY, only ? 1 : 0, "IPV6_V6ONLY");

    /// <summary>Fixes the kernel's buffer sizes, which turns their automatic growth off; 0 leaves one alone.</summary>
    public static void BufferSizes(Descriptor socket, int receiveBytes, int sendBytes)
    {
        if (receiveBytes > 0)
            Set(socket, Libc.SOL_SOCKET, Libc.SO_RCVBUF, receiveBytes, "SO_RCVBUF");
        if (sendBytes > 0)
            Set(socket, Libc.SOL_SOCKET, Libc.SO_SNDBUF, sendBytes, "SO_SNDBUF");
    }

    internal static CallResult Get(Descriptor socket, int level, int option)
    {
        var value = 0;
        uint length = sizeof(int);
        var result = CallResult.Of(Libc.getsockopt(socket.Value, level, option, &value, &length));
        return result.Succeeded ? CallResult.Of(value) : result;
    }

    private static int WholeSeconds(TimeSpan time) => Math.Max(1, (int)time.TotalSeconds);

    private static CallResult TrySet(Descriptor socket, int level, int option, int value) =>
        CallResult.Of(Libc.setsockopt(socket.Value, level, option, &value, sizeof(int)));

    private static void Set(Descriptor socket, int level, int option, int value, string name) =>
        TrySet(socket, level, option, value).OrThrow($"setsockopt({name} = {value})");
}
