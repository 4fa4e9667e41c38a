using System.Net;
using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.Policies;
using Ambient.Model.Workloads;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Xds.Tests.Mapping;

/// <summary>Any model values that messages can express: no defaults that messages leave out, services sorted by name.</summary>
internal static class ModelGenerators
{
    private static readonly Gen<string> Word = Gen.Elements("a", "web", "shop", "x.y-z", "日本", "very-long-name-of-some-kind");
    private static readonly Gen<string> WordOrNothing = Gen.OneOf(Gen.Constant(""), Word);
    private static readonly Gen<ushort> Port = Gen.Choose(0, ushort.MaxValue).Select(static port => (ushort)port);
    private static readonly Gen<IPAddress> Address = Gen.OneOf(
        Gen.Choose(1, int.MaxValue).Select(static bits => new IPAddress(BitConverter.GetBytes(bits))),
        Gen.Choose(1, int.MaxValue).Select(static bits => new IPAddress([0x20, 1, .. new byte[10], .. BitConverter.GetBytes(bits)])));
    private static readonly Gen<IpPrefix> Range = from address in Address
                                                   from length in Gen.Choose(0, address.GetAddressBytes().Length * 8)
                                                   select IpPrefix.TryCreate(address, length, out var prefix) ? prefix : default;
    private static readonly Gen<ServiceKey> Key = from ns in Word from host in Word select new ServiceKey(ns, host);
    private static readonly Gen<GatewayAddress?> Gateway = Gen.OneOf(
        Gen.Constant<GatewayAddress?>(null),
        from key in Key from port in Port select new GatewayAddress(key, port),
        from network in WordOrNothing from address in Address from port in Port select new GatewayAddress(new NetworkAddress(network, address), port));
    private static readonly Gen<PortMap> Ports = ListOf(from service in Port from target in Port
        from protocol in Gen.Elements(Enum.GetValues<AppProtocol>()) select new PortMapping(service, target, protocol)).Select(static list => new PortMap(list));
    private static readonly Gen<StringMatcher> Matcher = from text in Word from kind in Gen.Choose(0, 3) select kind switch
    {
        0 => StringMatcher.Exact(text), 1 => StringMatcher.Prefix(text), 2 => StringMatcher.Suffix(text), _ => StringMatcher.Presence,
    };
    private static readonly Gen<ServiceAccountName> Account = from ns in Word from name in Word select new ServiceAccountName(ns, name);

    public static Arbitrary<Workload> Workloads => (
        from uid in Word from name in WordOrNothing from ns in WordOrNothing from addresses in ListOf(Address) from network in WordOrNothing
        from trust in Gen.Elements("cluster.local", "other.td") from waypoint in Gateway from gateway in Gateway from bits in Gen.Choose(0, 1023)
        from services in ListOf(from key in Key from ports in Ports select new ServiceMembership(key, ports)) from policies in ListOf(Word)
        from place in Gen.ArrayOf(WordOrNothing, 3) from texts in Gen.ArrayOf(WordOrNothing, 6) from capacity in Gen.Choose(0, 9) from port in Port
        select new Workload
        {
            Uid = uid, Name = name, Namespace = ns, Addresses = addresses.ToEquatableArray(), Network = network, TrustDomain = trust,
            Protocol = (TunnelProtocol)(bits & 1), NativeTunnel = (bits & 2) > 0, Status = (WorkloadStatus)((bits >> 2) & 1), NetworkMode = (NetworkMode)((bits >> 3) & 1),
            Type = (WorkloadType)((bits >> 4) & 3), ServiceAccount = "sa" + texts[0], ClusterId = "c" + texts[1], Node = texts[2], Hostname = texts[3],
            CanonicalName = texts[4], CanonicalRevision = texts[5], WorkloadName = texts[0], Waypoint = waypoint, NetworkGateway = gateway,
            ApplicationTunnel = (bits & 64) > 0 ? new((ApplicationTunnelProtocol)((bits >> 7) & 1), port == 0 ? null : port) : null,
            Services = services.DistinctBy(static one => one.Service).OrderBy(static one => one.Service.ToString(), StringComparer.Ordinal).ToEquatableArray(),
            AuthorizationPolicies = policies.ToEquatableArray(), Locality = new(place[0], place[1], place[2]), Capacity = (uint)capacity,
        }).ToArbitrary();

