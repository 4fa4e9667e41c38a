namespace Ambient.Model.Workloads;

/// <summary>What an endpoint may share with the client, from far to near as the service orders it.</summary>
public enum LocalityScope { Region = 1, Zone, Subzone, Node, Cluster, Network }

public enum LoadBalancingMode
{
    /// <summary>Any endpoint, by capacity alone.</summary>
    Standard,

    /// <summary>Only endpoints that match every preference.</summary>
    Strict,

    /// <summary>The endpoints that match most preferences.</summary>
    Failover,

    /// <summary>No endpoint is chosen: the connection goes to the address the client dialled.</summary>
    Passthrough,
}

public enum HealthPolicy { OnlyHealthy, AllowAll }

/// <summary>How one of a service's endpoints is chosen.</summary>
public sealed record LoadBalancing
{
    public static readonly LoadBalancing Default = new();

    public EquatableArray<LocalityScope> RoutingPreferences { get; init; }

    public LoadBalancingMode Mode { get; init; }

    public HealthPolicy HealthPolicy { get; init; }
}
