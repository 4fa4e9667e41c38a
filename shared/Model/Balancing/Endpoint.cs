using Ambient.Model.Workloads;

namespace Ambient.Model.Balancing;

/// <summary>A workload as a member of one service.</summary>
/// <param name="Ports">Its own mapping of service ports; comes before the service's.</param>
/// <param name="Status">Its health in this service.</param>
public sealed record Endpoint(Workload Workload, PortMap Ports, WorkloadStatus Status)
{
    /// <param name="service">One that the workload is a member of.</param>
    internal static Endpoint Of(Workload workload, ServiceKey service)
    {
        var membership = workload.MembershipIn(service)!;
        return new(workload, membership.Ports, membership.Status ?? workload.Status);
    }
}
