using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.Workloads;
using Wire = Ambient.Protos.Workloads;
using WireBalancing = Ambient.Protos.Workloads.LoadBalancing.Types;

namespace Ambient.Xds.Mapping;

/// <summary>Services between the model and the wire.</summary>
public static class ServiceMapping
{
    /// <summary>Equal services give equal bytes. Single virtual addresses come before ranges.</summary>
    public static Wire.Service ToWire(Service service)
    {
        var wire = new Wire.Service
        {
            Name = service.Name,
            Namespace = service.Namespace,
            Hostname = service.Hostname,
            Waypoint = GatewayMapping.ToWire(service.Waypoint),
            LoadBalancing = ToWire(service.LoadBalancing),
            IpFamilies = (Wire.IPFamilies)service.IpFamilies,
            Canonical = service.Canonical,
            IngressUseWaypoint = service.IngressUseWaypoint,
            Visibility = (Wire.Service.Types.Visibility)service.Visibility,
        };
        foreach (var vip in service.Vips) wire.Addresses.Add(AddressMapping.ToWire(vip));
        foreach (var range in service.CidrVips) wire.Addresses.Add(AddressMapping.ToWire(range));
        wire.Ports.AddRange(PortsMapping.ToWire(service.Ports));
        wire.SubjectAltNames.AddRange(service.SubjectAltNames);
        foreach (var waypoint in service.WeightedWaypoints)
            wire.WeightedWaypoints.Add(new Wire.WeightedWaypoint { Destination = GatewayMapping.ToWire(waypoint.Destination), Weight = waypoint.Weight });
        return wire;
    }

    /// <inheritdoc cref="WorkloadMapping.ToModel(Wire.Workload, SharedValues)"/>
    public static Service ToModel(Wire.Service wire, SharedValues pool)
    {
        if (wire.Hostname.Length == 0 || wire.Hostname.Contains('/'))
            throw new ArgumentException($"the host name '{wire.Hostname}' of a service is empty or has a '/'");
        var (vips, ranges) = Addresses(wire, pool);
        return new()
        {
            Name = pool.Share(wire.Name),
            Namespace = pool.Share(wire.Namespace),
            Hostname = pool.Share(wire.Hostname),
            Vips = vips,
            CidrVips = ranges,
            Ports = PortsMapping.ToModel(wire.Ports, pool),
            SubjectAltNames = wire.SubjectAltNames.Select(pool.Share).ToEquatableArray(),
            Waypoint = GatewayMapping.ToModelOrNull(wire.Waypoint, pool),
            WeightedWaypoints = wire.WeightedWaypoints
                .Select(waypoint => new WeightedWaypoint(GatewayMapping.ToModel(waypoint.Destination, pool), waypoint.Weight)).ToEquatableArray(),
            LoadBalancing = ToModel(wire.LoadBalancing),
            IpFamilies = wire.IpFamilies is >= Wire.IPFamilies.Automatic and <= Wire.IPFamilies.Dual
                ? (IpFamilies)wire.IpFamilies : throw Unknown("IP families", (int)wire.IpFamilies),
            Canonical = wire.Canonical,
            IngressUseWaypoint = wire.IngressUseWaypoint,
            // A visibility of a later version hides nothing here, as with other implementations: traffic comes before discretion.
            Visibility = wire.Visibility == Wire.Service.Types.Visibility.Namespace ? Visibility.Namespace : Visibility.Public,
        };
    }

    private static (EquatableArray<NetworkAddress>, EquatableArray<NetworkPrefix>) Addresses(Wire.Service wire, SharedValues pool)
    {
        var (vips, ranges) = (new List<NetworkAddress>(), new List<NetworkPrefix>());
        foreach (var address in wire.Addresses)
        {
            if (AddressMapping.TryGetRange(address, pool, out var range)) ranges.Add(range);
            else vips.Add(AddressMapping.ToModel(address, pool));
        }
        return (vips.ToEquatableArray(), ranges.ToEquatableArray());
    }

    private static Wire.LoadBalancing? ToWire(LoadBalancing balancing)
    {
        if (balancing == LoadBalancing.Default) return null;
        var wire = new Wire.LoadBalancing
        {
            Mode = (WireBalancing.Mode)balancing.Mode,
            HealthPolicy = (WireBalancing.HealthPolicy)balancing.HealthPolicy,
        };
        foreach (var scope in balancing.RoutingPreferences) wire.RoutingPreference.Add((WireBalancing.Scope)scope);
        return wire;
    }

    private static LoadBalancing ToModel(Wire.LoadBalancing? wire)
    {
        if (wire is null) return LoadBalancing.Default;
        var balancing = new LoadBalancing
        {
            RoutingPreferences = wire.RoutingPreference.Select(ToModel).ToEquatableArray(),
            Mode = wire.Mode is >= WireBalancing.Mode.UnspecifiedMode and <= WireBalancing.Mode.Passthrough
                ? (LoadBalancingMode)wire.Mode : throw Unknown("load balancing mode", (int)wire.Mode),
            HealthPolicy = wire.HealthPolicy is WireBalancing.HealthPolicy.OnlyHealthy or WireBalancing.HealthPolicy.AllowAll
                ? (HealthPolicy)wire.HealthPolicy : throw Unknown("health policy", (int)wire.HealthPolicy),
        };
        return balancing == LoadBalancing.Default ? LoadBalancing.Default : balancing;
    }

    private static LocalityScope ToModel(WireBalancing.Scope scope) => scope is >= WireBalancing.Scope.Region and <= WireBalancing.Scope.Network
        ? (LocalityScope)scope
        : throw Unknown("routing preference", (int)scope);

    private static ArgumentException Unknown(string what, int value) => new($"the {what} {value} is not known");
}
