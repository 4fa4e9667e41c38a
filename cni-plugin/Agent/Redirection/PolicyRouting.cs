using System.Net.Sockets;
using Ambient.Linux.Netlink;
using Ambient.Linux.Routing;

namespace Ambient.CniAgent.Redirection;

/// <summary>
/// Routes packets with mark 0x111 to the pod's own loopback: replies to a client whose address the node proxy took as its
/// source would leave the pod otherwise. One rule (preference 32764) and one route (table 100) for each address family.
/// </summary>
/// <remarks>Acts on the network namespace of the thread that made it.</remarks>
internal sealed class PolicyRouting : IDisposable
{
    private readonly NetlinkSocket _socket = NetlinkSocket.OfRouting();
    private readonly MarkRouting _routing;

    public PolicyRouting() => _routing = new MarkRouting(_socket, mark: 0x111, mask: 0xfff, preference: 32764, table: 100);

    /// <summary>Adds what is missing. The loopback is brought up: redirection and this route go through it.</summary>
    public void Ensure()
    {
        _routing.RaiseLoopback();
        foreach (var (family, _, hasLoopback) in Families())
        {
            _routing.AddRule(family);
            if (hasLoopback)
                _routing.SetRoute(family);
        }
    }

    /// <summary>What is missing; empty if all is in place.</summary>
    public IReadOnlyList<string> Differences()
    {
        var missing = new List<string>();
        foreach (var (family, name, hasLoopback) in Families())
        {
            if (!_routing.HasRule(family))
                missing.Add($"the {name} routing rule for mark 0x111 is missing");
            if (hasLoopback && !_routing.HasRoute(family))
                missing.Add($"the {name} route of table 100 is missing");
        }
        return missing;
    }

    /// <summary>Removes rules and route; what is not there is no error.</summary>
    public void Remove()
    {
        foreach (var (family, _, _) in Families())
        {
            while (_routing.HasRule(family))
                _routing.DeleteRule(family);
            if (_routing.HasRoute(family))
                _routing.DeleteRoute(family);
        }
    }

    public void Dispose() => _socket.Dispose();

    // IPv6 may be missing from the kernel, or be switched off on the loopback, which then takes no route.
    private static (AddressFamily Family, string Name, bool HasLoopback)[] Families()
    {
        const string Switch = "/proc/sys/net/ipv6/conf/lo/disable_ipv6";
        var v4 = (AddressFamily.InterNetwork, "IPv4", true);
        return File.Exists(Switch) ? [v4, (AddressFamily.InterNetworkV6, "IPv6", File.ReadAllText(Switch).Trim() == "0")] : [v4];
    }
}
