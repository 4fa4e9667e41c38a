using System.Net;
using Ambient.Model.Routes;
using static Ambient.Waypoint.Tests.Scenes.WaypointScene;

namespace Ambient.Waypoint.Tests;

/// <summary>What routes do with requests besides choosing a server.</summary>
public sealed class FilterTests
{
    [Theory]
    [InlineData("/foo", "/foo/bar", "/xyz", "/xyz/bar")]
    [InlineData("/foo/", "/foo/bar", "/xyz/", "/xyz/bar")]
    [InlineData("/foo", "/foo", "/xyz", "/xyz")]
    [InlineData("/foo", "/foo/", "/xyz", "/xyz/")]
    [InlineData("/foo", "/foo/bar", "", "/bar")]
    [InlineData("/foo", "/foo/bar", "/", "/bar")]
    [InlineData("/foo", "/foo/", "", "/")]
    [InlineData("/foo", "/foo", "/", "/")]
    [InlineData("/", "/foo", "/xyz", "/xyz/foo")]
    public async Task A_matched_prefix_is_replaced_and_the_query_stays(string match, string asked, string replacement, string seen)
    {
        var action = To(("echo", 1)) with { Rewrite = new(null, new(PathRewriteKind.Prefix, replacement)) };
        Assert.Contains($"GET {seen}?a=%2F HTTP/1.1\r\n", await SeenAsync(Rule(new() { Path = PathMatch.Segments(match) }, action), $"{asked}?a=%2F"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_path_is_replaced_whole_or_by_a_regular_expression_and_the_host_too()
    {
        var whole = To(("echo", 1)) with { Rewrite = new("other.example", new(PathRewriteKind.Full, "/one")) };
        var seen = await SeenAsync(Rule(RouteMatch.Everything, whole), "/full/path?q=1", ("x-envoy-original-path", "/forged"));
        Assert.Contains("GET /one?q=1 HTTP/1.1\r\n", seen, StringComparison.Ordinal);
        Assert.Equal(["/full/path?q=1"], ValuesOf(seen, "x-envoy-original-path"));
        Assert.Contains("\r\nhost: other.example\r\n", seen, StringComparison.OrdinalIgnoreCase);

        var regex = To(("echo", 1)) with { Rewrite = new(null, new(PathRewriteKind.Regex, @"/new/\1/$", "^/old/([a-z]+)/.*$")) };
        Assert.Contains("GET /new/abc/$ HTTP/1.1\r\n", await SeenAsync(Rule(RouteMatch.Everything, regex), "/old/abc/def"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fields_of_the_request_are_set_added_and_removed_by_rule_and_backend()
    {
        var action = new RouteAction
        {
            RequestEdits = new() { Set = [new("x-set", "rule"), new("x-both", "rule")], Add = [new("x-add", "appended")], Remove = ["x-remove"] },
            Backends = [new() { Service = KeyOf("echo"), Port = 80, RequestEdits = new() { Set = [new("x-both", "backend")] } }],
        };
        var seen = await SeenAsync(Rule(RouteMatch.Everything, action), "/", ("X-Set", "client"), ("X-Add", "own"), ("X-Remove", "gone"), ("X-Forwarded-Client-Cert", "URI=spiffe://forged"));
        Assert.Equal(["rule"], ValuesOf(seen, "x-set"));
        Assert.Equal(["backend"], ValuesOf(seen, "x-both"));
        Assert.Equal(["own", "appended"], ValuesOf(seen, "x-add"));
        Assert.Empty(ValuesOf(seen, "x-remove"));
        Assert.Empty(ValuesOf(seen, "x-forwarded-client-cert"));
    }

    [Theory]
    [InlineData("%%-%REQ(X-A)%-%REQ(x-none)%", "%-one-")]
    [InlineData("%REQ(x-none?x-a):2%", "on")]
    [InlineData("%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%", "GET /asked?q=%2F")]
    [InlineData("%REQ(:scheme)%://%REQ(host)%", "http://echo.*")]
    [InlineData("%REQ(x-forwarded-client-cert?x-a)%", "one")] // what servers must not believe is not there
    [InlineData("%PROTOCOL%", @"HTTP/1\.1")]
    [InlineData("%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", @"203\.0\.113\.9")] // as the hop before us saw it
    [InlineData("%DOWNSTREAM_REMOTE_ADDRESS%", @"203\.0\.113\.9:0")]
    [InlineData("%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%", @"127\.[0-9.]+")]
    [InlineData("%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%", @"127\.[0-9.]+:[0-9]+")]
    [InlineData("%DOWNSTREAM_LOCAL_ADDRESS%", @"[0-9.]+:80")]
    [InlineData("%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%", @"[0-9.]+")]
    [InlineData("%DOWNSTREAM_LOCAL_PORT%", "80")]
    [InlineData("%DOWNSTREAM_PEER_URI_SAN%", "spiffe://cluster.local/ns/[a-z/-]+")]
    [InlineData("%DOWNSTREAM_LOCAL_URI_SAN%", "spiffe://cluster.local/ns/shop/sa/waypoint")]
    [InlineData("%ROUTE_NAME%", "shop/rule/named")]
    [InlineData("%HOSTNAME%", "waypoint-1")]
    [InlineData("%START_TIME%", "20[0-9-]{8}T[0-9:]{8}[.][0-9]{3}Z")]
    [InlineData("t=%START_TIME(%s.%3f)%", "t=[0-9]{10}[.][0-9]{3}")]
    [InlineData("%START_TIME(%F %T %f)%", "20[0-9-]{8} [0-9:]{8} [0-9]{9}")]
    [InlineData("%REQ(x-none)%", null)]
    public async Task Operators_in_values_stand_for_what_the_request_is(string value, string? seen)
    {
        var action = To(("echo", 1)) with { RequestEdits = new() { Set = [new("x-told", value, HasOperators: true), new("x-literal", "%PROTOCOL%")] }, Rewrite = new(null, new(PathRewriteKind.Full, "/new")) };
        var text = await SeenAsync(new("named", [RouteMatch.Everything], action), "/asked?q=%2F",
            ("x-a", "one"), ("x-told", "forged"), ("x-forwarded-client-cert", "forged"), ("x-envoy-original-path", "/forged"), ("x-forwarded-for", "198.51.100.1, 203.0.113.9"));

        Assert.Equal(["%PROTOCOL%"], ValuesOf(text, "x-literal"));
        if (seen is null) Assert.Empty(ValuesOf(text, "x-told"));
        else Assert.Matches($"^{seen.Replace("?", "[?]", StringComparison.Ordinal)}$", Assert.Single(ValuesOf(text, "x-told")));
    }

    [Fact]
    public async Task Operators_know_HTTP2_too()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        scene.Route("rule", "echo", Rule(RouteMatch.Everything, To(("echo", 1)) with { RequestEdits = new() { Set = [new("x-told", "%PROTOCOL% %REQ(host)%", HasOperators: true)] } }));
        using var client = await scene.ClientAsync("echo");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var answer = await client.SendAsync(request);
        Assert.StartsWith("HTTP/2 echo", Assert.Single(ValuesOf(await answer.Content.ReadAsStringAsync(), "x-told")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_value_that_operators_make_too_long_is_left_out()
    {
        var action = To(("echo", 1)) with { RequestEdits = new() { Add = [new("x-long", "%REQ(x-a)%%REQ(x-a)%%REQ(x-a)%", HasOperators: true)] } };
        Assert.Empty(ValuesOf(await SeenAsync(Rule(RouteMatch.Everything, action), "/", ("x-a", new('a', 3000))), "x-long"));
        Assert.Equal([new('a', 6000)], ValuesOf(await SeenAsync(Rule(RouteMatch.Everything, action), "/", ("x-a", new('a', 2000))), "x-long"));
    }

    [Fact]
    public async Task Operators_of_the_response_stand_for_what_the_server_said()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        scene.Route("edit", "echo", Rule(RouteMatch.Everything, To(("echo", 1)) with
        {
            ResponseEdits = new() { Set = [new("x-told", "%RESPONSE_CODE% %RESP(content-length)% %RESP(x-none?content-length)% %REQ(x-a)%", HasOperators: true)], Add = [new("x-none", "%RESP(x-none)%", HasOperators: true)] },
        }));
        using var client = await scene.ClientAsync("echo");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "x-a", "one" } } };
        using var answer = await client.SendAsync(request);
        var length = answer.Content.Headers.ContentLength;
        Assert.Equal($"200 {length} {length} one", Value(answer, "x-told"));
        Assert.Null(Value(answer, "x-none"));
    }

    [Fact]
    public async Task A_client_is_named_to_servers_where_that_is_asked_for()
    {
        await using var scene = await StartAsync(("XFCC_CLIENT_IDENTITY", "true"));
        scene.Serve("v1", "echo");
        using var client = await scene.ClientAsync("echo");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "x-forwarded-client-cert", "URI=spiffe://forged" } } };
        Assert.Equal([$"By=spiffe://cluster.local/ns/shop/sa/waypoint;URI={ClientIdentity}"],
            ValuesOf(await (await client.SendAsync(request)).Content.ReadAsStringAsync(), "x-forwarded-client-cert"));
    }

    [Fact]
    public async Task Fields_of_the_response_are_edited_by_backend_and_rule()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        scene.Route("edit", "echo", Rule(RouteMatch.Everything, To(("echo", 1)) with
        {
            ResponseEdits = new() { Set = [new("x-server", "hidden")], Add = [new("x-more", "1")], Remove = ["x-none"] },
        }));
        using var client = await scene.ClientAsync("echo");
        var answer = await client.GetAsync("/");
        Assert.Equal(["hidden"], answer.Headers.GetValues("x-server"));
        Assert.Equal(["1"], answer.Headers.GetValues("x-more"));
    }

