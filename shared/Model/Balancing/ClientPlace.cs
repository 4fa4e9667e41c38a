using Ambient.Model.Workloads;

namespace Ambient.Model.Balancing;

/// <summary>Where a client runs, as far as the choice of an endpoint depends on it.</summary>
public readonly record struct ClientPlace(string Network, Locality Locality, string Node, string ClusterId)
{
    public static ClientPlace Of(Workload client) => new(client.Network, client.Locality, client.Node, client.ClusterId);

    /// <summary>True if <paramref name="workload"/> is in the same place, seen at one scope. Unknown places are the same place.</summary>
    public bool Shares(LocalityScope scope, Workload workload) => scope switch
    {
        LocalityScope.Region => Locality.Region == workload.Locality.Region,
        LocalityScope.Zone => Locality.Zone == workload.Locality.Zone,
        LocalityScope.Subzone => Locality.Subzone == workload.Locality.Subzone,
        LocalityScope.Node => Node == workload.Node,
        LocalityScope.Cluster => ClusterId == workload.ClusterId,
        _ => Network == workload.Network,
    };
}
