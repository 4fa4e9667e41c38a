using System.Net;
using Ambient.Model.Balancing;
using Ambient.Model.Workloads;

namespace Ambient.Waypoint.Inbound;

/// <summary>What a client dialled: a port of a service, or of a workload itself. One of the two is set.</summary>
/// <param name="Service">As it was when the connection began; see <see cref="Key"/> for what it is now.</param>
/// <param name="Address">That was dialled.</param>
internal sealed record DialledTarget(ServiceEntry? Service, Workload? Workload, IPAddress? Address, ushort Port)
{
    public ServiceKey? Key => Service?.Service.Key;

    /// <summary>What the service says that its port speaks; nothing is known of a workload's ports.</summary>
    public AppProtocol Protocol => Service?.Service.Ports.ProtocolOf(Port) ?? AppProtocol.Unknown;
}