    [Theory]
    [InlineData(80, null, RedirectPort.Automatic, 0, "http://echo/p")]
    [InlineData(80, null, RedirectPort.Fixed, 80, "http://echo/p")]
    [InlineData(80, null, RedirectPort.Fixed, 8080, "http://echo:8080/p")]
    [InlineData(80, "https", RedirectPort.Automatic, 0, "https://echo/p")]
    [InlineData(80, "https", RedirectPort.Fixed, 443, "https://echo/p")]
    [InlineData(80, "https", RedirectPort.Fixed, 8443, "https://echo:8443/p")]
    [InlineData(8080, null, RedirectPort.Automatic, 0, "http://echo:8080/p")]
    [InlineData(8080, null, RedirectPort.Fixed, 80, "http://echo/p")]
    [InlineData(8080, null, RedirectPort.OfRequest, 0, "http://echo:8080/p")]
    [InlineData(8080, "https", RedirectPort.OfScheme, 0, "https://echo/p")]
    public async Task A_redirect_names_its_port_where_the_scheme_does_not(int port, string? scheme, RedirectPort rule, int named, string location)
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        scene.Route("away", "echo", Rule(RouteMatch.Everything, new() { Redirect = new(scheme, null, null, rule, (ushort)named, 302) }));
        using var client = await scene.ClientAsync("echo", port);
        var answer = await client.GetAsync("/p");
        Assert.Equal((HttpStatusCode.Found, location), (answer.StatusCode, answer.Headers.Location!.OriginalString));
    }

    [Fact]
    public async Task A_redirect_changes_host_path_and_status()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        scene.Route("away", "echo", Rule(new() { Path = PathMatch.Segments("/original") }, new()
        {
            Redirect = new(null, "example.org", new(PathRewriteKind.Prefix, "/replacement"), RedirectPort.Automatic, 0, 308),
        }));
        using var client = await scene.ClientAsync("echo");
        var answer = await client.GetAsync("/original/lemon?q=1");
        Assert.Equal((HttpStatusCode.PermanentRedirect, "http://example.org/replacement/lemon?q=1"), (answer.StatusCode, answer.Headers.Location!.OriginalString));
    }

    [Fact]
    public async Task A_direct_response_is_sent_as_it_is_written()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        scene.Route("direct", "echo", Rule(RouteMatch.Everything, new() { Direct = new(418, "tea") }));
        using var client = await scene.ClientAsync("echo");
        var answer = await client.GetAsync("/");
        Assert.Equal((418, "tea"), ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task Answers_of_the_route_itself_have_the_fields_that_it_gives_to_responses()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        var edits = new HeaderEdits { Set = [new("content-type", "application/json"), new("x-told", "%RESPONSE_CODE%", HasOperators: true)], Add = [new("x-more", "1")] };
        scene.Route("own", "echo",
            Rule(new() { Path = PathMatch.Segments("/direct") }, new() { Direct = new(418, "{}"), ResponseEdits = edits }),
            Rule(new() { Path = PathMatch.Segments("/away") }, new() { Redirect = new("https", null, null, RedirectPort.Automatic, 0, 302), ResponseEdits = edits }));
        using var client = await scene.ClientAsync("echo");

        var direct = await client.GetAsync("/direct");
        Assert.Equal(("application/json", "418", "1", "{}"), (string.Join('|', direct.Content.Headers.GetValues("content-type")), Value(direct, "x-told"), Value(direct, "x-more"), await direct.Content.ReadAsStringAsync()));
        var away = await client.GetAsync("/away");
        Assert.Equal(("https://echo/away", "302", "1"), (away.Headers.Location!.OriginalString, Value(away, "x-told"), Value(away, "x-more")));
    }

    [Fact]
    public async Task A_page_is_told_its_permission_whoever_answers_and_once()
    {
        await using var scene = await StartAsync();
        var server = scene.Serve("v1", "echo");
        server.Fields = "Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: false\r\nVary: Accept\r\n";
        var cors = new CorsPolicy { Origins = [TextMatch.Exact("https://www.foo.com")], Credentials = true };
        scene.Route("cors", "echo",
            Rule(new() { Path = PathMatch.Segments("/away") }, new() { Redirect = new("https", null, null, RedirectPort.Automatic, 0, 302), Cors = cors }),
            Rule(new() { Path = PathMatch.Segments("/nobody") }, To(("nobody", 1)) with { Cors = cors }),
            Rule(RouteMatch.Everything, To(("echo", 1)) with { Cors = cors }));
        using var client = await scene.ClientAsync("echo");

        foreach (var (path, status) in ((string, HttpStatusCode)[])[("/", HttpStatusCode.OK), ("/away", HttpStatusCode.Found), ("/nobody", HttpStatusCode.ServiceUnavailable)])
        {
            var answer = await client.SendAsync(Cors(HttpMethod.Get, "https://www.foo.com", path));
            Assert.Equal((status, "https://www.foo.com", "true"), (answer.StatusCode, Value(answer, "access-control-allow-origin"), Value(answer, "access-control-allow-credentials")));
            Assert.Contains("Origin", answer.Headers.Vary);
        }

        Assert.Contains("Accept", (await client.SendAsync(Cors(HttpMethod.Get, "https://www.foo.com"))).Headers.Vary);
    }

    [Fact]
    public async Task Preflights_are_answered_and_other_origins_get_no_permission()
    {
        await using var scene = await StartAsync();
        var server = scene.Serve("v1", "echo");
        scene.Route("cors", "echo", Rule(RouteMatch.Everything, To(("echo", 1)) with
        {
            Cors = new()
            {
                Origins = [TextMatch.Exact("https://www.foo.com"), TextMatch.Regex(@"https://(.+\.)?bar\.com")], Methods = ["GET", "OPTIONS"], Headers = ["x-a", "x-b"],
                Exposed = ["x-c"], MaxAge = TimeSpan.FromHours(1), Credentials = true,
            },
        }));
        using var client = await scene.ClientAsync("echo");
        var preflight = await client.SendAsync(Cors(HttpMethod.Options, "https://x.y.bar.com"));
        Assert.Equal((HttpStatusCode.OK, 0), (preflight.StatusCode, server.Requests));
        Assert.Equal("https://x.y.bar.com", Value(preflight, "access-control-allow-origin"));
        Assert.Equal("GET,OPTIONS", Value(preflight, "access-control-allow-methods"));
        Assert.Equal("x-a,x-b", Value(preflight, "access-control-allow-headers"));
        Assert.Equal(("3600", "true", "x-c"), (Value(preflight, "access-control-max-age"), Value(preflight, "access-control-allow-credentials"), Value(preflight, "access-control-expose-headers")));

        Assert.Equal("https://www.foo.com", Value(await client.SendAsync(Cors(HttpMethod.Get, "https://www.foo.com")), "access-control-allow-origin"));
        Assert.Null(Value(await client.SendAsync(Cors(HttpMethod.Options, "https://foobar.com")), "access-control-allow-origin"));
        var foreign = await client.SendAsync(Cors(HttpMethod.Get, "https://foobar.com"));
        Assert.Equal((HttpStatusCode.OK, null), (foreign.StatusCode, Value(foreign, "access-control-allow-origin")));
    }

    [Fact]
    public async Task A_fault_is_drawn_for_its_percentage_of_the_requests()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        scene.Route("fault", "echo",
            Rule(new() { Path = PathMatch.Segments("/all") }, To(("echo", 1)) with { Fault = new(TimeSpan.Zero, 0, 503, -1, 100) }),
            Rule(new() { Path = PathMatch.Segments("/some") }, To(("echo", 1)) with { Fault = new(TimeSpan.Zero, 0, 418, -1, 25) }),
            Rule(new() { Path = PathMatch.Segments("/none") }, To(("echo", 1)) with { Fault = new(TimeSpan.FromMinutes(5), 0, 503, -1, 0) }));
        using var client = await scene.ClientAsync("echo");
        var all = await client.GetAsync("/all");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "fault filter abort"), (all.StatusCode, await all.Content.ReadAsStringAsync()));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/none")).StatusCode);
        var faults = 0;
        for (var i = 0; i < 400; i++)
        {
            using var answer = await client.GetAsync("/some");
            if ((int)answer.StatusCode == 418) faults++;
        }

        Assert.InRange(faults, 48, 152); // six standard deviations
    }

    [Fact]
    public async Task A_delay_comes_before_the_request_and_an_abort_after_it()
    {
        await using var scene = await StartAsync();
        var server = scene.Serve("v1", "echo");
        scene.Route("fault", "echo", Rule(RouteMatch.Everything, To(("echo", 1)) with { Fault = new(TimeSpan.FromMilliseconds(150), 100, 500, -1, 100) }));
        using var client = await scene.ClientAsync("echo");
        var began = TimeProvider.System.GetTimestamp();
        Assert.Equal(HttpStatusCode.InternalServerError, (await client.GetAsync("/")).StatusCode);
        Assert.True(TimeProvider.System.GetElapsedTime(began) >= TimeSpan.FromMilliseconds(150));
        Assert.Equal(0, server.Requests);
    }

    [Fact]
    public async Task A_mirror_gets_a_copy_with_the_body_and_neither_its_answer_nor_its_silence_matters()
    {
        await using var scene = await StartAsync();
        var (server, mirror, silent) = (scene.Serve("v1", "echo", "echo-v1"), scene.Serve("v2", "echo-v2"), scene.Serve("v3", "echo-v3"));
        mirror.Answer = static _ => 500;
        silent.Delay = TimeSpan.FromHours(1);
        scene.Route("mirror", "echo", Rule(RouteMatch.Everything, To(("echo-v1", 1)) with
        {
            RequestEdits = new() { Set = [new("x-set", "seen")] },
            Mirrors = [new(new() { Service = KeyOf("echo-v2"), Port = 80 }, 100), new(new() { Service = KeyOf("echo-v3"), Port = 80 }, 100), new(new() { Service = KeyOf("echo-v1"), Port = 80 }, 0)],
        }));
        using var client = await scene.ClientAsync("echo");
        for (var i = 0; i < 5; i++)
        {
            using var answer = await client.PostAsync($"/{i}", new StringContent($"body-{i}"));
            Assert.Equal((HttpStatusCode.OK, "v1"), (answer.StatusCode, answer.Headers.GetValues("x-server").Single()));
        }

        await scene.UntilAsync(() => Task.FromResult(mirror.Requests == 5 && silent.Requests == 5));
        Assert.Equal(5, server.Requests);
        foreach (var (seen, number) in mirror.Seen.Order().Select(static (seen, number) => (seen, number)))
        {
            Assert.Equal(["seen"], ValuesOf(seen, "x-set"));
            Assert.EndsWith($"\r\n\r\nbody-{number}", seen, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_mirror_gets_its_percentage()
    {
        await using var scene = await StartAsync();
        var mirror = scene.Serve("v2", "echo-v2");
        scene.Serve("v1", "echo");
        scene.Route("mirror", "echo", Rule(RouteMatch.Everything, To(("echo", 1)) with { Mirrors = [new(new() { Service = KeyOf("echo-v2"), Port = 80 }, 20)] }));
        using var client = await scene.ClientAsync("echo");
        for (var i = 0; i < 500; i++) (await client.GetAsync("/")).Dispose();
        await scene.UntilAsync(() => Task.FromResult(mirror.Requests >= 47));
        Assert.InRange(mirror.Requests, 47, 153); // six standard deviations
    }

    [Fact]
    public async Task A_limit_answers_429_when_its_tokens_are_gone_for_all_or_for_each_client()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        var limit = new RateLimit(3, 3, TimeSpan.FromHours(1), PerClient: true);
        scene.Route("limit", "echo", Rule(RouteMatch.Everything, To(("echo", 1)) with { RateLimit = limit }));
        using var client = await scene.ClientAsync("echo");
        using var other = await scene.ClientAsync("echo", identity: new("cluster.local", "web", "other"));
        for (var i = 0; i < 3; i++) Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/")).StatusCode);
        var limited = await client.GetAsync("/");
        Assert.Equal((429, "local_rate_limited"), ((int)limited.StatusCode, await limited.Content.ReadAsStringAsync()));
        Assert.InRange(limited.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 3500, 3600);
        Assert.Equal(HttpStatusCode.OK, (await other.GetAsync("/")).StatusCode);

        // Another edit of the route keeps what its rule has counted, as long as the rule stays.
        scene.Apply();
        Assert.Equal(429, (int)(await client.GetAsync("/")).StatusCode);
    }

    private static async Task<string> SeenAsync(RouteRule rule, string path, params (string Name, string Value)[] fields)
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        scene.Route("rule", "echo", rule);
        using var client = await scene.ClientAsync("echo");
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in fields) request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync();
    }

    private static string[] ValuesOf(string seen, string name) =>
        [.. seen.Split("\r\n").Where(line => line.StartsWith($"{name}:", StringComparison.OrdinalIgnoreCase)).Select(line => line[(name.Length + 1)..].Trim())];

    private static string? Value(HttpResponseMessage answer, string name) => answer.Headers.TryGetValues(name, out var values) ? string.Join(',', values) : null;

    private static HttpRequestMessage Cors(HttpMethod method, string origin, string path = "/")
    {
        var request = new HttpRequestMessage(method, path) { Headers = { { "Origin", origin } } };
        if (method == HttpMethod.Options) request.Headers.Add("Access-Control-Request-Method", "GET");
        return request;
    }
}
