using Ambient.Model.Addresses;

namespace Ambient.Model.Workloads;

/// <summary>Which address families a service answers with and is reached by.</summary>
public enum IpFamilies : byte { Automatic, IPv4Only, IPv6Only, Dual }

public enum Visibility : byte
{
    Public,

    /// <summary>Only clients of the service's own namespace may resolve and reach it.</summary>
    Namespace,
}

/// <summary>A name, and usually a virtual IP, that stands for a group of workloads. Immutable, equal by content.</summary>
public sealed record Service
{
    /// <summary>Short name, for telemetry.</summary>
    public string Name { get; init; } = "";

    public required string Namespace { get; init; }

    /// <summary>Full DNS name; may start with <c>*.</c>.</summary>
    public required string Hostname { get; init; }

    /// <summary>Virtual IPs; empty for a headless service.</summary>
    public EquatableArray<NetworkAddress> Vips { get; init; }

    /// <summary>Ranges whose every address is a virtual IP of this service.</summary>
    public EquatableArray<NetworkPrefix> CidrVips { get; init; }

    public PortMap Ports { get; init; }

    /// <summary>Further SPIFFE ids that may answer for the service; the only ones accepted in the inner tunnel across networks.</summary>
    public EquatableArray<string> SubjectAltNames { get; init; }

    /// <summary>Mandatory next hop.</summary>
    public GatewayAddress? Waypoint { get; init; }

    /// <summary>If any weight is above zero, they take the place of <see cref="Waypoint"/>.</summary>
    public EquatableArray<WeightedWaypoint> WeightedWaypoints { get; init; }

    /// <summary>Gateways at the edge of the mesh send traffic for this service through its waypoint too.</summary>
    public bool IngressUseWaypoint { get; init; }

    public LoadBalancing LoadBalancing { get; init; } = LoadBalancing.Default;

    public IpFamilies IpFamilies { get; init; }

    /// <summary>Wins where several namespaces define the same host name or address.</summary>
    public bool Canonical { get; init; }

    public Visibility Visibility { get; init; }

    public ServiceKey Key => new(Namespace, Hostname);

    /// <summary>True if a client of that namespace may use the service; null asks nothing.</summary>
    public bool IsVisibleTo(string? clientNamespace) =>
        Visibility == Visibility.Public || clientNamespace is null || clientNamespace == Namespace;
}
