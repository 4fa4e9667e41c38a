using Ambient.Model.Workloads;
using Wire = Ambient.Protos.Workloads;

namespace Ambient.Xds.Mapping;

/// <summary>References to waypoints and network gateways. One without destination throws <see cref="ArgumentException"/>.</summary>
internal static class GatewayMapping
{
    public static Wire.GatewayAddress? ToWire(GatewayAddress? gateway)
    {
        if (gateway is null) return null;
        var wire = new Wire.GatewayAddress { HboneMtlsPort = gateway.HbonePort };
        if (gateway.Host is { } host) wire.Hostname = new() { Namespace = host.Namespace, Hostname = host.Hostname };
        else wire.Address = AddressMapping.ToWire(gateway.Address!.Value);
        return wire;
    }

    public static GatewayAddress? ToModelOrNull(Wire.GatewayAddress? wire, SharedValues pool) => wire is null ? null : ToModel(wire, pool);

    public static GatewayAddress ToModel(Wire.GatewayAddress? wire, SharedValues pool) => wire?.DestinationCase switch
    {
        Wire.GatewayAddress.DestinationOneofCase.Hostname => new(
            new ServiceKey(pool.Share(wire.Hostname.Namespace), pool.Share(wire.Hostname.Hostname)), PortsMapping.ToPort(wire.HboneMtlsPort)),
        Wire.GatewayAddress.DestinationOneofCase.Address => new(AddressMapping.ToModel(wire.Address, pool), PortsMapping.ToPort(wire.HboneMtlsPort)),
        _ => throw new ArgumentException("a waypoint or gateway has neither host name nor address"),
    };
}
