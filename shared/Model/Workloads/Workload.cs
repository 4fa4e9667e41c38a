using System.Net;
using Ambient.Model.Identities;

namespace Ambient.Model.Workloads;

/// <summary>How a workload is reached.</summary>
public enum TunnelProtocol
{
    /// <summary>Plain TCP.</summary>
    None,

    /// <summary>HTTP/2 CONNECT over mutual TLS on port 15008.</summary>
    Hbone,
}

public enum NetworkMode
{
    Standard,

    /// <summary>Shares its node's IP with others, so it is never found by IP.</summary>
    HostNetwork,
}

public enum WorkloadStatus { Healthy, Unhealthy }

public enum WorkloadType { Deployment, CronJob, Pod, Job }

/// <summary>A workload's place in a service, with its own port mapping.</summary>
/// <param name="Status">Health as a member of this service; null = the workload's own.</param>
public sealed record ServiceMembership(ServiceKey Service, PortMap Ports, WorkloadStatus? Status = null);

/// <summary>A pod, virtual machine or other endpoint. Immutable, equal by content.</summary>
public sealed record Workload
{
    private SpiffeId? _identity;

    /// <summary>Unique key: <c>cluster/group/kind/namespace/name[/section]</c>.</summary>
    public required string Uid { get; init; }

    public string Name { get; init; } = "";

    /// <exception cref="ArgumentException">Not usable as part of an identity, see <see cref="SpiffeId.CheckPart"/>.</exception>
    public string Namespace { get; init => field = SpiffeId.CheckPart(value); } = "";

    public EquatableArray<IPAddress> Addresses { get; init; }

    /// <summary>Network id; empty = the default network.</summary>
    public string Network { get; init; } = "";

    public TunnelProtocol Protocol { get; init; }

    /// <summary>Always spelled out here; messages leave out the default, <c>cluster.local</c>.</summary>
    /// <inheritdoc cref="Namespace" path="/exception"/>
    public string TrustDomain { get; init => field = SpiffeId.CheckPart(value); } = "";

    /// <inheritdoc cref="Namespace"/>
    public string ServiceAccount { get; init => field = SpiffeId.CheckPart(value); } = "";

    /// <summary>Mandatory next hop for traffic that addresses this workload itself.</summary>
    public GatewayAddress? Waypoint { get; init; }

    /// <summary>Gateway for clients of other networks.</summary>
    public GatewayAddress? NetworkGateway { get; init; }

    public string Node { get; init; } = "";

    public string ClusterId { get; init; } = "";

    public string CanonicalName { get; init; } = "";

    public string CanonicalRevision { get; init; } = "";

    public WorkloadType Type { get; init; }

    public string WorkloadName { get; init; } = "";

    /// <summary>Terminates tunnels itself, as a node proxy or gateway does.</summary>
    public bool NativeTunnel { get; init; }

    /// <summary>Names (<c>namespace/name</c>) of the policies that select this workload.</summary>
    public EquatableArray<string> AuthorizationPolicies { get; init; }

    public WorkloadStatus Status { get; init; }

    /// <summary>DNS name to resolve when it has no address.</summary>
    public string Hostname { get; init; } = "";

    public EquatableArray<ServiceMembership> Services { get; init; }

    public ApplicationTunnel? ApplicationTunnel { get; init; }

    /// <summary>Why what was said of it could not be read; null for a sound workload. One with a fault is not to be reached, and nobody may speak to it.</summary>
    public string? Fault { get; init; }

    public Locality Locality { get; init; }

    public NetworkMode NetworkMode { get; init; }

    /// <summary>Share of a service's connections relative to its other endpoints; 0 gets none.</summary>
    public uint Capacity { get; init; } = 1;

    public SpiffeId Identity
    {
        get
        {
            // A copy made by "with" takes the remembered identity along, so look whether it still fits.
            var known = _identity;
            if (known is null || known.TrustDomain != TrustDomain || known.Namespace != Namespace || known.ServiceAccount != ServiceAccount)
                _identity = known = new(TrustDomain, Namespace, ServiceAccount);
            return known;
        }
    }

    /// <summary>True if <paramref name="address"/> is one of <see cref="Addresses"/>.</summary>
    public bool Owns(IPAddress address)
    {
        foreach (var own in Addresses)
            if (own.Equals(address)) return true;
        return false;
    }

    public ServiceMembership? MembershipIn(ServiceKey service)
    {
        foreach (var membership in Services)
            if (membership.Service == service) return membership;
        return null;
    }

    public bool Equals(Workload? other) => other is not null && (ReferenceEquals(this, other) || SameContent(other));

    public override int GetHashCode() => Uid.GetHashCode();

    private bool SameContent(Workload other) =>
        Uid == other.Uid && Name == other.Name && Namespace == other.Namespace && Addresses == other.Addresses
        && Network == other.Network && Protocol == other.Protocol && TrustDomain == other.TrustDomain
        && ServiceAccount == other.ServiceAccount && Waypoint == other.Waypoint && NetworkGateway == other.NetworkGateway
        && Node == other.Node && ClusterId == other.ClusterId && CanonicalName == other.CanonicalName
        && CanonicalRevision == other.CanonicalRevision && Type == other.Type && WorkloadName == other.WorkloadName
        && NativeTunnel == other.NativeTunnel && AuthorizationPolicies == other.AuthorizationPolicies
        && Status == other.Status && Hostname == other.Hostname && Services == other.Services
        && ApplicationTunnel == other.ApplicationTunnel && Locality == other.Locality
        && NetworkMode == other.NetworkMode && Capacity == other.Capacity;
}
