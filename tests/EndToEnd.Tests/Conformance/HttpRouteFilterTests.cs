using System.Globalization;
using Ambient.EndToEnd.Tests.Requests;
using Ambient.Lab.Processes;

namespace Ambient.EndToEnd.Tests.Conformance;

/// <summary>The suite's tests of an HTTPRoute's filters that its mesh tests do not have, by the names they have there, for a route whose parent is a Service.</summary>
public sealed class HttpRouteFilterTests(ConformanceFixture fixture) : RouteTests(fixture)
{
    [Fact]
    public async Task HTTPRouteRequestHeaderModifierBackendWeights()
    {
        static string Backend(string pod) => $"{{name: {pod}, port: 80, weight: 50, filters: [{{type: RequestHeaderModifier, requestHeaderModifier: {{set: [{{name: Backend, value: {pod}}}]}}}}]}}";
        await RouteAsync($"- {{backendRefs: [{Backend("echo-v1")}, {Backend("echo-v2")}]}}");
        await GetsAsync("/", "", holds: static answer => answer.Request("backend") is not null);
        for (var i = 0; i < 100; i++)
        {
            var answer = await Fixture.GetAsync("echo-v1", "echo", 80, "/", []);
            Assert.Equal(answer.Pod, answer.Request("backend"));
        }
    }

    [Fact]
    public async Task HTTPRouteResponseHeaderModifier()
    {
        const string to = "backendRefs: [{name: echo-v1, port: 80}]";
        await RouteAsync($$"""
            - {matches: [{path: {value: /set} }], filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: X-Pod, value: overwritten}]} }], {{to}} }
            - {matches: [{path: {value: /add} }], filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {add: [{name: X-Pod, value: appended}, {name: X-New, value: new}]} }], {{to}} }
            - {matches: [{path: {value: /remove} }], filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {remove: [x-pOD]} }], {{to}} }
            - matches: [{path: {value: /both} }]
              filters:
              - {type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: X-Response, value: there}]} }
              - {type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-Request, value: here}], remove: [X-Unwanted]} }
              {{to}}
            """);
        await GetsAsync("/set", "overwritten");
        await GetsAsync("/add", "echo-v1,appended", holds: static answer => answer.Response("x-new") == "new");
        await GetsAsync("/remove", null, holds: static answer => answer.Seen.StartsWith("GET /remove", StringComparison.Ordinal));
        await GetsAsync("/both", "echo-v1", fields: [("x-unwanted", "1")],
            holds: static answer => (answer.Response("x-response"), answer.Request("x-request"), answer.Request("x-unwanted")) == ("there", "here", null));
    }

    [Theory]
    [InlineData("scheme: http", "http://example.org/away")]
    [InlineData("scheme: https", "https://example.org/away")]
    [InlineData("scheme: http, port: 80", "http://example.org/away")]
    [InlineData("scheme: http, port: 8080", "http://example.org:8080/away")]
    [InlineData("scheme: https, port: 443", "https://example.org/away")]
    [InlineData("scheme: https, port: 8443", "https://example.org:8443/away")]
    public async Task HTTPRouteRedirectPortAndScheme(string redirect, string location)
    {
        await RouteAsync($"- {{filters: [{{type: RequestRedirect, requestRedirect: {{hostname: example.org, statusCode: 302, {redirect}}}}}]}}");
        await RedirectsAsync("/away", 302, location);
    }

    [Fact]
    public async Task HTTPRouteRewriteHost()
    {
        await RouteAsync("""
            - matches: [{path: {value: /one}}]
              filters: [{type: URLRewrite, urlRewrite: {hostname: one.example.org}}]
              backendRefs: [{name: echo-v1, port: 80}]
            - matches: [{path: {value: /headers}}]
              filters:
              - {type: URLRewrite, urlRewrite: {hostname: test.example.org}}
              - {type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-Header-Set, value: overwritten}], add: [{name: X-Header-Add, value: added}], remove: [X-Header-Remove]}}
              backendRefs: [{name: echo-v2, port: 80}]
            """);
        await GetsAsync("/one", "echo-v1", host: "rewrite.example", holds: static answer => answer.Request("host") == "one.example.org");
        await GetsAsync("/headers", "echo-v2", host: "rewrite.example", fields: [("X-Header-Remove", "1"), ("X-Header-Set", "1")], holds: static answer =>
            (answer.Request("host"), answer.Request("x-header-set"), answer.Request("x-header-add"), answer.Request("x-header-remove")) == ("test.example.org", "overwritten", "added", null));
    }

    [Fact]
    public async Task HTTPRouteRequestMirror()
    {
        await RouteAsync("""
            - filters:
              - {type: RequestMirror, requestMirror: {backendRef: {name: echo-v2, port: 80}}}
              - {type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-Header-Set, value: there}]}}
              backendRefs: [{name: echo-v1, port: 80}]
            """);
        await GetsAsync("/", "echo-v1", holds: static answer => answer.Request("x-header-set") == "there");
        await MirrorsAsync(100, 100, 100);
    }

