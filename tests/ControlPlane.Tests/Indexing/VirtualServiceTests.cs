using Ambient.Kubernetes.Resources;
using Ambient.Model.Routes;
using Ambient.TestKit.Cluster;
using RouteKind = Ambient.Model.Routes.RouteKind;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>What a VirtualService becomes.</summary>
public sealed class VirtualServiceTests
{
    private const string ToWeb = "route: [{destination: {host: web}}]";

    private static IndexedMesh Mesh(params KubernetesObject[] objects) => new(
        [Objects.Namespace("default", "istio.io/use-waypoint=wp"), Objects.Waypoint("wp"), Objects.Service("web", "app=web", "http:80:8080"),
            Objects.Service("many", "app=many", "http:80:8080 alt:81:8081"), Objects.Service("other/api", "app=api", "http:80:8080"), .. objects]);

    private static VirtualService Virtual(string spec, string name = "v", string annotations = "", int age = 0) =>
        Written.Object(ResourceTypes.VirtualService, name, $"{{{spec}}}", annotations, age);

    private static VirtualService Of(string route) => Virtual($"hosts: [web], http: [{{{route}}}]");

    private static RouteRule RuleOf(string route) => Assert.Single(Mesh(Of(route)).Route("VirtualService/v").Rules);

    private static RouteMatch MatchOf(string match) => Assert.Single(RuleOf($"match: [{match}], {ToWeb}").Matches);

    private static RouteAction ActionOf(string action) => RuleOf($"{action}, {ToWeb}").Action;

    private static Condition Status(IndexedMesh mesh) => mesh.Condition("WaypointAccepted", "v")!;

    [Fact]
    public void A_canary_takes_what_its_header_says_and_the_rest_by_weight_in_the_order_written()
    {
        var route = Mesh(Virtual("hosts: [web], http: [{name: canary, match: [{headers: {x-canary: {exact: 'true'}}}], route: [{destination: {host: web, subset: v2}}]}, "
            + "{route: [{destination: {host: web.default.svc.cluster.local, subset: v1}, weight: 90}, {destination: {host: web, subset: v2}, weight: 10}]}]", age: 3)).Route("VirtualService/v");

        Assert.Equal((RouteKind.VirtualService, Objects.Epoch.AddMinutes(-3)), (route.Kind, route.Created));
        Assert.Equal([new(IndexedMesh.Key("web"), 0)], route.Parents);
        Assert.Equal(["canary", ""], route.Rules.Select(static rule => rule.Name));
        Assert.Equal([new("x-canary", TextMatch.Exact("true"))], route.Rules[0].Matches[0].Headers);
        Assert.Equal([("v2", 1u, 80)], route.Rules[0].Action.Backends.Select(static b => (b.Subset, b.Weight, (int)b.Port)));
        Assert.Equal([("v1", 90u), ("v2", 10u)], route.Rules[1].Action.Backends.Select(static b => (b.Subset, b.Weight)));
    }

    public static TheoryData<string, PathMatch> Paths => new()
    {
        { "{uri: {exact: /a}}", PathMatch.Exact("/a") },
        { "{uri: {prefix: /v2}}", PathMatch.Prefix("/v2") },
        { "{uri: {regex: '/v[0-9]'}}", PathMatch.Regex("/v[0-9]") },
        { "{uri: {exact: /a}, ignoreUriCase: true}", PathMatch.Exact("/a", ignoreCase: true) },
        { "{uri: {prefix: /a}, ignoreUriCase: true}", PathMatch.Prefix("/a", ignoreCase: true) },
        { "{method: {exact: GET}}", PathMatch.Any },
    };

    [Theory, MemberData(nameof(Paths))]
    public void Paths_match_exactly_by_text_or_by_expression(string match, PathMatch expected) => Assert.Equal(expected, MatchOf(match).Path);

