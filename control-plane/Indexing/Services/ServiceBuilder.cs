using Ambient.ControlPlane.Indexing.Settings;
using Ambient.ControlPlane.Indexing.Waypoints;
using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.Services;

/// <summary>Facts and surroundings → the service as proxies learn it. Pure.</summary>
internal static class ServiceBuilder
{
    /// <param name="hostname">One of <see cref="ServiceFacts.Hostnames"/>.</param>
    /// <param name="ingressLabel">The object's own <c>ingress-use-waypoint</c>; null for the namespace's.</param>
    /// <param name="canonical">It wins where several namespaces have the host name.</param>
    public static Service Build(ServiceFacts facts, string hostname, NamespaceFacts ns, WaypointResolution waypoint,
        string? ingressLabel, bool canonical, EntryVisibility visibility) => new()
    {
        Name = facts.Source.Name,
        Namespace = facts.Source.Namespace,
        Hostname = hostname,
        Vips = VipsOf(facts, hostname),
        CidrVips = facts.CidrVips,
        Ports = new([.. facts.Ports.Select(static port => new PortMapping(port.Port, port.Target, port.Protocol))]),
        SubjectAltNames = facts.SubjectAltNames,
        Waypoint = waypoint.Waypoint?.Address,
        WeightedWaypoints = WeightsOf(waypoint),
        IngressUseWaypoint = UsesWaypointFromIngress(ingressLabel, ns),
        LoadBalancing = BalancingOf(facts, ns),
        IpFamilies = facts.IpFamilies,
        Canonical = canonical,
        Visibility = visibility == EntryVisibility.Namespace ? Visibility.Namespace : Visibility.Public,
    };

    public static bool UsesWaypointFromIngress(string? ingressLabel, NamespaceFacts ns) =>
        (ingressLabel ?? ns.Label(MeshLabels.IngressUseWaypoint)) == "true";

    private static EquatableArray<NetworkAddress> VipsOf(ServiceFacts facts, string hostname)
    {
        if (facts.Allocated.IsEmpty) return facts.Vips;
        if (!AllocatedHosts.LeadsSomewhere(hostname, facts.Resolution)) return default;
        return facts.Allocated.Where(given => given.Host.Length == 0 || given.Host == hostname)
            .Select(static given => given.Address).Distinct().ToEquatableArray();
    }

    private static EquatableArray<WeightedWaypoint> WeightsOf(WaypointResolution waypoint) => waypoint is { Waypoint: { } primary, Canary: { } canary }
        ? [new(primary.Address, 100 - waypoint.CanaryWeight), new(canary.Address, waypoint.CanaryWeight)]
        : default;

    private static LoadBalancing BalancingOf(ServiceFacts facts, NamespaceFacts ns) =>
        facts.InheritsDistribution && TrafficDistribution.Of(ns) is { } inherited
            ? inherited with { HealthPolicy = facts.LoadBalancing.HealthPolicy }
            : facts.LoadBalancing;
}