    public static Arbitrary<Service> Services => (
        from name in WordOrNothing from key in Key from vips in ListOf(from network in WordOrNothing from address in Address select new NetworkAddress(network, address))
        from ranges in ListOf(from network in WordOrNothing from range in Range where !range.IsHost select new NetworkPrefix(network, range)) from ports in Ports
        from names in ListOf(Word) from waypoint in Gateway from bits in Gen.Choose(0, 1023)
        from weighted in ListOf(from one in Gateway from weight in Gen.Choose(0, 100) where one is not null select new WeightedWaypoint(one, (uint)weight))
        from scopes in ListOf(Gen.Elements(Enum.GetValues<LocalityScope>()))
        select new Service
        {
            Name = name, Namespace = key.Namespace, Hostname = key.Hostname, Vips = vips.ToEquatableArray(), CidrVips = ranges.ToEquatableArray(), Ports = ports,
            SubjectAltNames = names.ToEquatableArray(), Waypoint = waypoint, WeightedWaypoints = weighted.ToEquatableArray(), IpFamilies = (IpFamilies)(bits & 3),
            Canonical = (bits & 4) > 0, IngressUseWaypoint = (bits & 8) > 0, Visibility = (Visibility)((bits >> 4) & 1),
            LoadBalancing = new() { RoutingPreferences = scopes.ToEquatableArray(), Mode = (LoadBalancingMode)((bits >> 5) & 3), HealthPolicy = (HealthPolicy)((bits >> 7) & 1) },
        }).ToArbitrary();

    public static Arbitrary<AuthorizationPolicy> Policies => (
        from name in Word from ns in Word from bits in Gen.Choose(0, 11)
        from rules in ListOf(from clauses in ListOf(from matches in ListOf(Match) select new PolicyClause(matches.ToEquatableArray())) select new PolicyRule(clauses.ToEquatableArray()))
        select new AuthorizationPolicy
        {
            Name = name, Namespace = ns, Scope = (PolicyScope)(bits % 3), Action = (PolicyAction)(bits / 3 % 2), DryRun = bits > 5, Rules = rules.ToEquatableArray(),
        }).ToArbitrary();

    private static Gen<PolicyMatch> Match =>
        from texts in Gen.ArrayOf(ListOf(Matcher), 4) from ranges in Gen.ArrayOf(ListOf(Range), 4) from ports in Gen.ArrayOf(ListOf(Port), 2)
        from accounts in Gen.ArrayOf(ListOf(Account), 2)
        select new PolicyMatch
        {
            Namespaces = texts[0].ToEquatableArray(), NotNamespaces = texts[1].ToEquatableArray(), Principals = texts[2].ToEquatableArray(), NotPrincipals = texts[3].ToEquatableArray(),
            SourceIps = ranges[0].ToEquatableArray(), NotSourceIps = ranges[1].ToEquatableArray(), DestinationIps = ranges[2].ToEquatableArray(),
            NotDestinationIps = ranges[3].ToEquatableArray(), DestinationPorts = ports[0].ToEquatableArray(), NotDestinationPorts = ports[1].ToEquatableArray(),
            ServiceAccounts = accounts[0].ToEquatableArray(), NotServiceAccounts = accounts[1].ToEquatableArray(),
        };

    private static Gen<T[]> ListOf<T>(Gen<T> item) => from count in Gen.Choose(0, 3) from items in Gen.ArrayOf(item, count) select items;
}
