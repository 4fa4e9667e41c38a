using Ambient.Kubernetes.Resources;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;
using Ambient.TestKit.Cluster;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>What a DestinationRule becomes.</summary>
public sealed class DestinationRuleTests
{
    private static IndexedMesh Mesh(params KubernetesObject[] objects) => new(
        [Objects.Namespace("default", "istio.io/use-waypoint=wp"), Objects.Waypoint("wp"), Objects.Service("web", "app=web", "http:80:8080"),
            Objects.Pod("web-1", "10.0.0.1", "app=web version=v1"), Objects.Pod("web-2", "10.0.0.2", "app=web version=v2"), Objects.Pod("other", "10.0.0.3", "app=other version=v1"), .. objects]);

    private static DestinationRule Rule(string spec, string name = "d", int age = 0) => Written.Object(ResourceTypes.DestinationRule, name, $"{{{spec}}}", age: age);

    private static DestinationPolicy Of(IndexedMesh mesh, string name = "d") => mesh.FindTraffic($"DestinationRule/{name}")!.Destination!;

    private static TrafficPolicy PolicyOf(string policy) => Of(Mesh(Rule($"host: web, trafficPolicy: {{{policy}}}"))).Policy;

    private static Condition Status(IndexedMesh mesh, string name = "d") => mesh.Condition("WaypointAccepted", name)!;

    private static string Uid(string pod) => $"Kubernetes//Pod/default/{pod}";

    public static TheoryData<string, BalancingKind> Simple => new()
    {
        { "simple: LEAST_REQUEST", BalancingKind.LeastRequest },
        { "simple: LEAST_CONN", BalancingKind.LeastRequest },
        { "simple: ROUND_ROBIN", BalancingKind.RoundRobin },
        { "simple: RANDOM", BalancingKind.Random },
        { "simple: PASSTHROUGH", BalancingKind.Passthrough },
        { "", BalancingKind.LeastRequest },
    };

    [Theory, MemberData(nameof(Simple))]
    public void Requests_are_spread_as_it_says(string balancer, BalancingKind expected) => Assert.Equal(expected, PolicyOf($"loadBalancer: {{{balancer}}}").Balancing);

    public static TheoryData<string, HashKey> Keys => new()
    {
        { "httpHeaderName: X-User", new(HashKeyKind.Header, "x-user") },
        { "httpCookie: {name: c}", new(HashKeyKind.Cookie, "c") },
        { "httpCookie: {name: c, path: /a, ttl: 0s}", new(HashKeyKind.Cookie, "c", "/a", TimeSpan.Zero) },
        { "httpCookie: {name: c, ttl: 1h}, ringHash: {minimumRingSize: 5}", new(HashKeyKind.Cookie, "c", "", TimeSpan.FromHours(1)) },
        { "useSourceIp: true", new(HashKeyKind.SourceIp, "") },
        { "httpQueryParameterName: q", new(HashKeyKind.QueryParameter, "q") },
    };

    [Theory, MemberData(nameof(Keys))]
    public void Requests_stay_together_by_a_key(string hash, HashKey expected)
    {
        var policy = PolicyOf($"loadBalancer: {{consistentHash: {{{hash}}}}}");

        Assert.Equal((BalancingKind.ConsistentHash, expected), (policy.Balancing, policy.HashKey));
    }

    [Fact]
    public void Limits_are_as_written_and_what_is_not_above_zero_is_none()
    {
        var policy = PolicyOf("connectionPool: {tcp: {maxConnections: 100, connectTimeout: 30ms}, http: {http1MaxPendingRequests: 1, http2MaxRequests: 1000, maxRequestsPerConnection: 10, maxRetries: 3, idleTimeout: 1.5s, h2UpgradePolicy: UPGRADE}}");

        Assert.Equal(new()
        {
            MaxConnections = 100, MaxPendingRequests = 1, MaxRequests = 1000, MaxRequestsPerConnection = 10, MaxRetries = 3,
            ConnectTimeout = TimeSpan.FromMilliseconds(30), IdleTimeout = TimeSpan.FromMilliseconds(1500),
        }, policy.Limits);
        Assert.Equal(UpstreamHttp.Http2, policy.Http);
        Assert.Equal(UpstreamHttp.AsClient, PolicyOf("connectionPool: {http: {useClientProtocol: true, h2UpgradePolicy: UPGRADE}}").Http);
        Assert.Equal(ConnectionLimits.None, PolicyOf("connectionPool: {tcp: {maxConnections: -1}, http: {maxRetries: 0}}").Limits);
    }

