using Ambient.Model.Policies;
using Ambient.Model.Workloads;
using Ambient.TestKit.Mesh;
using Ambient.Ztunnel.LocalConfiguration;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Ztunnel.Tests.LocalConfiguration;

public sealed class LocalConfigurationFileTests
{
    private const string Shop = """
        workloads:
          - uid: c1//Pod/shop/cart-0
            name: cart-0
            namespace: shop
            trustDomain: cluster.local
            serviceAccount: cart
            workloadIps: [10.9.0.4]
            protocol: HBONE
            node: n1
            clusterId: c1
            locality: {region: eu, zone: eu-a, subzone: ""}
            authorizationPolicies: [shop/cart-callers]
            services:
              shop/cart.shop.svc.cluster.local: {80: 8080}
        services:
          - name: cart
            namespace: shop
            hostname: cart.shop.svc.cluster.local
            vips: ["/10.96.3.7"]
            ports: {80: 8080}
            loadBalancer: {routingPreferences: [Network, Zone], mode: Failover, healthPolicy: OnlyHealthy}
        policies:
          - name: cart-callers
            namespace: shop
            scope: WorkloadSelector
            action: Allow
            dryRun: false
            rules:
              - - - principals: [!Exact cluster.local/ns/shop/sa/web]
                    destinationPorts: [8080]
        """;

    [Fact]
    public void An_ordinary_file_is_read()
    {
        var file = Read(Shop);

        var cart = file.Workloads["c1//Pod/shop/cart-0"];
        Assert.Equal(("cart", TunnelProtocol.Hbone, new Locality("eu", "eu-a", "")), (cart.ServiceAccount, cart.Protocol, cart.Locality));
        Assert.Equal([new(new("shop", "cart.shop.svc.cluster.local"), MeshBuilder.Ports("80:8080"))], cart.Services);
        var service = file.Services[new("shop", "cart.shop.svc.cluster.local")];
        Assert.Equal([LocalityScope.Network, LocalityScope.Zone], service.LoadBalancing.RoutingPreferences);
        Assert.Equal([MeshBuilder.Address("10.96.3.7")], service.Vips);
        var match = file.Policies["shop/cart-callers"].Rules[0].Clauses[0].Matches[0];
        Assert.Equal([StringMatcher.Exact("cluster.local/ns/shop/sa/web")], match.Principals);
        Assert.Equal([(ushort)8080], match.DestinationPorts);
    }

    [Fact]
    public void Every_key_of_a_workload_is_read()
    {
        var workload = Read("""
            workloads:
            - {workloadIps: [10.0.0.1, "fd00::1"], namespace: a, services: {}, uid: u, name: n, trustDomain: t, serviceAccount: s,
               network: net, workloadName: wn, workloadType: job, canonicalName: cn, canonicalRevision: cr, hostname: h.example.com,
               node: nd, clusterId: c, protocol: HBONE, networkMode: HostNetwork, nativeTunnel: true, status: Unhealthy, capacity: 7,
               waypoint: {destination: net/10.0.0.9, hboneMtlsPort: 15008}, networkGateway: {destination: a/gw.example.com, hboneMtlsPort: 15009},
               applicationTunnel: {protocol: PROXY, port: 15088}, authorizationPolicies: [a/p, a/q], locality: {region: r, zone: z, subzone: s}}
            """).Workloads["u"];

        Assert.Equal(new Workload
        {
            Uid = "u", Name = "n", Namespace = "a", TrustDomain = "t", ServiceAccount = "s", Network = "net", WorkloadName = "wn",
            Addresses = [System.Net.IPAddress.Parse("10.0.0.1"), System.Net.IPAddress.Parse("fd00::1")],
            Type = WorkloadType.Job, CanonicalName = "cn", CanonicalRevision = "cr", Hostname = "h.example.com", Node = "nd", ClusterId = "c",
            Protocol = TunnelProtocol.Hbone, NetworkMode = NetworkMode.HostNetwork, NativeTunnel = true, Status = WorkloadStatus.Unhealthy,
            Capacity = 7, Waypoint = MeshBuilder.GatewayAt("net/10.0.0.9"), NetworkGateway = new(new ServiceKey("a", "gw.example.com"), 15009),
            ApplicationTunnel = new(ApplicationTunnelProtocol.Proxy, 15088), AuthorizationPolicies = ["a/p", "a/q"],
            Locality = new("r", "z", "s"),
        }, workload);
    }

