using System.Net;
using System.Net.Sockets;

namespace Ambient.Linux.Sockets;

/// <summary>UDP sockets: non-blocking, close-on-exec, results as values.</summary>
public static unsafe class UdpSockets
{
    /// <exception cref="LinuxException">Out of descriptors, or the family is switched off.</exception>
    public static Descriptor Create(AddressFamily family) => Addresses.CreateSocket(family, Libc.SOCK_DGRAM);

    public static CallResult TryBind(Descriptor socket, IPEndPoint to) => Addresses.TryBind(socket, to);

    /// <summary>Fixes the peer: only its datagrams are received, and its refusals (ICMP) become errors.</summary>
    public static CallResult Connect(Descriptor socket, IPEndPoint to) => Addresses.TryConnect(socket, to);

    /// <summary>Ends <see cref="Connect"/>: the kernel also gives up a port that it had chosen, so the next use gets another (connect(2), AF_UNSPEC).</summary>
    public static CallResult Disconnect(Descriptor socket)
    {
        Span<byte> unspecified = stackalloc byte[16]; // sizeof(struct sockaddr) of family AF_UNSPEC, which is 0
        unspecified.Clear();
        fixed (byte* raw = unspecified)
            return CallResult.Of(Libc.connect(socket.Value, raw, (uint)unspecified.Length));
    }

    public static SocketName LocalName(Descriptor socket) => Addresses.LocalName(socket);

    /// <returns>The length of the datagram, which is larger than <paramref name="into"/> if it was cut off.</returns>
    public static CallResult Receive(int socket, Span<byte> into, out SocketName from)
    {
        from = default;
        uint length = SocketName.MaxLength;
        CallResult result;
        fixed (byte* start = into)
        fixed (byte* room = from.Room)
        {
            do
                result = CallResult.Of(Libc.recvfrom(socket, start, (nuint)into.Length, Libc.MSG_TRUNC, room, &length));
            while (result.Errno == Errno.Interrupted);
        }

        from.Fill(result.Succeeded ? length : 0);
        return result;
    }

    /// <param name="to">As received, or made with <see cref="SocketName.For"/>; one that is not known means the connected peer.</param>
    public static CallResult Send(int socket, ReadOnlySpan<byte> datagram, SocketName to)
    {
        fixed (byte* start = datagram)
        fixed (byte* address = to.Room)
        {
            while (true)
            {
                var result = CallResult.Of(Libc.sendto(
                    socket, start, (nuint)datagram.Length, Libc.MSG_NOSIGNAL, to.IsKnown ? address : null, (uint)to.Length));
                if (result.Errno != Errno.Interrupted)
                    return result;
            }
        }
    }
}
