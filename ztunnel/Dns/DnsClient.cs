using Ambient.Model.Workloads;
using Ambient.Ztunnel.Dns.Naming;

namespace Ambient.Ztunnel.Dns;

/// <summary>Whose questions these are: names and addresses are answered as this workload sees them.</summary>
internal sealed class DnsClient(Workload workload, DnsSettings settings)
{
    public Workload Workload => workload;
    public ClientNames Names { get; } = new(workload.Namespace, settings.ClusterDomain, settings.Search);
}
