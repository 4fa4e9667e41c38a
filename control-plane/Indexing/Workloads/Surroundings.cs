using Ambient.ControlPlane.Indexing.Settings;
using Ambient.ControlPlane.Indexing.Waypoints;
using Ambient.Model;
using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.Workloads;

/// <summary>What a workload gets from other objects.</summary>
internal sealed record Surroundings
{
    public required MeshSettings Settings { get; init; }

    /// <summary>Of its node.</summary>
    public Locality Locality { get; init; }

    /// <summary>Way into a network, for clients of others.</summary>
    public Func<string, GatewayAddress?> GatewayTo { get; init; } = static _ => null;

    public Waypoint? Waypoint { get; init; }

    /// <summary>The waypoint that this pod runs.</summary>
    public Waypoint? InstanceOf { get; init; }

    /// <summary>Sorted by service.</summary>
    public EquatableArray<ServiceMembership> Services { get; init; }

    /// <summary>Names of selecting policies, in their order.</summary>
    public EquatableArray<string> Policies { get; init; }

    public string TrustDomain => Settings.Config.TrustDomain;

    public string ClusterId => Settings.Options.ClusterId;
}