    [Fact]
    public void Outliers_have_defaults_once_they_are_asked_for()
    {
        Assert.Null(PolicyOf("").Outlier);
        Assert.Equal(new(5, 0, false, 5, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), 10, 0), PolicyOf("outlierDetection: {}").Outlier);
        Assert.Equal(new(0, 2, true, 3, TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(1500), 50, 20), PolicyOf(
            "outlierDetection: {consecutive5xxErrors: 0, consecutiveGatewayErrors: 2, splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 3, interval: 1s, baseEjectionTime: 1.5s, maxEjectionPercent: 50, minHealthPercent: 20}").Outlier);
    }

    [Fact]
    public void Places_are_preferred_or_get_shares()
    {
        Assert.Null(PolicyOf("outlierDetection: {}, loadBalancer: {localityLbSetting: {enabled: false, failover: [{from: a, to: b}]}}").Locality);
        Assert.Equal(new(), PolicyOf("outlierDetection: {}, loadBalancer: {localityLbSetting: {}}").Locality);
        Assert.Equal(new() { Failover = [new("a", "b")] }, PolicyOf("outlierDetection: {}, loadBalancer: {localityLbSetting: {failover: [{from: a, to: b}]}}").Locality);
        Assert.Equal(new() { Nearness = [LocalityScope.Network, LocalityScope.Zone, LocalityScope.Node] },
            PolicyOf("outlierDetection: {}, loadBalancer: {localityLbSetting: {failoverPriority: [topology.istio.io/network, topology.kubernetes.io/zone, kubernetes.io/hostname]}}").Locality);
        Assert.Equal(new() { Distribute = [new(new("a", "z", ""), [new(new("", "", ""), 20), new(new("a", "z", "s"), 80)]), new(new("", "", ""), [new(new("b", "", ""), 100)])] },
            PolicyOf("loadBalancer: {localityLbSetting: {distribute: [{from: a/z/*, to: {'*': 20, a/z/s: 80, c: 0}}, {from: '*', to: {b: 100}}]}}").Locality);
    }

    [Fact]
    public void Retries_have_a_budget() => Assert.Equal((new(20, 3), new(5.5, 9)), (PolicyOf("retryBudget: {}").RetryBudget!, PolicyOf("retryBudget: {percent: 5.5, minRetryConcurrency: 9, budgetInterval: 1s}").RetryBudget!));

    [Theory]
    [InlineData("tls: {mode: ISTIO_MUTUAL}", true)]
    [InlineData("tls: {mode: DISABLE}", true)]
    [InlineData("tls: {}", true)]
    [InlineData("tls: {mode: SIMPLE, sni: a}", true)]
    [InlineData("tls: {mode: SIMPLE, sni: 'a b'}", false)]
    [InlineData("tls: {mode: SIMPLE, clientCertificate: /a}", false)]
    [InlineData("tls: {mode: SIMPLE, credentialName: a}", false)]
    [InlineData("tls: {mode: SIMPLE, caCrl: /a}", false)]
    [InlineData("tls: {mode: SIMPLE, unheard: a}", false)]
    [InlineData("tls: {mode: MUTUAL, clientCertificate: /a}", false)]
    [InlineData("tls: {mode: MUTUAL, clientCertificate: /a, privateKey: /b}", true)]
    [InlineData("tls: {mode: OTHER}", false)]
    [InlineData("tunnel: {targetHost: a, targetPort: 1}", false)]
    [InlineData("proxyProtocol: {version: V2}", false)]
    public void A_connection_that_the_mesh_does_not_make_is_not_made_otherwise(string policy, bool usable)
    {
        var mesh = Mesh(Rule($"host: web, trafficPolicy: {{{policy}}}"));

        Assert.Equal(usable, Of(mesh).Policy.Unusable.Length == 0);
        Assert.Equal(usable ? "Accepted" : "UnsupportedValue", Status(mesh).Reason);
    }

    [Fact]
    public void Tls_towards_servers_is_begun_as_the_user_says()
    {
        Assert.Null(PolicyOf("tls: {mode: ISTIO_MUTUAL}").Tls);
        Assert.Equal(new ServerTls { ServerName = "a.example.com", Names = ["b.example.com", "spiffe://x/y"], RootsFile = "/ca", CertificateFile = "/c", KeyFile = "/k" },
            PolicyOf("tls: {mode: MUTUAL, sni: a.example.com, subjectAltNames: [b.example.com, 'spiffe://x/y'], caCertificates: /ca, clientCertificate: /c, privateKey: /k}").Tls);
        Assert.Equal(new ServerTls { AcceptsAnyone = true }, PolicyOf("tls: {mode: SIMPLE, insecureSkipVerify: true}").Tls);
    }

    [Theory]
    [InlineData("loadBalancer: {simple: MADE_UP}")]
    [InlineData("loadBalancer: {consistentHash: {}}")]
    [InlineData("loadBalancer: {consistentHash: {httpHeaderName: 'a b'}}")]
    [InlineData("loadBalancer: {consistentHash: {httpCookie: {name: c, path: '/;x'}}}")]
    [InlineData("loadBalancer: {localityLbSetting: {enabled: true}}")]
    [InlineData("outlierDetection: {}, loadBalancer: {localityLbSetting: {failoverPriority: [team]}}")]
    [InlineData("outlierDetection: {}, loadBalancer: {localityLbSetting: {failoverPriority: ['topology.kubernetes.io/region=a']}}")]
    [InlineData("outlierDetection: {}, loadBalancer: {localityLbSetting: {failover: [{from: a, to: a}]}}")]
    [InlineData("outlierDetection: {}, loadBalancer: {localityLbSetting: {failover: [{from: a, to: b}], distribute: [{from: a, to: {b: 100}}]}}")]
    [InlineData("loadBalancer: {localityLbSetting: {distribute: [{from: a, to: {b: 50, c: 49}}]}}")]
    [InlineData("loadBalancer: {localityLbSetting: {distribute: [{from: a, to: {}}]}}")]
    [InlineData("loadBalancer: {localityLbSetting: {distribute: [{from: a/b/c/d, to: {b: 100}}]}}")]
    [InlineData("loadBalancer: {localityLbSetting: {distribute: [{from: '*/b', to: {b: 100}}]}}")]
    [InlineData("connectionPool: {tcp: {connectTimeout: soon}}")]
    [InlineData("connectionPool: {tcp: {tcpKeepalive: {time: 1s}}}")]
    [InlineData("connectionPool: {http: {h2UpgradePolicy: MADE_UP}}")]
    [InlineData("outlierDetection: {consecutiveErrors: 5}")]
    [InlineData("portLevelSettings: [{port: {number: 0}}]")]
    public void Other_settings_that_are_not_honoured_are_told(string policy)
    {
        var mesh = Mesh(Rule($"host: web, trafficPolicy: {{{policy}}}"));

        Assert.Equal("", Of(mesh).Policy.Unusable);
        Assert.Equal(("True", "UnsupportedValue"), (Status(mesh).Status, Status(mesh).Reason));
    }

    [Fact]
    public void A_rule_that_cannot_be_read_leaves_its_services_unreached()
    {
        var mesh = Mesh(Rule("host: web, trafficPolicy: {unheard: 1}"));

        Assert.NotEqual("", Of(mesh).Policy.Unusable);
        Assert.Contains("cannot be read", Status(mesh).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_ports_settings_take_the_place_of_the_rules_and_a_subset_inherits_what_it_does_not_say()
    {
        var policy = Of(Mesh(Rule("""
            host: web, trafficPolicy: {loadBalancer: {simple: RANDOM}, connectionPool: {http: {maxRetries: 7}}, portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: ROUND_ROBIN}}, {port: {number: 81}}]},
            subsets: [{name: quiet, labels: {version: v1}}, {name: own, labels: {version: v2}, trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}, portLevelSettings: [{port: {number: 81}, connectionPool: {http: {maxRetries: 1}}}]}}]
            """)));
        var (quiet, own) = (policy.Find("quiet")!, policy.Find("own")!);

        Assert.Equal((BalancingKind.Random, 7u), Seen(policy.PolicyFor(90, null)));
        Assert.Equal((BalancingKind.RoundRobin, 0u), Seen(policy.PolicyFor(80, null)));
        Assert.Equal((BalancingKind.LeastRequest, 0u), Seen(policy.PolicyFor(81, null)));
        Assert.Equal((BalancingKind.RoundRobin, 0u), Seen(policy.PolicyFor(80, quiet)));
        Assert.Equal((BalancingKind.Passthrough, 7u), Seen(policy.PolicyFor(90, own)));
        Assert.Equal((BalancingKind.Passthrough, 0u), Seen(policy.PolicyFor(80, own)));
        Assert.Equal((BalancingKind.LeastRequest, 1u), Seen(policy.PolicyFor(81, own)));

        static (BalancingKind, uint) Seen(TrafficPolicy seen) => (seen.Balancing, seen.Limits.MaxRetries);
    }

    [Fact]
    public void Subsets_are_the_services_endpoints_with_those_labels_as_they_come_and_go()
    {
        var mesh = Mesh(Rule("host: web, subsets: [{name: v1, labels: {version: v1}}, {name: all}]"));
        Assert.Equal([Uid("web-1")], Of(mesh).Find("v1")!.Workloads);
        Assert.Equal([Uid("web-1"), Uid("web-2")], Of(mesh).Find("all")!.Workloads);

        mesh.Set(Objects.Pod("web-3", "10.0.0.4", "app=web version=v1"), Objects.Pod("web-2", "10.0.0.2", "app=web version=v1"));
        Assert.Equal([Uid("web-1"), Uid("web-2"), Uid("web-3")], Of(mesh).Find("v1")!.Workloads);

        mesh.Remove(Objects.Pod("web-1"));
        mesh.Set(Objects.Pod("web-3", "10.0.0.4", "app=web version=v2"));
        Assert.Equal([Uid("web-2")], Of(mesh).Find("v1")!.Workloads);

        Assert.Empty(mesh.Set(Objects.Pod("other", "10.0.0.9", "app=other version=v1")).Traffic.Set);
    }

    [Fact]
    public void Endpoints_of_a_ServiceEntry_have_labels_of_their_own()
    {
        var mesh = Mesh(Objects.ServiceEntry("partner", "a.example.com", endpoints: [new() { Address = "192.0.2.1", Labels = Objects.Labels("version=v1") }, new() { Address = "192.0.2.2" }]),
            Rule("host: a.example.com, subsets: [{name: v1, labels: {version: v1}}]"));

        Assert.EndsWith("192.0.2.1", Assert.Single(Of(mesh).Find("v1")!.Workloads), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("web", true)]
    [InlineData("WEB.default.svc.cluster.local", true)]
    [InlineData("*.default.svc.cluster.local", true)]
    [InlineData("*.svc.cluster.local", true)]
    [InlineData("*", true)]
    [InlineData("none", false)]
    [InlineData("web.other", false)]
    [InlineData("not a host", false)]
    public void It_is_for_the_services_that_its_host_stands_for(string host, bool found) => Assert.Equal(found, Mesh(Rule($"host: '{host}'")).FindTraffic("DestinationRule/d") is not null);

    [Fact]
    public void An_exact_host_goes_before_a_wildcard_and_its_own_namespace_before_the_root()
    {
        var mesh = Mesh(Rule("host: '*.svc.cluster.local'", "istio-system/root"));
        Assert.Equal("root", InForce());

        mesh.Set(Rule("host: '*.svc.cluster.local'", "wide"));
        Assert.Equal("wide", InForce());
        Assert.Equal("TargetNotFound", Status(mesh, "istio-system/root").Reason);

        mesh.Set(Rule("host: '*.default.svc.cluster.local'", "narrow"));
        Assert.Equal("narrow", InForce());

        mesh.Set(Rule("host: web", "exact"));
        Assert.Equal("exact", InForce());

        mesh.Set(Rule("host: web, exportTo: ['~']", "exact"));
        Assert.Equal("narrow", InForce());

        mesh.Set(Rule("host: web.default.svc.cluster.local", "mesh/away"));
        Assert.Equal("narrow", InForce());

        mesh.Set(Objects.Waypoint("mesh/wp", from: "All"), Objects.Service("web", "app=web", labels: "istio.io/use-waypoint=wp istio.io/use-waypoint-namespace=mesh"));
        Assert.Equal("away", InForce()); // the waypoint's namespace

        string? InForce() => mesh.Traffic.Current.DestinationOf(IndexedMesh.Key("web"))?.Name;
    }

    [Fact]
    public void Two_for_one_host_are_one_of_which_the_older_decides()
    {
        var mesh = Mesh(Rule("host: web, trafficPolicy: {loadBalancer: {simple: RANDOM}}, subsets: [{name: v1, labels: {version: v1}}]", "old", age: 2),
            Rule("host: web.default.svc.cluster.local, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}, subsets: [{name: v1}, {name: v2, labels: {version: v2}}]", "new"));

        var policy = mesh.Traffic.Current.DestinationOf(IndexedMesh.Key("web"))!;
        Assert.Equal(("old", BalancingKind.Random), (policy.Name, policy.Policy.Balancing));
        Assert.Equal([("v1", Uid("web-1")), ("v2", Uid("web-2"))], policy.Subsets.Select(static subset => (subset.Name, subset.Workloads[0])));
        Assert.Null(mesh.FindTraffic("DestinationRule/new"));
        Assert.Equal(("False", "Conflicted"), (Status(mesh, "new").Status, Status(mesh, "new").Reason));

        mesh.Remove(Rule("host: web", "old"));
        Assert.Equal(BalancingKind.RoundRobin, mesh.Traffic.Current.DestinationOf(IndexedMesh.Key("web"))!.Policy.Balancing);
    }

    [Fact]
    public void A_rule_for_sidecars_of_some_clients_has_no_effect() => Assert.Null(Mesh(Rule("host: web, workloadSelector: {matchLabels: {a: b}}")).FindTraffic("DestinationRule/d"));
}
