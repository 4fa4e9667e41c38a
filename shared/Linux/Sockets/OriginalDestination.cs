using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Ambient.Linux.Sockets;

/// <summary>Where a redirected client meant to go, as the kernel's connection tracking recorded it.</summary>
public static unsafe class OriginalDestination
{
    /// <summary>Asks for IPv4 first, then for IPv6, which also finds the target of an IPv4 client on a dual-stack socket.</summary>
    /// <returns>False if the connection was not redirected by NAT: its local address is then what the client dialled.</returns>
    public static bool TryRead(Descriptor accepted, [NotNullWhen(true)] out IPEndPoint? target)
    {
        target = null;
        SocketName name = default;
        if (!TryRead(accepted, Libc.SOL_IP, Libc.SO_ORIGINAL_DST, ref name)
            && !TryRead(accepted, Libc.SOL_IPV6, Libc.IP6T_SO_ORIGINAL_DST, ref name))
            return false;
        target = name.ToEndPoint();
        return true;
    }

    private static bool TryRead(Descriptor accepted, int level, int option, ref SocketName name)
    {
        uint length = SocketName.MaxLength;
        fixed (byte* room = name.Room)
        {
            var result = CallResult.Of(Libc.getsockopt(accepted.Value, level, option, room, &length));
            name.Fill(result.Succeeded ? length : 0);
        }

        return name.IsKnown;
    }
}