    [Fact]
    public void Every_key_of_a_service_is_read_and_its_endpoints_become_memberships()
    {
        var file = Read("""
            workloads: [{uid: u, namespace: a, workloadIps: [], services: {}}]
            services:
            - {name: s, namespace: a, hostname: s.example.com, vips: [net/10.0.0.1], cidrVips: [{network: net, cidr: 10.1.0.0/16}], ports: {80: 0},
               subjectAltNames: ["spiffe://t/ns/a/sa/x"], waypoint: {destination: a/wp, hboneMtlsPort: 15008}, canonical: true, visibility: Namespace,
               weightedWaypoints: [{destination: {destination: a/wp, hboneMtlsPort: 15008}, weight: 3}], ipFamilies: IPv6,
               loadBalancer: {mode: Strict, routingPreferences: [Region, Subzone, Node, Cluster], healthPolicy: AllowAll},
               endpoints: {u: {workloadUid: u, port: {80: 9090}, status: Unhealthy}}}
            """);

        var service = file.Services[new("a", "s.example.com")];
        Assert.Equal((true, Visibility.Namespace, IpFamilies.IPv6Only), (service.Canonical, service.Visibility, service.IpFamilies));
        Assert.Equal("net/10.1.0.0/16", service.CidrVips[0].ToString());
        Assert.Equal([new(new GatewayAddress(new ServiceKey("a", "wp"), 15008), 3)], service.WeightedWaypoints);
        Assert.Equal((LoadBalancingMode.Strict, HealthPolicy.AllowAll), (service.LoadBalancing.Mode, service.LoadBalancing.HealthPolicy));
        Assert.Equal([new(service.Key, MeshBuilder.Ports("80:9090"), WorkloadStatus.Unhealthy)], file.Workloads["u"].Services);
    }

    [Fact]
    public void Every_kind_of_match_is_read()
    {
        var match = Read("""
            policies:
            - {name: p, namespace: a, scope: Global, action: Deny, dryRun: true, rules: [[[{
                namespaces: [!Exact a, !Prefix b, !Suffix c, Presence], notNamespaces: [!Presence ""], principals: [!Exact a], notPrincipals: [!Exact b],
                serviceAccounts: [{namespace: a, serviceAccount: b}], notServiceAccounts: [{namespace: c, serviceAccount: d}],
                sourceIps: [10.0.0.0/8], notSourceIps: [10.0.0.1], destinationIps: ["fd00::/8"], notDestinationIps: ["fd00::1/128"],
                destinationPorts: [80], notDestinationPorts: [81, 82]}]]]}
            """).Policies["a/p"].Rules[0].Clauses[0].Matches[0];

        Assert.Equal([StringMatcher.Exact("a"), StringMatcher.Prefix("b"), StringMatcher.Suffix("c"), StringMatcher.Presence], match.Namespaces);
        Assert.Equal([StringMatcher.Presence], match.NotNamespaces);
        Assert.Equal(([new("a", "b")], [new("c", "d")]), (match.ServiceAccounts, match.NotServiceAccounts));
        Assert.Equal("10.0.0.0/8 10.0.0.1/32 fd00::/8 fd00::1/128", $"{match.SourceIps[0]} {match.NotSourceIps[0]} {match.DestinationIps[0]} {match.NotDestinationIps[0]}");
        Assert.Equal(([(ushort)80], [(ushort)81, (ushort)82]), (match.DestinationPorts, match.NotDestinationPorts));
    }

