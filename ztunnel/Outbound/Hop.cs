using System.Net;
using System.Net.Sockets;
using Ambient.Model;
using Ambient.Model.Balancing;
using Ambient.Model.Identities;
using Ambient.Model.Workloads;

namespace Ambient.Ztunnel.Outbound;

/// <summary>A workload chosen to carry the connection on.</summary>
/// <param name="Port">The port there, after the service's port was mapped.</param>
/// <param name="Service">The service through which it was chosen; null if it was addressed itself.</param>
/// <param name="Towards">The address whose family it is to be reached by, and which is used itself if the workload owns it.</param>
internal sealed record Hop(Workload Workload, ushort Port, ServiceEntry? Service, IPAddress Towards)
{
    /// <summary>Who may answer there: those the service names, then the workload itself.</summary>
    public EquatableArray<SpiffeId> Identities => Service is null || Service.Identities.IsEmpty
        ? [Workload.Identity]
        : [.. Service.Identities, Workload.Identity];

    /// <summary>The workload's address to dial, or null: see <see cref="Workload.Hostname"/>.</summary>
    public IPAddress? Address
    {
        get
        {
            if (Workload.Owns(Towards)) return Towards;
            var families = Service?.Service.IpFamilies ?? IpFamilies.Automatic;
            IPAddress? first = null;
            foreach (var address in Workload.Addresses)
            {
                if (!IsAllowed(families, address.AddressFamily)) continue;
                if (address.AddressFamily == Towards.AddressFamily) return address;
                first ??= address;
            }
            return first;
        }
    }

    private static bool IsAllowed(IpFamilies families, AddressFamily family) => families switch
    {
        IpFamilies.IPv4Only => family == AddressFamily.InterNetwork,
        IpFamilies.IPv6Only => family == AddressFamily.InterNetworkV6,
        _ => true,
    };
}

/// <summary>How a service port becomes a port of the endpoint.</summary>
internal static class TargetPort
{
    /// <summary>The endpoint's mapping, else the service's number, else the port itself if an application tunnel takes it; or null.</summary>
    public static ushort? Of(ServiceEntry service, Endpoint endpoint, ushort servicePort)
    {
        if (endpoint.Ports.TryGetTarget(servicePort, out var own)) return own;
        if (service.Service.Ports.TryGetTarget(servicePort, out var common) && common > 0) return common;
        return endpoint.Workload.ApplicationTunnel?.Port is not null ? servicePort : null;
    }
}
