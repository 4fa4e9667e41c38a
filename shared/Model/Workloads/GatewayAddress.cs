using Ambient.Model.Addresses;

namespace Ambient.Model.Workloads;

/// <summary>Where a waypoint or network gateway is found: by host name (a service or workload) or by address.</summary>
/// <remarks>Exactly one of <see cref="Host"/> and <see cref="Address"/> is set.</remarks>
public sealed record GatewayAddress
{
    public GatewayAddress(ServiceKey host, ushort hbonePort)
    {
        Host = host;
        HbonePort = hbonePort;
    }

    public GatewayAddress(NetworkAddress address, ushort hbonePort)
    {
        Address = address;
        HbonePort = hbonePort;
    }

    public ServiceKey? Host { get; }

    public NetworkAddress? Address { get; }

    /// <summary>The service port on which the gateway speaks HBONE; usually 15008.</summary>
    public ushort HbonePort { get; }

    public override string ToString() => $"{(Host is { } host ? host.ToString() : Address.ToString())}:{HbonePort}";
}

/// <summary>One of several waypoints that share a service's traffic; weight 0 gets none.</summary>
public sealed record WeightedWaypoint(GatewayAddress Destination, uint Weight);
