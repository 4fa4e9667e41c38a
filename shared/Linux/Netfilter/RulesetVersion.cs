using System.Buffers.Binary;
using Ambient.Linux.Netlink;

namespace Ambient.Linux.Netfilter;

/// <summary>Which state of which network namespace's nftables: two that are equal say that no transaction came between, whoever's.</summary>
/// <remarks>What packets add to sets and counters is none. To have one costs a socket and a question, not a listing.</remarks>
/// <param name="Namespace">The kernel's number of it, which no other one gets before the machine's next start (socket(7), SO_NETNS_COOKIE).</param>
/// <param name="Generation">Grows with each transaction (linux/netfilter/nf_tables.h, NFTA_GEN_ID).</param>
public readonly record struct RulesetVersion(ulong Namespace, uint Generation)
{
    private const int SO_NETNS_COOKIE = 71; // <asm-generic/socket.h>, since Linux 5.14
    private const ushort NFT_MSG_GETGEN = 10 << 8 | 16, NFTA_GEN_ID = 1; // <linux/netfilter/nfnetlink.h>, nf_tables.h
    private const int NfgenmsgBytes = 4;

    /// <summary>That of the calling thread's namespace; null if this kernel does not tell.</summary>
    /// <exception cref="LinuxException">Out of descriptors.</exception>
    public static RulesetVersion? OfThisThread()
    {
        using var socket = NetlinkSocket.OfNetfilter();
        if (CookieOf(socket.Descriptor) is not { } cookie) return null;
        RulesetVersion? version = null;
        var asked = socket.Ask(NFT_MSG_GETGEN, new byte[NfgenmsgBytes], body =>
        {
            if (NetlinkMessage.FindBytes(body[NfgenmsgBytes..], NFTA_GEN_ID) is { Length: sizeof(uint) } generation)
                version = new(cookie, BinaryPrimitives.ReadUInt32BigEndian(generation));
        });
        return asked.Succeeded ? version : null;
    }

    private static unsafe ulong? CookieOf(Descriptor socket)
    {
        ulong cookie = 0;
        uint length = sizeof(ulong);
        return CallResult.Of(Libc.getsockopt(socket.Value, Libc.SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length)).Succeeded ? cookie : null;
    }
}