    [Fact]
    public void Every_mistake_is_reported_at_once_with_its_line_and_key()
    {
        var mistakes = Mistakes("""
            workloads:
              - namespace: a/b
                workloadIps: [10.0.0.256]
                services: {cart: {80: 8080}}
                protocol: hbone
                capacity: -1
                colour: red
              - name: x
            policies:
              - {name: p, namespace: a, scope: Everything, action: Allow, rules: [[[{principals: [!Exact "", web], destinationPorts: [0]}]]]}
            extra: 1
            """);

        Assert.Equal(
        [
            "mesh.yaml:2: workloads[0].namespace", "mesh.yaml:3: workloads[0].workloadIps[0]", "mesh.yaml:4: workloads[0].services",
            "mesh.yaml:5: workloads[0].protocol", "mesh.yaml:6: workloads[0].capacity", "mesh.yaml:7: workloads[0].colour",
            "mesh.yaml:8: workloads[1]", "mesh.yaml:8: workloads[1]", "mesh.yaml:8: workloads[1]",
            "mesh.yaml:10: policies[0]", "mesh.yaml:10: policies[0].rules[0][0][0].destinationPorts[0]",
            "mesh.yaml:10: policies[0].rules[0][0][0].principals", "mesh.yaml:10: policies[0].rules[0][0][0].principals",
            "mesh.yaml:10: policies[0].scope", "mesh.yaml:11: extra",
        ], mistakes.Select(text => text[..text.IndexOf(": ", 14, StringComparison.Ordinal)]).Order(StringComparer.Ordinal).OrderBy(LineOf));
        Assert.Contains("mesh.yaml:5: workloads[0].protocol: 'hbone' is not allowed; allowed are TCP, HBONE.", mistakes);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("# nothing", "empty")]
    [InlineData("[]", "must be an object")]
    [InlineData("---\n", "must be an object")]
    [InlineData("~", "must be an object")]
    [InlineData("workloads: {}", "must be a list")]
    [InlineData("workloads:\n", "must be a list")]
    [InlineData("workloads:\n-", "must be an object")]
    [InlineData("policies:\n- ", "must be an object")]
    [InlineData("policies: [{name: p, namespace: a, scope: Global, action: Allow, dryRun: false, rules: [[[{namespaces: [!Exact a], sourceIps: }]]]}]", "must be a list")]
    [InlineData("workloads: [{uid: u, namespace: a, workloadIps: [], services: }]", "must be an object")]
    [InlineData("a: &x 1\nb: *x", "anchors")]
    [InlineData("{}\n---\n{}", "only one YAML document")]
    [InlineData("{[a]: b}", "a key must be text")]
    [InlineData("workloads: []\nworkloads: []", "twice")]
    [InlineData("workloads: [", "not valid YAML")]
    [InlineData("\"\\q\"", "not valid YAML")]
    [InlineData("services: [{name: s, namespace: a, hostname: h, vips: [], ports: {}, endpoints: {u: {workloadUid: u, port: {}}}}]", "no workload")]
    [InlineData("workloads: [{uid: u, namespace: a, workloadIps: [], services: {}}, {uid: u, namespace: b, workloadIps: [], services: {}}]", "another one")]
    public void What_makes_no_sense_is_refused(string text, string expected) => Assert.Contains(expected, Assert.Single(Mistakes(text)));

    [Fact]
    public void Deep_nesting_and_long_texts_are_refused_before_they_cost_anything()
    {
        Assert.Contains("nested more than", Assert.Single(Mistakes(new string('[', 100_000))));
        Assert.Contains("at most", Assert.Single(Mistakes(new string('#', LocalConfigurationFile.MaxLength + 1))));
    }

    [Fact]
    public void Only_what_changed_is_applied_again()
    {
        var before = Read(Shop);
        var after = Read(Shop.Replace("10.9.0.4", "10.9.0.5").Replace("cart-callers\n    namespace", "other\n    namespace"));

        var delta = after.ChangesSince(before);

        Assert.Equal(["cart-0"], delta.Workloads.Select(workload => workload.Name));
        Assert.Empty(delta.Services);
        Assert.Equal(["shop/other"], delta.Policies.Select(policy => policy.ResourceName));
        Assert.Equal(["shop/cart-callers"], delta.RemovedPolicies);
        Assert.True(Read(Shop).ChangesSince(before).IsEmpty);
    }

    [Fact]
    public void Any_text_is_a_configuration_or_a_list_of_mistakes()
    {
        // Pieces of a good file in any order find more than random characters do.
        var pieces = Gen.Elements(Shop.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Concat(
            ["\n", "\n  ", " ", "{", "}", "[", "]", "- ", ": ", "!Exact ", "&a ", "*a", "|", ">", "'", "\"", "\t", "%", "\0", "\uFFFD", "---"]).ToArray());
        var texts = pieces.ListOf().Select(static list => string.Concat(list));

        Prop.ForAll(texts.ToArbitrary(), GivesFileOrMistakes).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
        Prop.ForAll<string>(GivesFileOrMistakes).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_good_file_with_one_character_changed_is_a_configuration_or_a_list_of_mistakes() =>
        Prop.ForAll<NonNegativeInt, char>((at, with) =>
        {
            var text = Shop.ToCharArray();
            text[at.Get % text.Length] = with;
            return GivesFileOrMistakes(new(text));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    private static bool GivesFileOrMistakes(string text)
    {
        var (file, mistakes) = LocalConfigurationFile.Read(text, "mesh.yaml");
        return file is null ? mistakes.Count > 0 : mistakes.Count == 0;
    }

    private static LocalConfigurationFile Read(string text)
    {
        var (file, mistakes) = LocalConfigurationFile.Read(text, "mesh.yaml");
        Assert.Empty(mistakes);
        return file!;
    }

    private static string[] Mistakes(string text)
    {
        var (file, mistakes) = LocalConfigurationFile.Read(text, "mesh.yaml");
        Assert.Null(file);
        return [.. mistakes.Select(mistake => mistake.ToString())];
    }

    private static int LineOf(string text) => int.Parse(text.Split(':')[1]);
}