    [Fact]
    public async Task HTTPRouteRequestMultipleMirrors()
    {
        await RouteAsync("""
            - filters:
              - {type: RequestMirror, requestMirror: {backendRef: {name: echo-v2, port: 80}}}
              - {type: RequestMirror, requestMirror: {backendRef: {name: echo-v2, port: 8080}}}
              backendRefs: [{name: echo-v1, port: 80}]
            """);
        await GetsAsync("/", "echo-v1");
        await MirrorsAsync(100, 200, 200);
    }

    [Theory]
    [InlineData("percent: 20", 0.20)]
    [InlineData("fraction: {numerator: 35, denominator: 100}", 0.35)]
    public async Task HTTPRouteRequestPercentageMirror(string share, double expected)
    {
        await RouteAsync($"- {{filters: [{{type: RequestMirror, requestMirror: {{{share}, backendRef: {{name: echo-v2, port: 80}}}}}}], backendRefs: [{{name: echo-v1, port: 80}}]}}");
        await GetsAsync("/", "echo-v1");
        var deviation = Math.Sqrt(500 * expected * (1 - expected));
        await MirrorsAsync(500, (int)((500 * expected) - (5 * deviation)), (int)((500 * expected) + (5 * deviation))); // missed once in two million runs
    }

    [Fact]
    public async Task HTTPRouteCORS()
    {
        await RouteAsync("""
            - matches: [{path: {value: /named}}]
              filters: [{type: CORS, cors: {allowOrigins: ["https://www.foo.com", "https://*.bar.com"], allowMethods: [GET, OPTIONS], allowHeaders: [x-header-1, x-header-2], exposeHeaders: [x-header-3], allowCredentials: true, maxAge: 3600}}]
              backendRefs: [{name: echo-v1, port: 80}]
            - matches: [{path: {value: /any}}]
              filters: [{type: CORS, cors: {allowOrigins: ["*"], allowMethods: ["*"], allowHeaders: ["*"]}}]
              backendRefs: [{name: echo-v1, port: 80}]
            """);
        foreach (var origin in (string[])["https://www.foo.com", "https://www.bar.com", "https://xpto.www.bar.com"])
        {
            await PreflightAsync("/named", origin, answer => (answer.Response("access-control-allow-origin"), answer.Response("access-control-allow-methods"), answer.Response("access-control-max-age"),
                answer.Response("access-control-allow-credentials"), answer.Response("access-control-allow-headers")) == (origin, "GET,OPTIONS", "3600", "true", "x-header-1,x-header-2"));
            await GetsAsync("/named", "echo-v1", fields: [("Origin", origin)], holds: answer => (answer.Response("access-control-allow-origin"), answer.Response("access-control-expose-headers")) == (origin, "x-header-3"));
        }
        foreach (var origin in (string[])["https://foobar.com", "http://www.foo.com", "https://bar.com.evil.example"])
        {
            await PreflightAsync("/named", origin, static answer => answer.Response("access-control-allow-origin") is null);
            await GetsAsync("/named", "echo-v1", fields: [("Origin", origin)], holds: static answer => answer.Response("access-control-allow-origin") is null);
        }
        await PreflightAsync("/any", "https://any.example:8443", static answer => answer.Response("access-control-allow-origin") is "*" or "https://any.example:8443" && answer.Response("access-control-allow-methods") is "*" or "PUT");
    }

    private Task PreflightAsync(string path, string origin, Func<Answer, bool> holds) => Fixture.ExpectAsync(
        () => Fixture.SendAsync("echo-v1", "echo", 80, HttpMethod.Options, path, [("Origin", origin), ("Access-Control-Request-Method", "PUT"), ("Access-Control-Request-Headers", "x-header-1, x-header-2")], "echo"),
        answer => answer is { Status: 200 or 204, Pod: null } && holds(answer));

    // The copies before this are all there when nothing comes any more.
    private async Task MirrorsAsync(int requests, int least, int most)
    {
        var before = await SettledAsync();
        for (var i = 0; i < requests; i++) Assert.Equal("echo-v1", (await Fixture.GetAsync("echo-v1", "echo", 80, "/", [])).Pod);
        await Until.TrueAsync(() => Fixture.RequestsOf("echo-v2") >= before + least, () => string.Create(CultureInfo.InvariantCulture, $"{least} copies are there, or more; {Fixture.RequestsOf("echo-v2") - before} are"));
        Assert.InRange(await SettledAsync() - before, least, most);
    }

    private async Task<int> SettledAsync()
    {
        var (last, since) = (-1, 0);
        await Until.TrueAsync(() =>
        {
            var now = Fixture.RequestsOf("echo-v2");
            (last, since) = now == last ? (last, since + 1) : (now, 0);
            return since >= 5;
        }, () => "no copy comes any more");
        return last;
    }
}
