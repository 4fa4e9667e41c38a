using System.Net;
using System.Net.Sockets;
using Ambient.Model.Workloads;

namespace Ambient.Model.Balancing;

/// <summary>Which of a workload's addresses is dialled.</summary>
public static class WorkloadAddress
{
    /// <summary>One of the families that the service allows; of the preferred family if there is one, else the first.</summary>
    /// <returns>Null if there is none: see <see cref="Workload.Hostname"/>.</returns>
    public static IPAddress? Of(Workload workload, IpFamilies families, AddressFamily preferred = AddressFamily.Unspecified)
    {
        IPAddress? first = null;
        foreach (var address in workload.Addresses)
        {
            if (!IsAllowed(families, address.AddressFamily)) continue;
            if (address.AddressFamily == preferred) return address;
            first ??= address;
        }
        return first;
    }

    private static bool IsAllowed(IpFamilies families, AddressFamily family) => families switch
    {
        IpFamilies.IPv4Only => family == AddressFamily.InterNetwork,
        IpFamilies.IPv6Only => family == AddressFamily.InterNetworkV6,
        _ => true,
    };
}
