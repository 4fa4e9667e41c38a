using Ambient.Model.Addresses;
using Ambient.Model.Policies;
using Ambient.Model.Routes;
using Ambient.Model.Telemetry;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;
using Ambient.Xds.Mapping;
using Google.Protobuf;
using Wire = Ambient.Protos.Traffic;

namespace Ambient.Xds.Tests.Mapping;

/// <summary>Everything users can say about requests comes over as it was said.</summary>
public sealed class TrafficMappingTests
{
    private static readonly ServiceKey Reviews = new("shop", "reviews.shop.svc.cluster.local");
    private static readonly HeaderEdits Edits = new()
    {
        Set = [new("x-set", "1"), new("host", "other")], Add = [new("x-add", "2"), new("x-add", "%REQ(x)%", HasOperators: true)], Remove = ["x-remove"],
    };
    private static readonly Rewrite Elsewhere = new("other.example", new(PathRewriteKind.Regex, "/v2/\\1", "^/v1/(.*)$"));
    private static readonly Redirect Away = new("https", "example.org", new(PathRewriteKind.Prefix, "/new"), RedirectPort.Fixed, 8443, 308);

    [Fact]
    public void A_route_with_everything_in_it_comes_over() => AssertComesOver(new("HTTPRoute/shop/all", new Route
    {
        Kind = RouteKind.HttpRoute,
        Namespace = "shop",
        Name = "all",
        Created = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123),
        Parents = [new(Reviews, 80), new(Reviews, 0)],
        Rules =
        [
            new("rule", Matches(), Action()),
            new("", [RouteMatch.Everything], RouteAction.Default with { Direct = new(503, "closed") }),
        ],
    }));

    [Fact]
    public void A_destination_with_everything_in_it_comes_over() => AssertComesOver(new("DestinationRule/shop/all", new DestinationPolicy
    {
        Namespace = "shop",
        Name = "all",
        Services = [Reviews],
        Policy = Policy(BalancingKind.ConsistentHash),
        Ports = [new(8080, Policy(BalancingKind.RoundRobin) with { HashKey = null, Outlier = null, RetryBudget = null })],
        Subsets = [new("v1", ["a", "b"], Policy(BalancingKind.Random), [new(80, TrafficPolicy.Default with { Unusable = "tls" })]), new("v2", [], null, [])],
    }));

    [Fact]
    public void Tls_of_servers_comes_over()
    {
        AssertComesOver(new("BackendTLSPolicy/shop/all", new BackendTls
        {
            Namespace = "shop", Name = "all", Created = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123), Targets = [new(Reviews, 0), new(Reviews, 443)],
            Tls = new() { ServerName = "a", Names = ["b", "spiffe://c/d"], Roots = "PEM", RootsFile = "/r", CertificateFile = "/c", KeyFile = "/k", AcceptsAnyone = true },
        }));
        AssertComesOver(new("BackendTLSPolicy/shop/none", new BackendTls { Namespace = "shop", Name = "none", Created = DateTimeOffset.UnixEpoch, Targets = [new(Reviews, 0)], Unusable = "why" }));
        RefusesTls(static wire => wire.Targets[0].Port = 65_536);
        RefusesTls(static wire => wire.Targets[0].Service = null);
        RefusesTls(static wire => wire.Tls = null);
        RefusesTls(static wire => wire.Tls.Roots = new string('a', (1 << 20) + 1));
    }

    [Fact]
    public void Of_tls_that_cannot_be_taken_whom_it_is_for_is_not_reached()
    {
        var wire = new Wire.Resource { BackendTls = BackendTlsMapping.ToWire(new() { Namespace = "shop", Name = "all", Targets = [new(Reviews, 0), new(Reviews, 443)] }) };
        wire.BackendTls.Targets[1].Port = 65_536;

        var stand = Assert.Single(Xds.Client.StandIns.Traffic("BackendTLSPolicy/shop/all", wire.ToByteString(), "why")).Tls!;

        Assert.Equal((new TlsTarget(Reviews, 0), null, "why"), (Assert.Single(stand.Targets), stand.Tls, stand.Unusable));
    }

    private static void RefusesTls(Action<Wire.BackendTls> spoil)
    {
        var wire = BackendTlsMapping.ToWire(new() { Namespace = "shop", Name = "all", Targets = [new(Reviews, 443)], Tls = new() });
        spoil(wire);
        Assert.ThrowsAny<ArgumentException>(() => { BackendTlsMapping.ToModel(wire, new()); });
    }

    [Fact]
    public void A_policy_for_requests_comes_over() => AssertComesOver(new("AuthorizationPolicy/shop/all", new RequestPolicy(
        new()
        {
            Name = "all", Namespace = "shop", Scope = PolicyScope.WorkloadSelector, Action = PolicyAction.Deny, DryRun = true,
            Rules = [new([new([new() { Namespaces = [StringMatcher.Exact("shop")], Request = Tests() }])])],
        }, [Reviews], ["shop/waypoint"], IsForAll: true)));

    [Fact]
    public void What_is_to_be_told_of_requests_comes_over()
    {
        AssertComesOver(new("Telemetry/shop/none", new TelemetryPolicy { Namespace = "shop", Name = "none", Created = DateTimeOffset.UnixEpoch, Scope = TelemetryScope.Mesh, Tracing = new(), AccessLog = new() }));
        AssertComesOver(new("Telemetry/shop/all", new TelemetryPolicy
        {
            Namespace = "shop",
            Name = "all",
            Created = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123),
            Scope = TelemetryScope.Target,
            Services = [Reviews],
            Gateways = ["shop/waypoint"],
            Tracing = new()
            {
                Collector = new(Reviews, 4318, "/v1/traces"), Percent = 0, IsSilent = false, TellsWorkloads = false, Tags = [new("a", "x-a", "none"), new("b", "", "text")],
            },
            AccessLog = new() { IsOff = false, LeastStatus = 400, IsJson = true },
            Metrics = [new(Metrics.All, true, []), new(Metrics.RequestCount | Metrics.TcpSent, null, [new("source_principal", null), new("reporter", "us")])],
        }));
    }

    [Fact]
    public void Telemetry_out_of_range_is_refused()
    {
        RefusesTelemetry(static wire => wire.Tracing.Percent = 100.1);
        RefusesTelemetry(static wire => wire.Tracing.Percent = double.NaN);
        RefusesTelemetry(static wire => wire.Tracing.CollectorPort = 65_536);
        RefusesTelemetry(static wire => wire.Scope = (Wire.TelemetryScope)99);
        RefusesTelemetry(static wire => wire.AccessLog = new() { LeastStatus = 1000 });
        RefusesTelemetry(static wire => wire.CreatedMs = long.MaxValue);
    }

    private static void RefusesTelemetry(Action<Wire.Telemetry> spoil)
    {
        var wire = TelemetryMapping.ToWire(new() { Namespace = "shop", Name = "all", Tracing = new() { Collector = new(Reviews, 4317) } });
        spoil(wire);
        Assert.ThrowsAny<ArgumentException>(() => { TelemetryMapping.ToModel(wire, new()); });
    }

    [Fact]
    public void A_policy_that_tests_requests_denies_where_only_connections_are_seen()
    {
        var wire = PolicyMapping.ToWire(new AuthorizationPolicy
        {
            Name = "all", Namespace = "shop", Action = PolicyAction.Deny, Rules = [new([new([new() { Request = Tests() }])])],
        });
        Assert.NotNull(PolicyMapping.ToModel(wire, new()).Fault);
    }

    [Fact]
    public void What_is_out_of_range_is_refused()
    {
        Refuses(static wire => wire.Rules[0].Action.Backends[0].Weight = 1_000_001);
        Refuses(static wire => wire.Rules[0].Action.Redirect.Status = 99);
        Refuses(static wire => wire.Rules[0].Action.Mirrors[0].Percent = double.NaN);
        Refuses(static wire => wire.Rules[0].Matches[0].Port = 65_536);
        Refuses(static wire => wire.Rules[0].Matches[0].Path.Kind = (Wire.PathKind)99);
        Refuses(static wire => wire.Rules[0].Matches[0].Headers[0].Value = new() { Kind = Wire.TextKind.Regex, Text_ = "(" });
        Refuses(static wire => wire.Rules[0].Action.RequestEdits.Add[1].Value = "%UNHEARD%");
        Refuses(static wire => wire.Rules[0].Action.RequestEdits.Add[1].Name = "host");
        Refuses(static wire => wire.Kind = (Wire.RouteKind)99);
        Refuses(static wire => wire.Rules[0].Action = null);
        Refuses(static wire => wire.Parents[0].Service = null);
    }

    private static void Refuses(Action<Wire.Route> spoil)
    {
        var wire = RouteMapping.ToWire(new Route
        {
            Kind = RouteKind.HttpRoute, Namespace = "shop", Name = "all", Parents = [new(Reviews, 80)], Rules = [new("rule", Matches(), Action())],
        });
        spoil(wire);
        Assert.ThrowsAny<ArgumentException>(() => { RouteMapping.ToModel(wire, new()); });
    }

    private static void AssertComesOver(TrafficResource resource)
    {
        var bytes = TrafficMapping.ToWire(resource).ToByteArray();
        Assert.Equal(resource, TrafficMapping.ToModel(resource.Name, Wire.Resource.Parser.ParseFrom(bytes), new()));
        Assert.Equal(bytes, TrafficMapping.ToWire(resource).ToByteArray());
    }

    private static Model.EquatableArray<RouteMatch> Matches() =>
    [
        new()
        {
            Path = PathMatch.Prefix("/V1", ignoreCase: true), Port = 80, Method = TextMatch.Exact("GET"), Scheme = TextMatch.Prefix("http"),
            Authority = TextMatch.Suffix(".example"), SourceNamespace = "web",
            Headers = [new("x-user", TextMatch.Regex("a.*"), Inverted: true)], Query = [new("color", TextMatch.Present)], ServerNames = ["a.example", "*.b.example"],
        },
        new() { Path = PathMatch.Segments("/v2/") }, new() { Path = PathMatch.Exact("/v3") }, new() { Path = PathMatch.Regex("/v[45]") },
    ];

    private static RouteAction Action() => new()
    {
        Fault = new(TimeSpan.FromSeconds(5), 12.5, 503, -1, 0.1),
        Cors = new()
        {
            Origins = [TextMatch.Exact("https://a.example")], Methods = ["*"], Headers = ["x-a"], Exposed = ["x-b"], MaxAge = TimeSpan.FromSeconds(5),
            Credentials = true, ForwardsUnmatchedPreflights = true,
        },
        RateLimit = new(100, 10, TimeSpan.FromSeconds(1), PerClient: true),
        Redirect = Away,
        Direct = new(418, "tea"),
        RequestEdits = Edits,
        ResponseEdits = Edits,
        Rewrite = Elsewhere,
        Mirrors = [new(new() { Service = Reviews, Port = 80 }, 33.3)],
        Timeout = TimeSpan.FromMilliseconds(1500),
        Retries = new()
        {
            Attempts = 3, On = RetryOn.FiveXx | RetryOn.RefusedStream | RetryOn.StatusCodes, Codes = [429], PerTryTimeout = TimeSpan.FromSeconds(2),
            BackoffBase = TimeSpan.FromMilliseconds(50),
        },
        Backends =
        [
            new() { Service = Reviews, Port = 80, Subset = "v1", Weight = 90, RequestEdits = Edits, ResponseEdits = Edits, Rewrite = Elsewhere, Redirect = Away },
            new() { Service = Reviews, Weight = 10, Invalid = "no such service", InvalidStatus = 503 },
        ],
    };

    private static TrafficPolicy Policy(BalancingKind balancing) => new()
    {
        Balancing = balancing,
        HashKey = new(HashKeyKind.Cookie, "session", "/", TimeSpan.Zero),
        Warmup = TimeSpan.FromSeconds(30),
        Limits = new()
        {
            MaxConnections = 100, MaxPendingRequests = 1, MaxRequests = 1000, MaxRequestsPerConnection = 10, MaxRetries = 3,
            ConnectTimeout = TimeSpan.FromMilliseconds(30), IdleTimeout = TimeSpan.FromSeconds(60),
        },
        Outlier = new(5, 3, true, 4, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30), 50, 10),
        Http = UpstreamHttp.AsClient,
        RetryBudget = new(20, 3),
        Locality = new()
        {
            Distribute = [new(new("a", "b", "c"), [new(new("", "", ""), 80), new(new("d", "", ""), 20)])], Failover = [new("a", "b")], Nearness = [LocalityScope.Network, LocalityScope.Region],
        },
        Unusable = "why",
    };

    private static RequestMatch Tests() => new()
    {
        Hosts = [TextMatch.Exact("a.example", ignoreCase: true)], NotHosts = [TextMatch.NotEmpty],
        Methods = [TextMatch.Exact("GET")], NotMethods = [TextMatch.Exact("PUT")],
        Paths = [TextMatch.Prefix("/api/")], NotPaths = [TextMatch.Suffix("/admin")],
        RemoteIps = [IpPrefix.Parse("10.0.0.0/8")], NotRemoteIps = [IpPrefix.Parse("10.1.0.0/16")],
        Headers = [new("x-token", [TextMatch.Exact("1")], [TextMatch.Regex("2+")])],
    };
}
