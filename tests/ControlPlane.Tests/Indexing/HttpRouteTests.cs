using Ambient.Kubernetes.Resources;
using Ambient.Model.Routes;
using Ambient.TestKit.Cluster;
using static Ambient.ControlPlane.Tests.Indexing.Written;
using RouteKind = Ambient.Model.Routes.RouteKind;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>What an HTTPRoute becomes.</summary>
public sealed class HttpRouteTests
{
    private static IndexedMesh Mesh(params KubernetesObject[] objects) => new(
        [Objects.Namespace("default"), Objects.Service("web", "app=web", "http:80:8080 http-alt:81:8081 tcp:9090:9090 https:443:8443"), Objects.Service("v2", "app=v2", "http:80:8080"),
            Objects.Service("other/api", "app=api", "http:80:8080"), .. objects]);

    private static RouteRule RuleOf(string rule) => Assert.Single(Mesh(Rule(rule)).Route("HTTPRoute/r").Rules);

    private static RouteMatch MatchOf(string match) => Assert.Single(RuleOf($"matches: [{match}]").Matches);

    [Fact]
    public void A_route_is_for_its_services_and_leads_to_services()
    {
        var route = Mesh(Http("r", "{parentRefs: [{group: '', kind: Service, name: web, port: 81}, {group: gateway.networking.k8s.io, kind: Gateway, name: edge}], hostnames: [ignored.example.com], "
            + "rules: [{name: main, backendRefs: [{name: v2, port: 80, weight: 3}, {name: web, port: 80}]}]}", age: 5)).Route("HTTPRoute/r");

        Assert.Equal((RouteKind.HttpRoute, "default", "r", Objects.Epoch.AddMinutes(-5)), (route.Kind, route.Namespace, route.Name, route.Created));
        Assert.Equal([new(IndexedMesh.Key("web"), 81)], route.Parents);
        var rule = Assert.Single(route.Rules);
        Assert.Equal("main", rule.Name);
        Assert.Equal([RouteMatch.Everything], rule.Matches);
        Assert.Equal([(IndexedMesh.Key("v2"), 80, 3u, ""), (IndexedMesh.Key("web"), 80, 1u, "")], rule.Action.Backends.Select(static b => (b.Service, (int)b.Port, b.Weight, b.Invalid)));
        Assert.Null(rule.Action.Retries);
        Assert.Equal(TimeSpan.Zero, rule.Action.Timeout);
    }

    public static TheoryData<string, PathMatch> Paths => new()
    {
        { "{path: {type: Exact, value: /a/b}}", PathMatch.Exact("/a/b") },
        { "{path: {type: PathPrefix, value: /a/}}", PathMatch.Segments("/a") },
        { "{path: {value: /a}}", PathMatch.Segments("/a") },
        { "{path: {type: RegularExpression, value: '/v[0-9]+'}}", PathMatch.Regex("/v[0-9]+") },
        { "{method: GET}", PathMatch.Any },
    };

    [Theory, MemberData(nameof(Paths))]
    public void Paths_match_exactly_by_segments_or_by_expression(string match, PathMatch expected) => Assert.Equal(expected, MatchOf(match).Path);

    [Fact]
    public void A_match_tests_method_headers_and_parameters_and_of_two_with_one_name_the_first()
    {
        var match = MatchOf("{method: POST, headers: [{name: X-A, value: one}, {name: x-a, value: two}, {name: b, type: RegularExpression, value: 't.o'}], "
            + "queryParams: [{name: q, value: one}, {name: q, value: two}, {name: Q, type: RegularExpression, value: x}]}");

        Assert.Equal(TextMatch.Exact("POST"), match.Method);
        Assert.Equal([new("x-a", TextMatch.Exact("one")), new("b", TextMatch.Regex("t.o"))], match.Headers);
        Assert.Equal([new("q", TextMatch.Exact("one")), new("Q", TextMatch.Regex("x"))], match.Query);
    }

