using System.Net;
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
    public IPAddress? Address =>
        Workload.Owns(Towards) ? Towards : WorkloadAddress.Of(Workload, Service?.Service.IpFamilies ?? IpFamilies.Automatic, Towards.AddressFamily);
}
