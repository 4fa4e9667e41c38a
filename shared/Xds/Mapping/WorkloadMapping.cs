using Ambient.Model;
using Ambient.Model.Workloads;
using Wire = Ambient.Protos.Workloads;

namespace Ambient.Xds.Mapping;

/// <summary>Workloads between the model and the wire.</summary>
public static class WorkloadMapping
{
    /// <summary>What messages leave out, and what it stands for.</summary>
    public const string DefaultTrustDomain = "cluster.local", DefaultServiceAccount = "default", DefaultClusterId = "Kubernetes";

    /// <summary>Equal workloads give equal bytes: lists keep their order and services are sorted by name.</summary>
    /// <remarks>Health as a member of one service has no place in the message.</remarks>
    public static Wire.Workload ToWire(Workload workload)
    {
        var wire = new Wire.Workload
        {
            Uid = workload.Uid,
            Name = workload.Name,
            Namespace = workload.Namespace,
            Hostname = workload.Hostname,
            Network = workload.Network,
            TunnelProtocol = (Wire.TunnelProtocol)workload.Protocol,
            TrustDomain = workload.TrustDomain == DefaultTrustDomain ? "" : workload.TrustDomain,
            ServiceAccount = workload.ServiceAccount,
            Waypoint = GatewayMapping.ToWire(workload.Waypoint),
            NetworkGateway = GatewayMapping.ToWire(workload.NetworkGateway),
            Node = workload.Node,
            CanonicalName = workload.CanonicalName,
            CanonicalRevision = workload.CanonicalRevision,
            WorkloadType = (Wire.WorkloadType)workload.Type,
            WorkloadName = workload.WorkloadName,
            NativeTunnel = workload.NativeTunnel,
            ApplicationTunnel = ToWire(workload.ApplicationTunnel),
            Status = (Wire.WorkloadStatus)workload.Status,
            ClusterId = workload.ClusterId,
            Locality = ToWire(workload.Locality),
            NetworkMode = (Wire.NetworkMode)workload.NetworkMode,
            Capacity = workload.Capacity == 1 ? null : workload.Capacity,
        };
        foreach (var address in workload.Addresses) wire.Addresses.Add(AddressMapping.ToWire(address));
        wire.AuthorizationPolicies.AddRange(workload.AuthorizationPolicies);
        foreach (var membership in workload.Services.OrderBy(static member => member.Service.ToString(), StringComparer.Ordinal))
        {
            var ports = new Wire.PortList();
            ports.Ports.AddRange(PortsMapping.ToWire(membership.Ports));
            wire.Services[membership.Service.ToString()] = ports;
        }
        return wire;
    }

    /// <param name="pool">Shares what workloads have in common.</param>
    /// <exception cref="ArgumentException">It makes no sense; the message says what of it, for the NACK.</exception>
    public static Workload ToModel(Wire.Workload wire, SharedValues pool) => new()
    {
        Uid = wire.Uid.Length > 0 ? wire.Uid : throw new ArgumentException("a workload has no uid"),
        Name = wire.Name,
        Namespace = pool.Share(wire.Namespace),
        Addresses = wire.Addresses.Select(AddressMapping.ToModel).ToEquatableArray(),
        Hostname = pool.Share(wire.Hostname),
        Network = pool.Share(wire.Network),
        Protocol = ToModel(wire.TunnelProtocol),
        TrustDomain = pool.Share(OrDefault(wire.TrustDomain, DefaultTrustDomain)),
        ServiceAccount = pool.Share(OrDefault(wire.ServiceAccount, DefaultServiceAccount)),
        Waypoint = GatewayMapping.ToModelOrNull(wire.Waypoint, pool),
        NetworkGateway = GatewayMapping.ToModelOrNull(wire.NetworkGateway, pool),
        Node = pool.Share(wire.Node),
        CanonicalName = pool.Share(wire.CanonicalName),
        CanonicalRevision = pool.Share(wire.CanonicalRevision),
        // For telemetry only, so one of a later version may be taken for the most usual.
        Type = wire.WorkloadType <= Wire.WorkloadType.Job && wire.WorkloadType >= 0 ? (WorkloadType)wire.WorkloadType : WorkloadType.Deployment,
        WorkloadName = pool.Share(wire.WorkloadName),
        NativeTunnel = wire.NativeTunnel,
        ApplicationTunnel = ToModel(wire.ApplicationTunnel),
        Services = Memberships(wire, pool),
        AuthorizationPolicies = wire.AuthorizationPolicies.Select(pool.Share).ToEquatableArray(),
        Status = wire.Status is Wire.WorkloadStatus.Healthy or Wire.WorkloadStatus.Unhealthy ? (WorkloadStatus)wire.Status : throw Unknown("status", (int)wire.Status),
        ClusterId = pool.Share(OrDefault(wire.ClusterId, DefaultClusterId)),
        Locality = wire.Locality is { } place ? new(pool.Share(place.Region), pool.Share(place.Zone), pool.Share(place.Subzone)) : new("", "", ""),
        NetworkMode = wire.NetworkMode is Wire.NetworkMode.Standard or Wire.NetworkMode.HostNetwork
            ? (NetworkMode)wire.NetworkMode : throw Unknown("network mode", (int)wire.NetworkMode),
        Capacity = wire.Capacity ?? 1,
    };

    private static EquatableArray<ServiceMembership> Memberships(Wire.Workload wire, SharedValues pool) =>
        wire.Services.OrderBy(static entry => entry.Key, StringComparer.Ordinal).Select(entry => ServiceKey.TryParse(entry.Key, out var key)
            ? new ServiceMembership(new(pool.Share(key.Namespace), pool.Share(key.Hostname)), PortsMapping.ToModel(entry.Value.Ports, pool))
            : throw new ArgumentException($"the service '{entry.Key}' is not of the form namespace/hostname")).ToEquatableArray();

    private static TunnelProtocol ToModel(Wire.TunnelProtocol protocol) => protocol switch
    {
        Wire.TunnelProtocol.None => TunnelProtocol.None,
        Wire.TunnelProtocol.Hbone => TunnelProtocol.Hbone,
        Wire.TunnelProtocol.LegacyIstioMtls => throw new ArgumentException("the tunnel protocol LEGACY_ISTIO_MTLS is not for node proxies"),
        _ => throw Unknown("tunnel protocol", (int)protocol),
    };

    private static Wire.ApplicationTunnel? ToWire(ApplicationTunnel? tunnel) => tunnel is null
        ? null
        : new() { Protocol = (Wire.ApplicationTunnel.Types.Protocol)tunnel.Protocol, Port = tunnel.Port ?? 0u };

    private static ApplicationTunnel? ToModel(Wire.ApplicationTunnel? wire) => wire?.Protocol switch
    {
        null => null,
        Wire.ApplicationTunnel.Types.Protocol.None or Wire.ApplicationTunnel.Types.Protocol.Proxy =>
            new((ApplicationTunnelProtocol)wire.Protocol, wire.Port == 0 ? null : PortsMapping.ToPort(wire.Port)),
        _ => throw Unknown("application tunnel", (int)wire.Protocol),
    };

    private static Wire.Locality? ToWire(Locality place) => place.IsEmpty
        ? null
        : new() { Region = place.Region, Zone = place.Zone, Subzone = place.Subzone };

    private static string OrDefault(string text, string otherwise) => text.Length > 0 ? text : otherwise;

    private static ArgumentException Unknown(string what, int value) => new($"the {what} {value} is not known");
}