    [Theory]
    [InlineData("{path: {value: a}}")]
    [InlineData("{path: {value: /a//b}}")]
    [InlineData("{path: {value: /a/./b}}")]
    [InlineData("{path: {value: /a/../b}}")]
    [InlineData("{path: {value: /a/..}}")]
    [InlineData("{path: {value: /a/.}}")]
    [InlineData("{path: {value: /a%2Fb}}")]
    [InlineData("{path: {value: '/a#b'}}")]
    [InlineData("{path: {value: '/a b'}}")]
    [InlineData("{path: {value: '/a%4'}}")]
    [InlineData("{path: {type: Suffix, value: /a}}")]
    [InlineData("{path: {type: RegularExpression, value: '('}}")]
    [InlineData("{path: {type: RegularExpression, value: 'a)|(b'}}")]
    [InlineData("{path: {type: RegularExpression, value: '(a)\\1'}}")]
    [InlineData("{method: get}")]
    [InlineData("{method: {service: a}}")]
    [InlineData("{headers: [{name: 'a b', value: x}]}")]
    [InlineData("{headers: [{name: a, type: Prefix, value: x}]}")]
    [InlineData("{cookies: [a]}")]
    public void A_match_that_says_what_none_can_say_is_dropped_and_told(string match)
    {
        var mesh = Mesh(Http("r", $"{{parentRefs: [{{group: '', kind: Service, name: web}}], rules: [{{matches: [{match}], backendRefs: [{{name: web, port: 80}}]}}, {{name: good, backendRefs: [{{name: web, port: 80}}]}}]}}"));

        Assert.Equal("good", Assert.Single(mesh.Route("HTTPRoute/r").Rules).Name);
        Assert.Contains(mesh.Index.Diagnostics, static line => line is { Kind: "HTTPRoute", Problem: var problem } && problem.StartsWith("Dropped Rule 1", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("filters: [{type: Unheard, unheard: {}}]")]
    [InlineData("filters: [{type: RequestHeaderModifier}]")]
    [InlineData("filters: [{type: ExternalAuth, externalAuth: {protocol: GRPC}}]")]
    [InlineData("filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: 'a b', value: x}]}}]")]
    [InlineData("filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: Content-Length, value: '1'}]}}]")]
    [InlineData("filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: ':path', value: '1'}]}}]")]
    [InlineData("filters: [{type: RequestHeaderModifier, requestHeaderModifier: {remove: [host]}}]")]
    [InlineData("filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: \"x\\r\\ny: z\"}]}}]")]
    [InlineData("filters: [{type: CORS, cors: {}}, {type: CORS, cors: {}}]")]
    [InlineData("filters: [{type: CORS, cors: {maxAge: 0}}]")]
    [InlineData("filters: [{type: CORS, cors: {allowOrigins: ['https://a.*.com']}}]")]
    [InlineData("filters: [{type: URLRewrite, urlRewrite: {hostname: a.example.com}}, {type: RequestRedirect, requestRedirect: {port: 80}}]")]
    [InlineData("filters: [{type: RequestRedirect, requestRedirect: {statusCode: 305}}]")]
    [InlineData("filters: [{type: RequestRedirect, requestRedirect: {scheme: ftp}}]")]
    [InlineData("filters: [{type: RequestRedirect, requestRedirect: {hostname: 'a b'}}]")]
    [InlineData("filters: [{type: RequestRedirect, requestRedirect: {port: 70000}}]")]
    [InlineData("filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: a}}}]")]
    [InlineData("filters: [{type: URLRewrite, urlRewrite: {path: {type: Other}}}]")]
    [InlineData("matches: [{path: {type: Exact, value: /}}], filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /a}}}]")]
    [InlineData("filters: [{type: RequestMirror, requestMirror: {backendRef: {name: v2, port: 80}, percent: 101}}]")]
    [InlineData("filters: [{type: RequestMirror, requestMirror: {backendRef: {name: v2, port: 80}, percent: 1, fraction: {numerator: 1}}}]")]
    [InlineData("filters: [{type: RequestMirror, requestMirror: {backendRef: {name: v2, port: 80}, fraction: {numerator: 1, denominator: 0}}}]")]
    [InlineData("timeouts: {request: 1.5s}")]
    [InlineData("timeouts: {request: 1s, backendRequest: 2s}")]
    [InlineData("retry: {codes: [200]}")]
    [InlineData("retry: {attempts: 0}")]
    [InlineData("sessionPersistence: {}")]
    [InlineData("backendRefs: [{name: web, port: 80, weight: -1}]")]
    [InlineData("backendRefs: [{name: web, port: 80, filters: [{type: CORS, cors: {}}]}]")]
    [InlineData("unheard: 1")]
    public void A_rule_that_cannot_be_honoured_answers_its_requests_with_an_error(string rule)
    {
        var mesh = Mesh(Http("r", $"{{parentRefs: [{{group: '', kind: Service, name: web}}], rules: [{{{rule}}}, {{name: good, backendRefs: [{{name: web, port: 80}}]}}]}}"));

        var rules = mesh.Route("HTTPRoute/r").Rules;
        Assert.Equal(2, rules.Count);
        Assert.Equal(new DirectResponse(500, ""), rules[0].Action.Direct);
        Assert.Contains(mesh.Index.Diagnostics, static line => line.Problem.StartsWith("Dropped Rule 1, its requests are answered with 500", StringComparison.Ordinal));
    }

    [Fact]
    public void A_route_of_nothing_that_can_be_honoured_changes_nothing() =>
        Assert.Null(Mesh(Rule("filters: [{type: Unheard}]")).FindTraffic("HTTPRoute/r"));

    [Fact]
    public void Headers_are_edited_on_the_rule_and_on_the_backend()
    {
        const string edits = "{set: [{name: A, value: one}], add: [{name: B, value: two}], remove: [C]}";
        var action = RuleOf($"filters: [{{type: RequestHeaderModifier, requestHeaderModifier: {edits}}}, {{type: ResponseHeaderModifier, responseHeaderModifier: {edits}}}], "
            + $"backendRefs: [{{name: web, port: 80, filters: [{{type: RequestHeaderModifier, requestHeaderModifier: {edits}}}, {{type: ResponseHeaderModifier, responseHeaderModifier: {edits}}}]}}]").Action;

        var expected = new HeaderEdits { Set = [new("a", "one")], Add = [new("b", "two")], Remove = ["c"] };
        Assert.Equal((expected, expected, expected, expected), (action.RequestEdits, action.ResponseEdits, action.Backends[0].RequestEdits, action.Backends[0].ResponseEdits));
    }

    public static TheoryData<string, Redirect> Redirects => new()
    {
        { "{}", new(null, null, null, RedirectPort.Automatic, 0, 302) },
        { "{scheme: https, hostname: Example.org, port: 8443, statusCode: 308}", new("https", "example.org", null, RedirectPort.Fixed, 8443, 308) },
        { "{path: {type: ReplaceFullPath, replaceFullPath: /new}}", new(null, null, new(PathRewriteKind.Full, "/new"), RedirectPort.Automatic, 0, 302) },
        { "{path: {type: ReplacePrefixMatch, replacePrefixMatch: /new}, statusCode: 301}", new(null, null, new(PathRewriteKind.Prefix, "/new"), RedirectPort.Automatic, 0, 301) },
    };

    [Theory, MemberData(nameof(Redirects))]
    public void A_redirect_keeps_what_it_does_not_say(string redirect, Redirect expected) =>
        Assert.Equal(expected, RuleOf($"filters: [{{type: RequestRedirect, requestRedirect: {redirect}}}]").Action.Redirect);

    [Fact]
    public void A_rewrite_may_be_of_host_and_path_on_the_rule_and_on_the_backend()
    {
        var action = RuleOf("filters: [{type: URLRewrite, urlRewrite: {hostname: a.example.com, path: {type: ReplacePrefixMatch, replacePrefixMatch: ''}}}], "
            + "backendRefs: [{name: web, port: 80, filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: /x}}}]}]").Action;

        Assert.Equal(new("a.example.com", new(PathRewriteKind.Prefix, "")), action.Rewrite);
        Assert.Equal(new(null, new(PathRewriteKind.Full, "/x")), action.Backends[0].Rewrite);
    }

    [Theory]
    [InlineData("", 100)]
    [InlineData(", percent: 20", 20)]
    [InlineData(", fraction: {numerator: 1, denominator: 8}", 12.5)]
    [InlineData(", fraction: {numerator: 7}", 7)]
    public void Copies_of_requests_go_to_mirrors(string share, double percent)
    {
        var mirror = Assert.Single(RuleOf($"filters: [{{type: RequestMirror, requestMirror: {{backendRef: {{name: v2, port: 80}}{share}}}}}]").Action.Mirrors);

        Assert.Equal((IndexedMesh.Key("v2"), percent), (mirror.Backend.Service, mirror.Percent));
    }

    [Fact]
    public void A_mirror_that_leads_nowhere_is_not_made_and_the_request_goes_on()
    {
        var action = RuleOf("filters: [{type: RequestMirror, requestMirror: {backendRef: {name: none, port: 80}}}]").Action;

        Assert.Empty(action.Mirrors);
        Assert.Equal("", Assert.Single(action.Backends).Invalid);
    }

    [Fact]
    public void Cors_names_origins_methods_and_headers()
    {
        var cors = RuleOf("filters: [{type: CORS, cors: {allowOrigins: ['https://a.com', 'https://*.b.com', '*'], allowMethods: [GET, PUT], allowHeaders: [X-One], exposeHeaders: ['*'], allowCredentials: true, maxAge: 60}}]").Action.Cors!;

        Assert.Equal(["GET", "PUT"], cors.Methods);
        Assert.Equal(["x-one"], cors.Headers);
        Assert.Equal(["*"], cors.Exposed);
        Assert.Equal((TimeSpan.FromSeconds(60), true, false), (cors.MaxAge, cors.Credentials, cors.ForwardsUnmatchedPreflights));
        Assert.Equal(TextMatch.Exact("https://a.com"), cors.Origins[0]);
        Assert.True(cors.Origins[1].IsMatch("https://x.y.b.com"u8) && !cors.Origins[1].IsMatch("https://xb.com"u8));
        Assert.Equal(TimeSpan.FromSeconds(5), RuleOf("filters: [{type: CORS, cors: {}}]").Action.Cors!.MaxAge);
    }

    [Fact]
    public void Times_are_limited_for_all_attempts_and_for_each()
    {
        var action = RuleOf("timeouts: {request: 1m2s500ms, backendRequest: 2s}").Action;

        Assert.Equal((TimeSpan.FromMilliseconds(62_500), RetryPolicy.Default with { PerTryTimeout = TimeSpan.FromSeconds(2) }), (action.Timeout, action.Retries));
        Assert.Equal((TimeSpan.Zero, null), (RuleOf("timeouts: {request: 0s}").Action.Timeout, RuleOf("timeouts: {request: 0s, backendRequest: 0s}").Action.Retries));
    }

    [Fact]
    public void Retries_are_for_codes_and_for_no_answer()
    {
        var retries = RuleOf("retry: {codes: [500, 503], attempts: 3, backoff: 100ms}").Action.Retries!;

        Assert.Equal((3, TimeSpan.FromMilliseconds(100)), (retries.Attempts, retries.BackoffLeast));
        Assert.Equal([500, 503], retries.Codes);
        Assert.True(retries.CoversAnswer(503, -1) && !retries.CoversAnswer(502, -1) && retries.CoversNoAnswer(sent: true, refused: false) && retries.CoversNoAnswer(sent: false, refused: false));
        Assert.InRange(retries.Backoff(1, new Random(1)), TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(125));
        Assert.False(RuleOf("retry: {attempts: 1}").Action.Retries!.CoversAnswer(500, -1));
    }

    [Fact]
    public void An_annotation_limits_the_rate_of_every_rule()
    {
        var route = Http("r", "{parentRefs: [{group: '', kind: Service, name: web}], rules: [{name: a}, {name: b}]}", "ambient.mesh/rate-limit=100/1s ambient.mesh/rate-limit-per-client=true");

        Assert.All(Mesh(route).Route("HTTPRoute/r").Rules, static rule => Assert.Equal(new(100, 100, TimeSpan.FromSeconds(1), true), rule.Action.RateLimit));
    }

    [Theory]
    [InlineData("ambient.mesh/rate-limit=100")]
    [InlineData("ambient.mesh/rate-limit=0/1s")]
    [InlineData("ambient.mesh/rate-limit=100/10ms")]
    [InlineData("ambient.mesh/rate-limit=-1/1s")]
    [InlineData("ambient.mesh/rate-limit=1/1s ambient.mesh/rate-limit-per-client=yes")]
    public void A_limit_that_cannot_be_read_is_told(string annotations)
    {
        var mesh = Mesh(Rule("") with { Metadata = Objects.Meta("r", "", annotations) });

        Assert.Null(Assert.Single(mesh.Route("HTTPRoute/r").Rules).Action.RateLimit);
        Assert.Contains(mesh.Index.Diagnostics, static line => line.Problem.StartsWith("Fall Back", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{name: none, port: 80}", "BackendNotFound")]
    [InlineData("{name: web, port: 8888}", "BackendNotFound")]
    [InlineData("{name: web}", "BackendNotFound")]
    [InlineData("{kind: Other, name: web, port: 80}", "InvalidKind")]
    [InlineData("{group: x.io, kind: Service, name: web, port: 80}", "InvalidKind")]
    [InlineData("{name: api, namespace: other, port: 80}", "RefNotPermitted")]
    [InlineData("{name: web, port: 443}", "UnsupportedProtocol")]
    [InlineData("{name: web, port: 80, filters: [{type: ExtensionRef, extensionRef: {group: x, kind: y, name: z}}]}", "InvalidKind")]
    public void A_backend_that_leads_nowhere_has_its_share_answered_with_500(string backend, string reason)
    {
        var backends = RuleOf($"backendRefs: [{backend}, {{name: v2, port: 80}}]").Action.Backends;

        Assert.StartsWith(reason, backends[0].Invalid, StringComparison.Ordinal);
        Assert.Equal((500, 1u, ""), ((int)backends[0].InvalidStatus, backends[0].Weight, backends[1].Invalid));
    }

    [Fact]
    public void A_filter_of_somebody_elses_making_is_never_passed_over()
    {
        var action = RuleOf("filters: [{type: ExtensionRef, extensionRef: {group: x.io, kind: Thing, name: t}}]").Action;

        Assert.Equal(new DirectResponse(500, ""), action.Direct);
    }

    [Fact]
    public void Another_namespaces_service_is_a_backend_only_while_it_is_granted()
    {
        var grant = Object(ResourceTypes.ReferenceGrant, "other/g", "{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default}], to: [{group: '', kind: Service, name: api}]}");
        var mesh = Mesh(Rule("backendRefs: [{name: api, namespace: other, port: 80}]"), grant);
        Assert.Equal("", Backend());

        mesh.Remove(grant);
        Assert.StartsWith("RefNotPermitted", Backend(), StringComparison.Ordinal);

        mesh.Set(grant);
        Assert.Equal("", Backend());

        foreach (var other in new[] { "kind: HTTPRoute, namespace: elsewhere}], to: [{group: '', kind: Service", "kind: GRPCRoute, namespace: default}], to: [{group: '', kind: Service",
            "kind: HTTPRoute, namespace: default}], to: [{group: '', kind: Secret", "kind: HTTPRoute, namespace: default}], to: [{group: '', kind: Service, name: another" })
        {
            mesh.Set(Object(ResourceTypes.ReferenceGrant, "other/g", $"{{from: [{{group: gateway.networking.k8s.io, {other}}}]}}"));
            Assert.StartsWith("RefNotPermitted", Backend(), StringComparison.Ordinal);
        }

        string Backend() => mesh.Route("HTTPRoute/r").Rules[0].Action.Backends[0].Invalid;
    }

    [Fact]
    public void A_route_of_the_clients_is_of_its_own_namespace_and_leads_back_without_a_grant()
    {
        var route = Mesh(Http("other/mine", "{parentRefs: [{group: '', kind: Service, name: web, namespace: default}], rules: [{backendRefs: [{name: v2, namespace: default, port: 80}]}]}"))
            .Route("HTTPRoute/other/mine");

        Assert.True(route.IsConsumerRouteFor(Assert.Single(route.Parents).Service));
        Assert.Equal("", route.Rules[0].Action.Backends[0].Invalid);
    }

    [Fact]
    public void A_ServiceEntry_is_a_parent_by_all_of_its_hosts_and_a_backend_by_its_first()
    {
        var route = Mesh(Objects.ServiceEntry("partner", "a.example.com b.example.com", ports: "http:80:80"), Http("r",
            "{parentRefs: [{group: networking.istio.io, kind: ServiceEntry, name: partner}], rules: [{backendRefs: [{group: networking.istio.io, kind: ServiceEntry, name: partner, port: 80}]}]}"))
            .Route("HTTPRoute/r");

        Assert.Equal([new("default", "a.example.com"), new("default", "b.example.com")], route.Parents.Select(static parent => parent.Service));
        Assert.Equal(new("default", "a.example.com"), route.Rules[0].Action.Backends[0].Service);
    }

    [Theory]
    [InlineData("name: none")]
    [InlineData("name: web, port: 8888")]
    [InlineData("name: web, port: 9090")] // speaks no HTTP
    [InlineData("name: web, namespace: other")]
    public void A_route_without_a_parent_that_takes_it_is_not_sent(string parent) =>
        Assert.Null(Mesh(Http("r", $"{{parentRefs: [{{group: '', kind: Service, {parent}}}], rules: [{{backendRefs: [{{name: web, port: 80}}]}}]}}")).FindTraffic("HTTPRoute/r"));

    [Theory]
    [InlineData("sectionName: alt", 81)]
    [InlineData("sectionName: alt, port: 81", 81)]
    [InlineData("sectionName: alt, port: 80", 0)]
    [InlineData("sectionName: none", 0)]
    public void A_section_is_a_port_by_its_name(string section, int port)
    {
        var mesh = Mesh(Objects.Service("two", "app=two", "http:80:8080 alt:81:8081"), Http("r", $"{{parentRefs: [{{group: '', kind: Service, name: two, {section}}}], rules: [{{backendRefs: [{{name: web, port: 80}}]}}]}}"),
            Object(ResourceTypes.TcpRoute, "t", "{parentRefs: [{group: '', kind: Service, name: two, port: 81}], rules: [{backendRefs: [{name: web, port: 80}]}]}"));

        Assert.Equal(port == 0 ? [] : [(ushort)port], mesh.FindTraffic("HTTPRoute/r")?.Route!.Parents.Select(static parent => parent.Port) ?? []);
        Assert.Equal(port == 0, mesh.FindTraffic("TCPRoute/t") is not null);
    }

    [Fact]
    public void A_route_follows_its_services()
    {
        var mesh = Mesh(Rule("backendRefs: [{name: late, port: 80}]"));
        Assert.StartsWith("BackendNotFound", Backend(), StringComparison.Ordinal);

        mesh.Set(Objects.Service("late", "app=late", "http:80:8080"));
        Assert.Equal("", Backend());

        mesh.Remove(Objects.Service("web"));
        Assert.Null(mesh.FindTraffic("HTTPRoute/r"));

        mesh.Set(Objects.Service("web", "app=web"));
        mesh.Set(Objects.Service("late", "app=late", "http:81:8080"));
        Assert.StartsWith("BackendNotFound", Backend(), StringComparison.Ordinal);

        string Backend() => mesh.Route("HTTPRoute/r").Rules[0].Action.Backends[0].Invalid;
    }

    [Fact]
    public void Connections_of_TLS_are_told_by_the_names_that_are_asked_for()
    {
        RouteObject Tls(string names) => Object(ResourceTypes.TlsRoute, "s", $"{{parentRefs: [{{group: '', kind: Service, name: web, port: 80}}], {names}rules: [{{backendRefs: [{{name: web, port: 80}}]}}]}}");
        var mesh = Mesh(Tls("hostnames: [One.example.com, '*.two.example.com', not a host], "));
        Assert.Equal([new() { ServerNames = ["one.example.com", "*.two.example.com"] }], mesh.Route("TLSRoute/s").Rules[0].Matches);
        Assert.Equal([(IndexedMesh.Key("web"), (ushort)80)], mesh.Route("TLSRoute/s").Parents.Select(static parent => (parent.Service, parent.Port)));

        mesh.Set(Tls(""));
        Assert.Equal([RouteMatch.Everything], mesh.Route("TLSRoute/s").Rules[0].Matches);
        mesh.Set(Tls("hostnames: [not a host], "));
        Assert.Null(mesh.FindTraffic("TLSRoute/s"));
    }

    [Fact]
    public void Calls_go_before_requests_before_connections_on_one_port()
    {
        var calls = Written.Calls("g", "{parentRefs: [{group: '', kind: Service, name: web, port: 80}], rules: [{backendRefs: [{name: web, port: 80}]}]}");
        var connections = Object(ResourceTypes.TcpRoute, "t", "{parentRefs: [{group: '', kind: Service, name: web, port: 80}], rules: [{backendRefs: [{name: web, port: 80}]}]}");
        var requests = Http("r", "{parentRefs: [{group: '', kind: Service, name: web, port: 80}], rules: [{backendRefs: [{name: web, port: 80}]}]}");
        var mesh = Mesh(requests, connections, Http("all", "{parentRefs: [{group: '', kind: Service, name: web}], rules: [{}]}"), Http("other/mine",
            "{parentRefs: [{group: '', kind: Service, name: web, namespace: default, port: 80}], rules: [{}]}"));
        Assert.Equal((true, false), (IsSent("HTTPRoute/r"), IsSent("TCPRoute/t")));

        mesh.Set(calls);
        Assert.Equal((true, false, false), (IsSent("GRPCRoute/g"), IsSent("HTTPRoute/r"), IsSent("TCPRoute/t")));
        Assert.True(IsSent("HTTPRoute/all") && IsSent("HTTPRoute/other/mine")); // other ports; other clients

        mesh.Remove(calls);
        mesh.Remove(requests);
        mesh.Remove(Http("all", "{}"));
        Assert.True(IsSent("TCPRoute/t"));

        bool IsSent(string name) => mesh.FindTraffic(name) is not null;
    }

    public static TheoryData<string, PathMatch> Calls => new()
    {
        { "{}", PathMatch.Any },
        { "{method: {service: a.B, method: C}}", PathMatch.Exact("/a.B/C") },
        { "{method: {service: a.B}}", PathMatch.Prefix("/a.B/") },
        { "{method: {method: C}}", PathMatch.Regex("/[^/]+/C") },
        { "{method: {type: RegularExpression, service: 'a.*', method: C}}", PathMatch.Regex("/(?:a.*)/(?:C)") },
    };

    [Theory, MemberData(nameof(Calls))]
    public void A_call_is_matched_by_its_path(string match, PathMatch expected)
    {
        var mesh = Mesh(Written.Calls("g", $"{{parentRefs: [{{group: '', kind: Service, name: web}}], rules: [{{matches: [{match}], backendRefs: [{{name: web, port: 80}}]}}]}}"));

        Assert.Equal(expected, mesh.Route("GRPCRoute/g").Rules[0].Matches[0].Path);
    }

    [Fact]
    public void An_unreadable_route_changes_nothing_and_is_told()
    {
        var mesh = Mesh(Http("r", "{parentRefs: [{group: '', kind: Service, name: web}], rules: 7}"));

        Assert.Null(mesh.FindTraffic("HTTPRoute/r"));
        Assert.Contains(mesh.Index.Diagnostics, static line => line.Problem.Contains("rules", StringComparison.Ordinal));
    }

    [Fact]
    public void One_of_five_thousand_routes_costs_one()
    {
        var routes = Enumerable.Range(0, 5000).Select(static n => Rule($"matches: [{{path: {{value: /r{n}}}}}]", $"r{n}")).ToArray();
        var mesh = Mesh(routes);
        var before = mesh.Index.RebuiltRoutes;

        var changes = mesh.Set(Rule("matches: [{path: {value: /new}}]", "r7"));

        Assert.Equal((1, 1, 0), (mesh.Index.RebuiltRoutes - before, changes.Traffic.Set.Count, changes.Traffic.Removed.Count));
        Assert.Equal((0, 1), (mesh.Remove(routes[9]).Traffic.Set.Count, mesh.Index.RebuiltRoutes - before - 1));
    }
}
