using System.Net.Sockets;
using Ambient.Linux.Netlink;

namespace Ambient.Linux.Routing;

/// <summary>Delivers packets with a mark to this namespace itself: a routing rule for the mark and a local default route in a table of its own.</summary>
/// <param name="mark">Compared under <paramref name="mask"/>.</param>
/// <param name="preference">Of the rule, among all rules.</param>
/// <param name="table">1 to 255.</param>
public sealed class MarkRouting(NetlinkSocket socket, uint mark, uint mask, uint preference, byte table)
{
    // <linux/rtnetlink.h>, <linux/fib_rules.h>, <linux/if_link.h>
    private const ushort RTM_NEWLINK = 16, RTM_NEWROUTE = 24, RTM_DELROUTE = 25, RTM_GETROUTE = 26, RTM_NEWRULE = 32, RTM_DELRULE = 33, RTM_GETRULE = 34;
    private const ushort NLM_F_REPLACE = 0x100, NLM_F_EXCL = 0x200, NLM_F_CREATE = 0x400;
    private const ushort FRA_PRIORITY = 6, FRA_FWMARK = 10, FRA_FWMASK = 16, RTA_OIF = 4;
    private const byte FR_ACT_TO_TBL = 1, RT_SCOPE_HOST = 254, RTN_LOCAL = 2, RTPROT_BOOT = 3;
    private const int RuleBytes = 12, RouteBytes = 12, LinkBytes = 16, IFF_UP = 1;
    private const uint Loopback = 1; // index of lo in every namespace (init_net and its copies)

    /// <summary>Brings the loopback up.</summary>
    /// <exception cref="LinuxException">For example EPERM.</exception>
    public void RaiseLoopback()
    {
        Span<byte> link = stackalloc byte[LinkBytes];
        BitConverter.TryWriteBytes(link[4..], Loopback);
        BitConverter.TryWriteBytes(link[8..], IFF_UP);
        BitConverter.TryWriteBytes(link[12..], IFF_UP); // the only flag that changes
        socket.Change(RTM_NEWLINK, 0, link).OrThrow("netlink: link lo up");
    }

    /// <exception cref="LinuxException">The kernel refused.</exception>
    public bool HasRule(AddressFamily family)
    {
        var found = false;
        socket.List(RTM_GETRULE, [FamilyOf(family), .. new byte[RuleBytes - 1]], body =>
        {
            var attributes = body[RuleBytes..];
            found |= body[0] == FamilyOf(family) && body is [_, 0, 0, 0, ..] && body[4] == table && body[7] == FR_ACT_TO_TBL && BitConverter.ToUInt32(body[8..]) == 0
                && NetlinkMessage.Find(attributes, FRA_PRIORITY) == preference
                && NetlinkMessage.Find(attributes, FRA_FWMARK) == mark && NetlinkMessage.Find(attributes, FRA_FWMASK) == mask;
        });
        return found;
    }

    /// <exception cref="LinuxException">The kernel refused. A rule that is there already is no error.</exception>
    public void AddRule(AddressFamily family)
    {
        var added = ChangeRule(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, family);
        if (added.Errno != Errno.Exists)
            added.OrThrow("netlink: rule add");
    }

    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void DeleteRule(AddressFamily family) => ChangeRule(RTM_DELRULE, 0, family).OrThrow("netlink: rule del");

    /// <exception cref="LinuxException">The kernel refused.</exception>
    public bool HasRoute(AddressFamily family)
    {
        var found = false;
        socket.List(RTM_GETROUTE, [FamilyOf(family), .. new byte[RouteBytes - 1]], body => found |=
            body[0] == FamilyOf(family) && body[1] == 0 && body[4] == table && body[7] == RTN_LOCAL
            && NetlinkMessage.Find(body[RouteBytes..], RTA_OIF) == Loopback);
        return found;
    }

    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void SetRoute(AddressFamily family) => ChangeRoute(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, family).OrThrow("netlink: route replace");

    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void DeleteRoute(AddressFamily family) => ChangeRoute(RTM_DELROUTE, 0, family).OrThrow("netlink: route del");

    private CallResult ChangeRule(ushort type, ushort flags, AddressFamily family) =>
        socket.Change(type, flags, [FamilyOf(family), 0, 0, 0, table, 0, 0, FR_ACT_TO_TBL, 0, 0, 0, 0],
            (FRA_PRIORITY, preference), (FRA_FWMARK, mark), (FRA_FWMASK, mask));

    private CallResult ChangeRoute(ushort type, ushort flags, AddressFamily family) =>
        socket.Change(type, flags, [FamilyOf(family), 0, 0, 0, table, RTPROT_BOOT, RT_SCOPE_HOST, RTN_LOCAL, 0, 0, 0, 0], (RTA_OIF, Loopback));

    private static byte FamilyOf(AddressFamily family) => family == AddressFamily.InterNetwork ? (byte)Libc.AF_INET : (byte)Libc.AF_INET6;
}
