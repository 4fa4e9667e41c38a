using System.Net;
using System.Text;
using Ambient.Linux.Netlink;

namespace Ambient.Linux.Routing;

/// <summary>The addresses that are configured on a network namespace's interfaces.</summary>
public static class LocalAddresses
{
    // <linux/rtnetlink.h>, <linux/if_addr.h>
    private const ushort RTM_GETADDR = 22, IFA_ADDRESS = 1, IFA_LOCAL = 2, IFA_LABEL = 3;
    private const int AddressBytes = 8;

    /// <summary>Those of the calling thread's namespace.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static IReadOnlyList<LocalAddress> OfThisThread()
    {
        using var socket = NetlinkSocket.OfRouting();
        var found = new List<LocalAddress>();
        socket.List(RTM_GETADDR, new byte[AddressBytes], body =>
        {
            var attributes = body[AddressBytes..];
            // On a point-to-point link IFA_ADDRESS is the other end.
            var address = NetlinkMessage.FindBytes(attributes, IFA_LOCAL) is { IsEmpty: false } local ? local : NetlinkMessage.FindBytes(attributes, IFA_ADDRESS);
            if (address.Length is 4 or 16)
                found.Add(new LocalAddress(new IPAddress(address), BitConverter.ToInt32(body[4..]), Encoding.UTF8.GetString(NetlinkMessage.FindBytes(attributes, IFA_LABEL)).TrimEnd('\0')));
        });
        return found;
    }
}

/// <param name="Interface">Its index.</param>
/// <param name="Label">The interface's name, for IPv4; empty for IPv6.</param>
public readonly record struct LocalAddress(IPAddress Address, int Interface, string Label);
