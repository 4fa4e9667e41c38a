using System.Net;
using System.Net.Sockets;

namespace Ambient.Linux.Sockets;

/// <summary>What TCP and UDP sockets share: making one, and the names at its two ends.</summary>
internal static unsafe class Addresses
{
    internal static Descriptor CreateSocket(AddressFamily family, int type) =>
        new(CallResult.Of(Libc.socket(Number(family), type | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0)).OrThrow($"socket({family})"));

    internal static CallResult TryBind(Descriptor socket, IPEndPoint to)
    {
        var name = SocketName.From(to);
        fixed (byte* raw = name.Room)
            return CallResult.Of(Libc.bind(socket.Value, raw, (uint)name.Length));
    }

    internal static CallResult TryConnect(Descriptor socket, IPEndPoint to)
    {
        var name = SocketName.From(to);
        fixed (byte* raw = name.Room)
        {
            CallResult result;
            do
                result = CallResult.Of(Libc.connect(socket.Value, raw, (uint)name.Length));
            while (result.Errno == Errno.Interrupted);
            return result;
        }
    }

    internal static SocketName LocalName(Descriptor socket)
    {
        SocketName name = default;
        uint length = SocketName.MaxLength;
        fixed (byte* room = name.Room)
            name.Fill(Libc.getsockname(socket.Value, room, &length) == 0 ? length : 0);
        return name;
    }

    internal static SocketName RemoteName(Descriptor socket)
    {
        SocketName name = default;
        uint length = SocketName.MaxLength;
        fixed (byte* room = name.Room)
            name.Fill(Libc.getpeername(socket.Value, room, &length) == 0 ? length : 0);
        return name;
    }

    private static int Number(AddressFamily family) => family switch
    {
        AddressFamily.InterNetwork => Libc.AF_INET,
        AddressFamily.InterNetworkV6 => Libc.AF_INET6,
        _ => throw new ArgumentOutOfRangeException(nameof(family), family, "Only IPv4 and IPv6."),
    };
}
