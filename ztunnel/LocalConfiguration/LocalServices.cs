using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.Workloads;

namespace Ambient.Ztunnel.LocalConfiguration;

/// <summary>An endpoint that the file gives to a service instead of to the workload.</summary>
internal sealed record DeclaredEndpoint(string WorkloadUid, ServiceMembership Membership, string Path, long Line);

/// <summary>Reads the <c>services</c> of the file.</summary>
internal static class LocalServices
{
    public static (Service Service, IReadOnlyList<DeclaredEndpoint> Endpoints) Read(ObjectReader reader)
    {
        var service = new Service
        {
            Name = reader.Text("name", required: true),
            Namespace = reader.Text("namespace", required: true),
            Hostname = reader.Text("hostname", required: true),
            Vips = reader.Items("vips", required: true).Select(item => Vip(reader, item)).ToEquatableArray(),
            CidrVips = reader.Items("cidrVips").Select(item => Range(reader.Open(item))).ToEquatableArray(),
            Ports = LocalWorkloads.Ports(reader, reader.Entries("ports", required: true)),
            SubjectAltNames = reader.Items("subjectAltNames").Select(reader.TextOf).ToEquatableArray(),
            Waypoint = LocalWorkloads.Gateway(reader.Object("waypoint")),
            WeightedWaypoints = reader.Items("weightedWaypoints").Select(item => Weighted(reader.Open(item)))
                .OfType<WeightedWaypoint>().ToEquatableArray(),
            LoadBalancing = Balancing(reader.Object("loadBalancer")),
            IpFamilies = reader.Choice("ipFamilies", false,
                ("Automatic", IpFamilies.Automatic), ("Dual", IpFamilies.Dual), ("IPv4", IpFamilies.IPv4Only), ("IPv6", IpFamilies.IPv6Only)),
            Canonical = reader.Flag("canonical"),
            Visibility = reader.Choice("visibility", false, ("Public", Visibility.Public), ("Namespace", Visibility.Namespace)),
        };
        var endpoints = reader.Entries("endpoints").Select(entry => Endpoint(reader.Open(entry.Value), entry.Value, service.Key)).ToList();
        reader.RefuseUnknownKeys();
        return (service, endpoints);
    }

    private static NetworkAddress Vip(ObjectReader reader, Located item)
    {
        if (!NetworkAddress.TryParse(reader.TextOf(item), out var vip))
            reader.Mistake("vips", $"'{reader.TextOf(item)}' is not of the form network/ip; the network may be empty: /10.0.0.1.");
        return vip;
    }

    private static NetworkPrefix Range(ObjectReader reader)
    {
        var (network, cidr) = (reader.Text("network"), reader.Text("cidr", required: true));
        if (!IpPrefix.TryParse(cidr, out var range)) reader.Mistake("cidr", $"'{cidr}' is not an IP range such as 10.0.0.0/8.");
        reader.RefuseUnknownKeys();
        return new(network, range);
    }

    private static WeightedWaypoint? Weighted(ObjectReader reader)
    {
        var (destination, weight) = (LocalWorkloads.Gateway(reader.Object("destination")), reader.Number("weight", 0));
        if (destination is null) reader.Mistake("destination", "must be an object with destination and hboneMtlsPort.");
        reader.RefuseUnknownKeys();
        return destination is null ? null : new(destination, weight);
    }

    private static LoadBalancing Balancing(ObjectReader? reader)
    {
        if (reader is null) return LoadBalancing.Default;
        var balancing = new LoadBalancing
        {
            RoutingPreferences = reader.Items("routingPreferences").Select(item => reader.ReadChoice(item,
            [
                ("Region", LocalityScope.Region), ("Zone", LocalityScope.Zone), ("Subzone", LocalityScope.Subzone),
                ("Node", LocalityScope.Node), ("Cluster", LocalityScope.Cluster), ("Network", LocalityScope.Network),
            ])).ToEquatableArray(),
            Mode = reader.Choice("mode", false, ("Standard", LoadBalancingMode.Standard), ("Strict", LoadBalancingMode.Strict),
                ("Failover", LoadBalancingMode.Failover), ("Passthrough", LoadBalancingMode.Passthrough)),
            HealthPolicy = reader.Choice("healthPolicy", false, ("OnlyHealthy", HealthPolicy.OnlyHealthy), ("AllowAll", HealthPolicy.AllowAll)),
        };
        reader.RefuseUnknownKeys();
        return balancing;
    }

    private static DeclaredEndpoint Endpoint(ObjectReader reader, Located item, ServiceKey service)
    {
        var uid = reader.Text("workloadUid", required: true);
        var ports = LocalWorkloads.Ports(reader, reader.Entries("port", required: true));
        var status = reader.Choice("status", false, LocalWorkloads.Statuses);
        reader.RefuseUnknownKeys();
        return new(uid, new(service, ports, status), item.Path, item.Value.Line);
    }
}