    [Fact]
    public void A_match_tests_all_that_a_waypoint_knows()
    {
        var match = MatchOf("{scheme: {exact: http}, method: {regex: 'GET|PUT'}, authority: {prefix: web}, headers: {B: {prefix: x}, a: {}, c: {regex: '*'}}, "
            + "withoutHeaders: {d: {exact: z}}, queryParams: {q: {exact: ''}, r: {regex: '[0-9]+'}}, port: 80, sourceNamespace: shop}");

        Assert.Equal((TextMatch.Exact("http"), TextMatch.Regex("GET|PUT"), TextMatch.Prefix("web")), (match.Scheme, match.Method, match.Authority));
        Assert.Equal([new("b", TextMatch.Prefix("x")), new("a", TextMatch.Present), new("c", TextMatch.Present), new("d", TextMatch.Exact("z"), Inverted: true)], match.Headers);
        Assert.Equal([new("q", TextMatch.Present), new("r", TextMatch.Regex("[0-9]+"))], match.Query);
        Assert.Equal((80, "shop"), ((int)match.Port, match.SourceNamespace));
    }

    [Theory]
    [InlineData("{sourceLabels: {app: x}}")]
    [InlineData("{gateways: [edge]}")]
    [InlineData("{uri: {regex: '('}}")]
    [InlineData("{headers: {'@request.auth.claims.sub': {exact: x}}}")]
    [InlineData("{headers: {'a b': {exact: x}}}")]
    [InlineData("{port: 70000}")]
    public void A_match_that_no_waypoint_can_test_has_no_effect_and_is_told(string match)
    {
        var mesh = Mesh(Virtual($"hosts: [web], http: [{{match: [{match}], {ToWeb}}}, {{match: [{match}, {{uri: {{exact: /ok}}}}], {ToWeb}}}, {{{ToWeb}}}]"));

        var rules = mesh.Route("VirtualService/v").Rules;
        Assert.Equal(2, rules.Count);
        Assert.Equal(PathMatch.Exact("/ok"), Assert.Single(rules[0].Matches).Path);
        Assert.Equal(("True", "UnsupportedValue"), (Status(mesh).Status, Status(mesh).Reason));
        Assert.Contains("a match has no effect", Status(mesh).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unheard: {}")]
    [InlineData("timeout: soon")]
    [InlineData("timeout: 0.1ms")]
    [InlineData("redirect: {redirectCode: 200}")]
    [InlineData("redirect: {uri: x}")]
    [InlineData("redirect: {authority: 'a b'}")]
    [InlineData("directResponse: {status: 99}")]
    [InlineData("directResponse: {status: 200, body: {bytes: '!'}}")]
    [InlineData("rewrite: {uriRegexRewrite: {match: '(', rewrite: x}}")]
    [InlineData("rewrite: {uriRegexRewrite: {match: /a, rewrite: /b c}}")]
    [InlineData("rewrite: {uriRegexRewrite: {match: /a, rewrite: \"/b\\r\\nx: y\"}}")]
    [InlineData("fault: {abort: {}}")]
    [InlineData("fault: {abort: {httpStatus: 99}}")]
    [InlineData("fault: {abort: {grpcStatus: MADE_UP}}")]
    [InlineData("fault: {delay: {fixedDelay: 1s, percentage: {value: 101}}}")]
    [InlineData("headers: {request: {set: {content-length: '1'}}}")]
    [InlineData("headers: {request: {set: {a: \"x\\ny\"}}}")]
    [InlineData("mirrors: [{destination: {host: ''}}]")]
    [InlineData("corsPolicy: {allowHeaders: ['a b']}")]
    [InlineData("route: [{destination: {host: web}, weight: -1}, {destination: {host: web}}]")]
    [InlineData("route: [{destination: {host: '*'}}]")]
    public void A_route_that_cannot_be_honoured_answers_its_requests_with_an_error(string action)
    {
        var mesh = Mesh(Virtual($"hosts: [web], http: [{{match: [{{uri: {{prefix: /a}}}}], {action}{(action.Contains("route: [", StringComparison.Ordinal) ? "" : $", {ToWeb}")}}}, {{{ToWeb}}}]"));

        var rules = mesh.Route("VirtualService/v").Rules;
        Assert.Equal((2, new DirectResponse(503, ""), PathMatch.Prefix("/a")), (rules.Count, rules[0].Action.Direct, rules[0].Matches[0].Path));
        Assert.Contains("answered with 503", Status(mesh).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Retries_mean_what_users_wrote()
    {
        var action = ActionOf("retries: {attempts: 3, perTryTimeout: 2s, retryOn: '5xx,reset,connect-failure,retriable-4xx,429', backoff: 10ms}, timeout: 10s");

        Assert.Equal(TimeSpan.FromSeconds(10), action.Timeout);
        Assert.Equal((3, TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(10)), (action.Retries!.Attempts, action.Retries.PerTryTimeout, action.Retries.BackoffBase));
        Assert.Equal(RetryOn.FiveXx | RetryOn.Reset | RetryOn.ConnectFailure | RetryOn.Retriable4xx | RetryOn.StatusCodes, action.Retries.On);
        Assert.Equal([429], action.Retries.Codes);
        Assert.Null(ActionOf("timeout: 1.5s").Retries);
        Assert.Equal(RetryPolicy.None, ActionOf("retries: {attempts: 0}").Retries);
        Assert.Equal(RetryPolicy.Default.On, ActionOf("retries: {attempts: 1}").Retries!.On);
        Assert.Equal(TimeSpan.Zero, ActionOf("retries: {attempts: 1, perTryTimeout: 5s}, timeout: 5s").Retries!.PerTryTimeout);
        Assert.Equal(RetryOn.GatewayError, ActionOf("retries: {attempts: 1, retryOn: 'gateway-error,retriable-headers'}").Retries!.On);
    }

    [Fact]
    public void Faults_happen_to_nobody_unless_a_share_is_named()
    {
        Assert.Equal(new Fault(TimeSpan.FromSeconds(5), 10, 503, -1, 0.5), ActionOf("fault: {delay: {percentage: {value: 10}, fixedDelay: 5s}, abort: {httpStatus: 503, percentage: {value: 0.5}}}").Fault);
        Assert.Equal(new Fault(TimeSpan.Zero, 0, 0, 14, 0), ActionOf("fault: {abort: {grpcStatus: UNAVAILABLE}}").Fault);
    }

    public static TheoryData<string, Redirect> Redirects => new()
    {
        { "{}", new(null, null, null, RedirectPort.None, 0, 301) },
        { "{uri: /x, authority: 'A.example.com:81', scheme: https, redirectCode: 307}", new("https", "a.example.com:81", new(PathRewriteKind.Full, "/x"), RedirectPort.None, 0, 307) },
        { "{port: 82}", new(null, null, null, RedirectPort.Fixed, 82, 301) },
        { "{derivePort: FROM_PROTOCOL_DEFAULT}", new(null, null, null, RedirectPort.OfScheme, 0, 301) },
        { "{derivePort: FROM_REQUEST_PORT}", new(null, null, null, RedirectPort.OfRequest, 0, 301) },
    };

    [Theory, MemberData(nameof(Redirects))]
    public void A_redirect_keeps_what_it_does_not_say(string redirect, Redirect expected) => Assert.Equal(expected, RuleOf($"redirect: {redirect}").Action.Redirect);

    [Fact]
    public void A_rewrite_replaces_what_matched()
    {
        Assert.Equal(new(null, new(PathRewriteKind.Prefix, "/x")), RuleOf($"match: [{{uri: {{prefix: /a}}}}], rewrite: {{uri: /x}}, {ToWeb}").Action.Rewrite);
        Assert.Equal(new("b.example.com", new(PathRewriteKind.Full, "/x")), RuleOf($"match: [{{uri: {{exact: /a}}}}], rewrite: {{uri: /x, authority: b.example.com}}, {ToWeb}").Action.Rewrite);
        Assert.Equal(new(null, new(PathRewriteKind.Regex, @"/\2", "/(a)/(b)")), ActionOf(@"rewrite: {uriRegexRewrite: {match: '/(a)/(b)', rewrite: '/\2'}}").Rewrite);

        var both = Mesh(Of($"match: [{{uri: {{prefix: /a}}}}, {{uri: {{exact: /b}}}}], rewrite: {{uri: /x}}, {ToWeb}")).Route("VirtualService/v").Rules;
        Assert.Equal([PathRewriteKind.Prefix, PathRewriteKind.Full], both.Select(static rule => rule.Action.Rewrite!.Path!.Kind));
    }

    [Fact]
    public void Answers_headers_mirrors_and_cors_are_as_written()
    {
        Assert.Equal(new DirectResponse(418, "tea"), RuleOf("directResponse: {status: 418, body: {string: tea}}").Action.Direct);
        Assert.Equal(new DirectResponse(200, "tea"), RuleOf("directResponse: {status: 200, body: {bytes: dGVh}}").Action.Direct);

        var action = RuleOf("headers: {request: {set: {':authority': x, A: b}, add: {c: '50%%'}, remove: [d]}, response: {set: {e: f}}}, mirror: {host: many, port: {number: 81}}, mirrorPercentage: {value: 5}, "
            + "mirrors: [{destination: {host: many}}, {destination: {host: none}}], corsPolicy: {allowOrigins: [{regex: '.*'}, {exact: '*'}], allowMethods: [GET], maxAge: 24h, unmatchedPreflights: IGNORE}, "
            + "route: [{destination: {host: web}, headers: {request: {set: {g: h}}}}]").Action;
        Assert.Equal(new() { Set = [new("host", "x"), new("a", "b")], Add = [new("c", "50%")], Remove = ["d"] }, action.RequestEdits);
        Assert.Equal(new() { Set = [new("e", "f")] }, action.ResponseEdits);
        Assert.Equal(new() { Set = [new("g", "h")] }, action.Backends[0].RequestEdits);
        Assert.Equal([(81, 5.0), (0, 100.0)], action.Mirrors.Select(static mirror => ((int)mirror.Backend.Port, mirror.Percent)));
        Assert.Equal((TimeSpan.FromHours(24), false), (action.Cors!.MaxAge, action.Cors.ForwardsUnmatchedPreflights));
        Assert.Equal([TextMatch.Regex(".*"), TextMatch.NotEmpty], action.Cors.Origins);
    }

    [Fact]
    public void Headers_may_have_operators_and_percent_signs()
    {
        var action = RuleOf("headers: {request: {set: {a: '%REQ(x)%', b: '50%%', c: '%%REQ(x)%%', d: '5%% %PROTOCOL%'}}, response: {add: {e: '%RESPONSE_CODE%'}}}, "
            + "route: [{destination: {host: web}, headers: {response: {set: {f: '%RESP(x)%'}}}}]").Action;

        Assert.Equal([new("a", "%REQ(x)%", HasOperators: true), new("b", "50%"), new("c", "%REQ(x)%"), new("d", "5%% %PROTOCOL%", HasOperators: true)], action.RequestEdits.Set);
        Assert.Equal([new("e", "%RESPONSE_CODE%", HasOperators: true)], action.ResponseEdits.Add);
        Assert.Equal([new("f", "%RESP(x)%", HasOperators: true)], action.Backends[0].ResponseEdits.Set);
    }

    [Theory]
    [InlineData("request: {set: {a: '%UPSTREAM_METADATA(x)%', b: c}}", "the header 'a' is left out: The operator %UPSTREAM_METADATA(x)% is not supported.")]
    [InlineData("request: {set: {a: '50%', b: c}}", "the header 'a' is left out: '%' begins with no operator; a percent sign is written %%.")]
    [InlineData("request: {set: {a: '%RESP(x)%', b: c}}", "the header 'a' is left out: %RESP(…)% and %RESPONSE_CODE% are known of responses only.")]
    [InlineData("request: {set: {':authority': '%REQ(x)%', b: c}}", "the header ':authority' is left out: there operators are not supported.")]
    public void A_header_with_operators_that_are_not_supported_is_left_out_and_told(string headers, string why)
    {
        var mesh = Mesh(Of($"headers: {{{headers}}}, {ToWeb}"));

        Assert.Equal([new("b", "c")], mesh.Route("VirtualService/v").Rules[0].Action.RequestEdits.Set);
        Assert.Contains(why, Status(mesh).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void In_Gateway_API_a_percent_sign_is_one()
    {
        var mesh = Mesh(Written.Rule("filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: '%REQ(x)% 50%%'}]}}]"));

        Assert.Equal([new("a", "%REQ(x)% 50%%")], mesh.Route("HTTPRoute/r").Rules[0].Action.RequestEdits.Set);
    }

    [Theory]
    [InlineData("host: none", "There is no service")]
    [InlineData("host: web, port: {number: 99}", "has no port 99")]
    [InlineData("host: many", "")]
    [InlineData("host: api.other.svc.cluster.local", "")]
    public void A_destination_that_is_not_there_is_answered_with_503(string target, string problem)
    {
        var backend = Assert.Single(RuleOf($"route: [{{destination: {{{target}}}}}]").Action.Backends);

        Assert.Equal(503, (int)backend.InvalidStatus);
        Assert.Equal(problem.Length > 0, backend.Invalid.Contains(problem, StringComparison.Ordinal) && backend.Invalid.Length > 0);
    }

    [Theory]
    [InlineData("default/v", "hosts: [web]", "web")]
    [InlineData("default/v", "hosts: ['*.default.svc.cluster.local']", "many web")]
    [InlineData("default/v", "hosts: ['*']", "many web")]
    [InlineData("default/v", "hosts: [web], gateways: [edge]", "")]
    [InlineData("default/v", "hosts: [web], gateways: [edge, mesh]", "web")]
    [InlineData("default/v", "hosts: [web], exportTo: ['~']", "")]
    [InlineData("default/v", "hosts: [web], exportTo: ['.']", "web")]
    [InlineData("default/v", "hosts: [api.other.svc.cluster.local]", "")]
    [InlineData("other/v", "hosts: [web.default.svc.cluster.local]", "")]
    [InlineData("other/v", "hosts: [api]", "other/api")]
    public void It_is_for_services_of_its_own_namespace(string name, string spec, string services)
    {
        var mesh = Mesh(Virtual($"{spec}, http: [{{{ToWeb}}}]", name));

        Assert.Equal(services.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(IndexedMesh.Key), mesh.FindTraffic($"VirtualService/{name}")?.Route!.Parents.Select(static parent => parent.Service) ?? []);
    }

    [Fact]
    public void It_is_for_services_behind_a_waypoint_of_its_namespace_too()
    {
        var mesh = Mesh(Objects.Waypoint("mesh/wp", from: "All"), Virtual($"hosts: [api.other.svc.cluster.local], http: [{{{ToWeb}}}]", "mesh/v"));
        Assert.Null(mesh.FindTraffic("VirtualService/mesh/v"));

        mesh.Set(Objects.Service("other/api", "app=api", "http:80:8080", labels: "istio.io/use-waypoint=wp istio.io/use-waypoint-namespace=mesh"));
        Assert.Equal([IndexedMesh.Key("other/api")], mesh.Route("VirtualService/mesh/v").Parents.Select(static parent => parent.Service));
    }

    [Fact]
    public void Its_status_says_where_it_is_bound_and_what_goes_before()
    {
        var mesh = Mesh(Of(ToWeb));
        Assert.Equal(("True", "Accepted", "bound to default/wp"), (Status(mesh).Status, Status(mesh).Reason, Status(mesh).Message));

        mesh.Set(Written.Rule(""));
        Assert.Contains("routes of Gateway API, which go before", Status(mesh).Message, StringComparison.Ordinal);

        mesh.Remove(Written.Rule(""), Objects.Waypoint("wp"));
        Assert.Equal(("False", "AncestorNotBound"), (Status(mesh).Status, Status(mesh).Reason));

        mesh.Remove(Objects.Service("web"));
        Assert.Equal(("False", "TargetNotFound"), (Status(mesh).Status, Status(mesh).Reason));

        mesh.Set(Virtual("hosts: 7"));
        Assert.Equal(("False", "Invalid"), (Status(mesh).Status, Status(mesh).Reason));
        Assert.Contains("cannot be read", Status(mesh).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_two_for_one_service_the_younger_says_that_the_older_goes_before()
    {
        var (older, younger) = (Virtual($"hosts: [web], http: [{{{ToWeb}}}]", "z", age: 2), Virtual($"hosts: ['*.default.svc.cluster.local'], http: [{{{ToWeb}}}]", "a", age: 1));
        var mesh = Mesh(younger);
        Assert.Equal("Accepted", mesh.Condition("WaypointAccepted", "a")!.Reason);

        mesh.Set(older);
        Assert.Equal(("Accepted", "UnsupportedValue"), (mesh.Condition("WaypointAccepted", "z")!.Reason, mesh.Condition("WaypointAccepted", "a")!.Reason));
        Assert.Contains("web.default.svc.cluster.local has the routes of VirtualService default/z too, which are tried before these", mesh.Condition("WaypointAccepted", "a")!.Message, StringComparison.Ordinal);

        mesh.Set(Virtual($"hosts: [many], http: [{{{ToWeb}}}]", "z", age: 2));
        Assert.Contains("many.default", mesh.Condition("WaypointAccepted", "a")!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("web.default", mesh.Condition("WaypointAccepted", "a")!.Message, StringComparison.Ordinal);

        mesh.Remove(older);
        Assert.Equal("Accepted", mesh.Condition("WaypointAccepted", "a")!.Reason);
    }

    [Fact]
    public void What_comes_after_a_catch_all_has_no_effect_and_is_told() =>
        Assert.Contains("takes every request", Status(Mesh(Virtual($"hosts: [web], http: [{{{ToWeb}}}, {{{ToWeb}}}]"))).Message, StringComparison.Ordinal);

    private static readonly Service Ports = Objects.Service("db", "app=db", "tcp:90:9090 odd:91:9091 tls:443:8443 http:80:8080");

    private static IEnumerable<(RouteKind Kind, string Name, int[] Ports, (string, uint)[] To)> Connections(IndexedMesh mesh) => mesh.Traffic.Current.Resources.Values.Select(static one => one.Route!)
        .Where(static route => route.Kind != RouteKind.VirtualService).OrderBy(static route => route.Rules[0].Name, StringComparer.Ordinal)
        .Select(static route => (route.Kind, route.Rules[0].Name, route.Parents.Select(static parent => (int)parent.Port).ToArray(),
            route.Rules[0].Action.Backends.Select(static backend => ($"{backend.Service.Hostname.Split('.')[0]}/{backend.Subset}:{backend.Port}", backend.Weight)).ToArray()));

    [Fact]
    public void Connections_go_by_port_and_weight_as_the_first_that_takes_them_says()
    {
        var mesh = Mesh(Ports, Virtual("hosts: [db], tcp: [{match: [{port: 90}], route: [{destination: {host: db, subset: v1}, weight: 9}, {destination: {host: web, port: {number: 80}}, weight: 1}]}, "
            + "{route: [{destination: {host: many, port: {number: 81}}}]}]"));

        Assert.Equal([(RouteKind.TcpRoute, "tcp[0]", "90", "(db/v1:0, 9) (web/:80, 1)"), (RouteKind.TcpRoute, "tcp[1]", "91", "(many/:81, 1)")], Connections(mesh).Select(Text));
        Assert.Equal(("True", "Accepted"), (Status(mesh).Status, Status(mesh).Reason));

        mesh.Set(Virtual("hosts: [db], tcp: [{route: [{destination: {host: db}}]}]"));
        Assert.Equal([(RouteKind.TcpRoute, "tcp[0]", "90 91", "(db/:0, 1)")], Connections(mesh).Select(Text));
        mesh.Remove(Virtual("hosts: [db]"));
        Assert.Empty(mesh.Traffic.Current.Resources);
    }

    [Fact]
    public void Of_tls_the_names_that_are_asked_for_go_to_the_waypoint()
    {
        var mesh = Mesh(Ports, Virtual("hosts: [db], tls: [{match: [{sniHosts: [db.default.svc.cluster.local]}], route: [{destination: {host: web, port: {number: 80}}}]}, "
            + "{match: [{port: 443, sniHosts: ['*.Example.com']}], route: [{destination: {host: many, port: {number: 81}}}]}, {match: [{port: 444, sniHosts: [b]}], route: [{destination: {host: web}}]}]"));

        Assert.Equal([(RouteKind.TlsRoute, "tls[0]", "443", "(web/:80, 1)"), (RouteKind.TlsRoute, "tls[1]", "443", "(many/:81, 1)")], Connections(mesh).Select(Text));
        Assert.Equal([new() { ServerNames = ["db.default.svc.cluster.local"] }, new() { Port = 443, ServerNames = ["*.example.com"] }],
            mesh.Traffic.Current.Resources.Values.Select(static one => one.Route!.Rules[0]).OrderBy(static rule => rule.Name, StringComparer.Ordinal).SelectMany(static rule => rule.Matches));
        Assert.Contains("tls[2]: no service of its hosts has a port for it, of TLS", Status(mesh).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("match: [{sourceLabels: {a: b}}], route: [{destination: {host: web}}]", "sourceLabels")]
    [InlineData("match: [{sourceNamespace: a}], route: [{destination: {host: web}}]", "sourceNamespace")]
    [InlineData("match: [{destinationSubnets: [10.0.0.0/8]}], route: [{destination: {host: web}}]", "subnets")]
    [InlineData("match: [{sniHosts: [a]}], route: [{destination: {host: web}}]", "sniHosts")]
    [InlineData("match: [{gateways: [edge]}], route: [{destination: {host: web}}]", "mesh")]
    [InlineData("match: [{port: 90000}], route: [{destination: {host: web}}]", "has no effect")]
    [InlineData("match: [{port: 80}], route: [{destination: {host: web}}]", "no service of its hosts has a port")]
    [InlineData("unheard: 1", "not known here")]
    public void Of_connections_what_cannot_be_honoured_takes_none_and_is_told(string route, string why)
    {
        var mesh = Mesh(Ports, Virtual($"hosts: [db], http: [{{{ToWeb}}}], tcp: [{{{route}}}]"));

        Assert.Empty(Connections(mesh));
        Assert.Equal("UnsupportedValue", Status(mesh).Reason);
        Assert.Contains(why, Status(mesh).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("route: [{destination: {host: 'no host!'}}]")]
    [InlineData("route: [{destination: {host: web}, weight: -1}, {destination: {host: web}, weight: 1}]")]
    public void Connections_that_lead_nowhere_are_ended(string route)
    {
        var mesh = Mesh(Ports, Virtual($"hosts: [db], tcp: [{{{route}}}]"));

        Assert.Equal([(RouteKind.TcpRoute, "tcp[0]", "90 91", "")], Connections(mesh).Select(Text));
        Assert.Contains("its connections are ended", Status(mesh).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_TCPRoute_goes_before()
    {
        var gateway = Written.Object(ResourceTypes.TcpRoute, "t", "{parentRefs: [{group: '', kind: Service, name: db, port: 90}], rules: [{backendRefs: [{name: web, port: 80}]}]}");
        var mesh = Mesh(Ports, Virtual("hosts: [db], tcp: [{route: [{destination: {host: db}}]}]"), gateway);
        Assert.Equal(["91"], Connections(mesh).Select(Text).Where(static one => one.Name == "tcp[0]").Select(static one => one.Ports));

        mesh.Remove(gateway);
        Assert.Equal(["90 91"], Connections(mesh).Select(Text).Select(static one => one.Ports));

        // Of another namespace, it is for the clients there.
        mesh.Set(Written.Object(ResourceTypes.TcpRoute, "other/t", "{parentRefs: [{group: '', kind: Service, name: db, namespace: default, port: 90}], rules: [{backendRefs: [{name: api, port: 80}]}]}"));
        Assert.Contains("90 91", Connections(mesh).Select(Text).Select(static one => one.Ports));
    }

    [Fact]
    public void Connections_are_routed_for_the_clients_of_every_namespace()
    {
        var mesh = Mesh(Objects.Waypoint("mesh/wp", from: "All"), Virtual("hosts: [api.other.svc.cluster.local], tcp: [{route: [{destination: {host: api.other.svc.cluster.local}}]}]", "mesh/v"),
            Objects.Service("other/api", "app=api", "tcp:90:9090", labels: "istio.io/use-waypoint=wp istio.io/use-waypoint-namespace=mesh"));

        var route = mesh.Route("VirtualService/mesh/v/tcp[0]");
        Assert.False(route.IsConsumerRouteFor(Assert.Single(route.Parents).Service));
    }

    private static (RouteKind Kind, string Name, string Ports, string To) Text((RouteKind Kind, string Name, int[] Ports, (string, uint)[] To) one) =>
        (one.Kind, one.Name, string.Join(' ', one.Ports), string.Join(' ', one.To));

    [Fact]
    public void An_annotation_limits_the_rate() => Assert.Equal(new RateLimit(5, 5, TimeSpan.FromMinutes(1), false),
        Mesh(Virtual($"hosts: [web], http: [{{{ToWeb}}}]", annotations: "ambient.mesh/rate-limit=5/1m")).Route("VirtualService/v").Rules[0].Action.RateLimit);
}
