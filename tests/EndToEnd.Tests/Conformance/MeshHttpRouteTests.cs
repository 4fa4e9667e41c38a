using Ambient.EndToEnd.Tests.Requests;
using static Ambient.EndToEnd.Tests.Conformance.ConformanceFixture;

namespace Ambient.EndToEnd.Tests.Conformance;

/// <summary>The mesh tests of Gateway API's conformance suite for HTTPRoute, by the names they have there.</summary>
public sealed class MeshHttpRouteTests(ConformanceFixture fixture) : RouteTests(fixture)
{
    [Fact]
    public async Task MeshBasic() => await GetsAsync("/", "", status: 200);

    [Fact]
    public async Task MeshTrafficSplit()
    {
        await RouteAsync("""
            - {matches: [{path: {type: Exact, value: /v1}}], backendRefs: [{name: echo-v1, port: 80}]}
            - {matches: [{path: {type: Exact, value: /v2}}], backendRefs: [{name: echo-v2, port: 80}]}
            """);
        await GetsAsync("/v1", "echo-v1");
        await GetsAsync("/v2", "echo-v2");
    }

    [Fact]
    public async Task MeshHTTPRouteSimpleSameNamespace()
    {
        await RouteAsync("- {backendRefs: [{name: echo-v1, port: 80}]}");
        await GetsAsync("/", "echo-v1");
    }

    [Fact]
    public async Task MeshHTTPRouteMatching()
    {
        await RouteAsync("""
            - matches: [{path: {type: PathPrefix, value: /}}, {headers: [{name: version, value: one}]}]
              backendRefs: [{name: echo-v1, port: 80}]
            - matches: [{path: {type: PathPrefix, value: /v2}}, {headers: [{name: version, value: two}]}]
              backendRefs: [{name: echo-v2, port: 80}]
            """);
        foreach (var path in (string[])["/", "/example", "/v2example", "/foo/v2/example"]) await GetsAsync(path, "echo-v1");
        foreach (var path in (string[])["/v2", "/v2/example", "/v2/"]) await GetsAsync(path, "echo-v2");
        await GetsAsync("/", "echo-v1", fields: [("Version", "one")]);
        await GetsAsync("/", "echo-v2", fields: [("Version", "two")]);
    }

    [Fact]
    public async Task MeshHTTPRouteWeight()
    {
        await RouteAsync("- {backendRefs: [{name: echo-v1, port: 80, weight: 70}, {name: echo-v2, port: 80, weight: 30}]}");
        await SharesAsync(() => Fixture.GetAsync("echo-v1", "echo", 80, "/", []));
    }

    [Fact]
    public async Task MeshHTTPRouteRequestHeaderModifier()
    {
        await RouteAsync(HeaderRules("filters: [{0}]\n  backendRefs: [{{name: echo-v1, port: 80}}]"));
        await ModifiesAsync();
    }

    [Fact]
    public async Task MeshHTTPRouteBackendRequestHeaderModifier()
    {
        await RouteAsync(HeaderRules("backendRefs: [{{name: echo-v1, port: 80, filters: [{0}]}}]"));
        await ModifiesAsync();
    }

    [Fact]
    public async Task MeshHTTPRouteRedirectHostAndStatus()
    {
        await RouteAsync("""
            - {matches: [{path: {type: PathPrefix, value: /hostname-redirect}}], filters: [{type: RequestRedirect, requestRedirect: {hostname: example.org}}]}
            - {matches: [{path: {type: PathPrefix, value: /host-and-status}}], filters: [{type: RequestRedirect, requestRedirect: {hostname: example.org, statusCode: 301}}]}
            """);
        await RedirectsAsync("/hostname-redirect", 302, "http://example.org/hostname-redirect");
        await RedirectsAsync("/host-and-status", 301, "http://example.org/host-and-status");
    }

    [Fact]
    public async Task MeshFrontend()
    {
        await RouteAsync($"- {{{SetsHeader("set")}, backendRefs: [{{name: echo-v2, port: 80}}]}}", parent: "echo-v2");
        await GetsAsync("/", "echo-v2", service: "echo-v2", holds: static answer => answer.Response("X-Header-Set") == "set");
        await GetsAsync("/", "echo-v2", service: "pod:echo-v2", port: 8080, holds: static answer => answer.Response("X-Header-Set") is null);
    }

    [Fact]
    public async Task MeshFrontendHostname()
    {
        await RouteAsync($"- {{{SetsHeader("set")}, backendRefs: [{{name: echo-v2, port: 80}}]}}", parent: "echo-v2");
        await GetsAsync("/", "echo-v2", service: "echo-v2", host: "echo-v1", holds: static answer => answer.Response("X-Header-Set") == "set");
        await GetsAsync("/", "echo-v1", service: "echo-v1", host: "echo-v2", holds: static answer => answer.Response("X-Header-Set") is null);
    }

    [Fact]
    public async Task MeshPorts()
    {
        await RouteAsync($"- {{{SetsHeader("v1")}, backendRefs: [{{name: echo-v1, port: 80}}]}}", parent: "echo-v1", port: 80, name: "ports-v1");
        await RouteAsync($"- {{{SetsHeader("v2")}, backendRefs: [{{name: echo-v2, port: 80}}]}}", parent: "echo-v2", name: "ports-v2");
        await GetsAsync("/", "echo-v1", service: "echo-v1", holds: static answer => answer.Response("X-Header-Set") == "v1");
        await GetsAsync("/", "echo-v1", service: "echo-v1", port: 8080, holds: static answer => answer.Response("X-Header-Set") is null);
        foreach (var port in (int[])[80, 8080])
            await GetsAsync("/", "echo-v2", service: "echo-v2", port: port, holds: static answer => answer.Response("X-Header-Set") == "v2");
    }

    [Fact]
    public async Task MeshConsumerRoute()
    {
        await Fixture.ApplyAsync($$"""
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata: {name: consumer, namespace: {{Consumer}}}
            spec:
              parentRefs: [{group: "", kind: Service, name: echo-v1, namespace: {{Mesh}}}]
              rules:
              - {{{SetsHeader("set")}}, backendRefs: [{name: echo-v1, namespace: {{Mesh}}, port: 80}]}
            """);
        await GetsAsync("/", "echo-v1", client: "client", service: "echo-v1", holds: static answer => answer.Response("X-Header-Set") == "set");
        await GetsAsync("/", "echo-v1", client: "echo-v2", service: "echo-v1", holds: static answer => answer.Response("X-Header-Set") is null);
    }

    [Fact]
    public async Task MeshHTTPRouteQueryParamMatching()
    {
        await RouteAsync("""
            - {matches: [{queryParams: [{name: animal, value: whale}]}], backendRefs: [{name: echo-v1, port: 80}]}
            - {matches: [{queryParams: [{name: animal, value: dolphin}]}], backendRefs: [{name: echo-v2, port: 80}]}
            - matches:
              - {path: {type: PathPrefix, value: /path1}, queryParams: [{name: animal, value: whale}]}
              - {headers: [{name: version, value: one}], queryParams: [{name: animal, value: whale}]}
              backendRefs: [{name: echo-v1, port: 80}]
            - matches:
              - {path: {type: PathPrefix, value: /path2}, headers: [{name: version, value: two}], queryParams: [{name: animal, value: whale}]}
              backendRefs: [{name: echo-v2, port: 80}]
            - matches:
              - {path: {type: PathPrefix, value: /path3}, queryParams: [{name: animal, value: shark}]}
              - {path: {type: PathPrefix, value: /path4}, headers: [{name: version, value: three}], queryParams: [{name: animal, value: kraken}]}
              backendRefs: [{name: echo-v1, port: 80}]
            - matches:
              - {path: {type: PathPrefix, value: /path5}}
              - {queryParams: [{name: animal, value: hydra}]}
              backendRefs: [{name: echo-v1, port: 80}]
            """);
        await GetsAsync("/?animal=whale", "echo-v1");
        await GetsAsync("/?animal=dolphin", "echo-v2");
        await GetsAsync("/?animal=dolphin&color=blue", "echo-v2");
        foreach (var path in (string[])["/?color=blue", "/?animal=dog", "/?animal=whaledolphin", "/", "/?animal=shark", "/path4?animal=kraken"]) await GetsAsync(path, null, status: 404);
        await GetsAsync("/path1?animal=whale", "echo-v1");
        await GetsAsync("/?animal=whale", "echo-v1", fields: [("version", "one")]);
        await GetsAsync("/path2?animal=whale", "echo-v2", fields: [("version", "two")]);
        await GetsAsync("/path3?animal=shark", "echo-v1");
        await GetsAsync("/path4?animal=kraken", "echo-v1", fields: [("version", "three")]);
        await GetsAsync("/path5?animal=hydra", "echo-v1");
    }

    [Fact]
    public async Task MeshHTTPRouteRewritePath()
    {
        await RouteAsync("""
            - matches: [{path: {type: PathPrefix, value: /prefix/one}}]
              filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /one}}}]
              backendRefs: [{name: echo-v1, port: 80}]
            - matches: [{path: {type: PathPrefix, value: /strip-prefix}}]
              filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}]
              backendRefs: [{name: echo-v1, port: 80}]
            - matches: [{path: {type: PathPrefix, value: /full/one}}]
              filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: /one}}}]
              backendRefs: [{name: echo-v1, port: 80}]
            - matches: [{path: {type: PathPrefix, value: /full/rewrite-path-and-modify-headers}}]
              filters:
              - {type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: /test}}}
              - {type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-Header-Set, value: set-overwrites-values}], add: [{name: X-Header-Add, value: header-val-1}], remove: [X-Header-Remove]}}
              backendRefs: [{name: echo-v1, port: 80}]
            - matches: [{path: {type: PathPrefix, value: /prefix/rewrite-path-and-modify-headers}}]
              filters:
              - {type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /prefix}}}
              - {type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-Header-Set, value: set-overwrites-values}], remove: [X-Header-Remove]}}
              backendRefs: [{name: echo-v1, port: 80}]
            """);
        await GetsAsync("/prefix/one/two", "echo-v1", holds: static answer => answer.Path == "/one/two");
        await GetsAsync("/strip-prefix/three", "echo-v1", holds: static answer => answer.Path == "/three");
        await GetsAsync("/strip-prefix", "echo-v1", holds: static answer => answer.Path == "/");
        await GetsAsync("/full/one/two", "echo-v1", holds: static answer => answer.Path == "/one");
        await GetsAsync("/full/rewrite-path-and-modify-headers/test", "echo-v1", fields: [("X-Header-Remove", "remove-val"), ("X-Header-Set", "original")],
            holds: static answer => (answer.Path, answer.Request("X-Header-Set"), answer.Request("X-Header-Add"), answer.Request("X-Header-Remove")) == ("/test", "set-overwrites-values", "header-val-1", null));
        await GetsAsync("/prefix/rewrite-path-and-modify-headers/one", "echo-v1", fields: [("X-Header-Remove", "remove-val")],
            holds: static answer => (answer.Path, answer.Request("X-Header-Set"), answer.Request("X-Header-Remove")) == ("/prefix/one", "set-overwrites-values", null));
    }

    [Fact]
    public async Task MeshHTTPRouteRedirectPath()
    {
        await RouteAsync("""
            - {matches: [{path: {type: PathPrefix, value: /original-prefix}}], filters: [{type: RequestRedirect, requestRedirect: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /replacement-prefix}}}]}
            - {matches: [{path: {type: PathPrefix, value: /full}}], filters: [{type: RequestRedirect, requestRedirect: {path: {type: ReplaceFullPath, replaceFullPath: /full-path-replacement}}}]}
            - {matches: [{path: {type: PathPrefix, value: /path-and-host}}], filters: [{type: RequestRedirect, requestRedirect: {hostname: example.org, path: {type: ReplacePrefixMatch, replacePrefixMatch: /replacement-prefix}}}]}
            - {matches: [{path: {type: PathPrefix, value: /path-and-status}}], filters: [{type: RequestRedirect, requestRedirect: {statusCode: 301, path: {type: ReplacePrefixMatch, replacePrefixMatch: /replacement-prefix}}}]}
            - {matches: [{path: {type: PathPrefix, value: /full-path-and-host}}], filters: [{type: RequestRedirect, requestRedirect: {hostname: example.org, path: {type: ReplaceFullPath, replaceFullPath: /replacement-full}}}]}
            """);
        await RedirectsAsync("/original-prefix/lemon", 302, "http://echo/replacement-prefix/lemon");
        await RedirectsAsync("/full/path/original", 302, "http://echo/full-path-replacement");
        await RedirectsAsync("/path-and-host", 302, "http://example.org/replacement-prefix");
        await RedirectsAsync("/path-and-status", 301, "http://echo/replacement-prefix");
        await RedirectsAsync("/full-path-and-host", 302, "http://example.org/replacement-full");
    }

    [Fact]
    public async Task MeshHTTPRouteRedirectPort()
    {
        await RouteAsync("""
            - {matches: [{path: {type: PathPrefix, value: /port}}], filters: [{type: RequestRedirect, requestRedirect: {port: 8083}}]}
            - {matches: [{path: {type: PathPrefix, value: /port-and-host}}], filters: [{type: RequestRedirect, requestRedirect: {hostname: example.org, port: 8083}}]}
            - {matches: [{path: {type: PathPrefix, value: /port-and-status}}], filters: [{type: RequestRedirect, requestRedirect: {port: 8083, statusCode: 301}}]}
            """);
        await RedirectsAsync("/port", 302, "http://echo:8083/port");
        await RedirectsAsync("/port-and-host", 302, "http://example.org:8083/port-and-host");
        await RedirectsAsync("/port-and-status", 301, "http://echo:8083/port-and-status");
    }

    [Fact]
    public async Task MeshHTTPRouteSchemeRedirect()
    {
        await RouteAsync("""
            - {matches: [{path: {type: PathPrefix, value: /scheme}}], filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]}
            - {matches: [{path: {type: PathPrefix, value: /scheme-and-host}}], filters: [{type: RequestRedirect, requestRedirect: {scheme: https, hostname: example.org}}]}
            - {matches: [{path: {type: PathPrefix, value: /scheme-and-status}}], filters: [{type: RequestRedirect, requestRedirect: {scheme: https, statusCode: 301}}]}
            """);
        await RedirectsAsync("/scheme", 302, "https://echo/scheme");
        await RedirectsAsync("/scheme-and-host", 302, "https://example.org/scheme-and-host");
        await RedirectsAsync("/scheme-and-status", 301, "https://echo/scheme-and-status");
    }

    [Theory]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task MeshHTTPRouteRedirectCodes(int status)
    {
        await RouteAsync($"- {{matches: [{{path: {{type: PathPrefix, value: /away}}}}], filters: [{{type: RequestRedirect, requestRedirect: {{hostname: example.org, statusCode: {status}}}}}]}}");
        await RedirectsAsync("/away", status, "http://example.org/away");
    }

    [Fact]
    public async Task MeshHTTPRouteNamedRule()
    {
        await RouteAsync("""
            - {name: named-rule, matches: [{path: {type: PathPrefix, value: /named}}], backendRefs: [{name: echo-v1, port: 80}]}
            - {matches: [{path: {type: PathPrefix, value: /unnamed}}], backendRefs: [{name: echo-v2, port: 80}]}
            """);
        await GetsAsync("/named", "echo-v1");
        await GetsAsync("/unnamed", "echo-v2");
    }

    [Fact]
    public async Task MeshGRPCRouteWeight()
    {
        await GrpcRouteAsync("- {backendRefs: [{name: echo-v1, port: 7070, weight: 70}, {name: echo-v2, port: 7070, weight: 30}]}");
        await SharesAsync(() => Fixture.CallAsync("echo-v1", "echo", "/echo.Echo/Say", []));
    }

    [Fact]
    public async Task MeshGRPCRouteRequestHeaderModifier()
    {
        await GrpcRouteAsync("""
            - matches: [{headers: [{name: x-test-case, value: set}]}]
              filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-Header-Set, value: set-overwrites-values}]}}]
              backendRefs: [{name: echo-v1, port: 7070}]
            - matches: [{headers: [{name: x-test-case, value: add}]}]
              filters: [{type: RequestHeaderModifier, requestHeaderModifier: {add: [{name: X-Header-Add, value: add-appends-values}]}}]
              backendRefs: [{name: echo-v1, port: 7070}]
            - matches: [{headers: [{name: x-test-case, value: remove}]}]
              filters: [{type: RequestHeaderModifier, requestHeaderModifier: {remove: [X-Header-Remove]}}]
              backendRefs: [{name: echo-v1, port: 7070}]
            """);
        await CallsAsync("set", [("X-Header-Set", "some-other-value")], static answer => answer.Request("X-Header-Set") == "set-overwrites-values");
        await CallsAsync("add", [("X-Header-Add", "some-other-value")], static answer => answer.Request("X-Header-Add") == "some-other-value,add-appends-values");
        await CallsAsync("remove", [("X-Header-Remove", "val")], static answer => answer.Request("X-Header-Remove") is null);
        await Fixture.ExpectAsync(() => Fixture.CallAsync("echo-v1", "echo", "/echo.Echo/Say", [("x-test-case", "none")]), static answer => answer is { Status: 200, GrpcStatus: 12, Pod: null });
    }

    private Task CallsAsync(string test, (string, string)[] fields, Func<Answer, bool> holds) => Fixture.ExpectAsync(
        () => Fixture.CallAsync("echo-v1", "echo", "/echo.Echo/Say", [("x-test-case", test), .. fields]), answer => answer is { Status: 200, GrpcStatus: 0 } && holds(answer));

    private async Task ModifiesAsync()
    {
        await GetsAsync("/set", "echo-v1", fields: [("Some-Other-Header", "val")], holds: static answer => (answer.Request("Some-Other-Header"), answer.Request("X-Header-Set")) == ("val", "set-overwrites-values"));
        await GetsAsync("/set", "echo-v1", fields: [("X-Header-Set", "some-other-value")], holds: static answer => answer.Request("X-Header-Set") == "set-overwrites-values");
        await GetsAsync("/add", "echo-v1", holds: static answer => answer.Request("X-Header-Add") == "add-appends-values");
        await GetsAsync("/add", "echo-v1", fields: [("X-Header-Add", "some-other-value")], holds: static answer => answer.Request("X-Header-Add") == "some-other-value,add-appends-values");
        await GetsAsync("/remove", "echo-v1", fields: [("X-Header-Remove", "val")], holds: static answer => answer.Request("X-Header-Remove") is null);
        await GetsAsync("/multiple", "echo-v1", fields: [("X-Header-Set-2", "set-val-2"), ("X-Header-Add-2", "add-val-2"), ("X-Header-Remove-2", "remove-val-2"), ("Another-Header", "another")],
            holds: static answer => (answer.Request("X-Header-Set-1"), answer.Request("X-Header-Set-2"), answer.Request("X-Header-Add-1"), answer.Request("X-Header-Add-2"), answer.Request("X-Header-Remove-2"), answer.Request("Another-Header"))
                == ("header-set-1", "header-set-2", "header-add-1", "add-val-2,header-add-2", null, "another"));
        await GetsAsync("/case-insensitivity", "echo-v1", fields: [("x-header-set", "a"), ("x-HEADER-add", "b"), ("x-header-REMOVE", "c")],
            holds: static answer => (answer.Request("X-Header-Set"), answer.Request("X-Header-Add"), answer.Request("X-Header-Remove")) == ("header-set", "b,header-add", null));
    }

    private static string HeaderRules(string action)
    {
        string Rule(string path, string modifier) => $"- matches: [{{path: {{type: PathPrefix, value: {path}}}}}]\n  "
            + string.Format(System.Globalization.CultureInfo.InvariantCulture, action, $"{{type: RequestHeaderModifier, requestHeaderModifier: {{{modifier}}}}}") + "\n";
        return Rule("/set", "set: [{name: X-Header-Set, value: set-overwrites-values}]") + Rule("/add", "add: [{name: X-Header-Add, value: add-appends-values}]")
            + Rule("/remove", "remove: [X-Header-Remove]")
            + Rule("/multiple", "set: [{name: X-Header-Set-1, value: header-set-1}, {name: X-Header-Set-2, value: header-set-2}], add: [{name: X-Header-Add-1, value: header-add-1}, {name: X-Header-Add-2, value: header-add-2}], remove: [X-Header-Remove-1, X-Header-Remove-2]")
            + Rule("/case-insensitivity", "set: [{name: X-Header-SET, value: header-set}], add: [{name: X-Header-ADD, value: header-add}], remove: [X-Header-REMOVE]");
    }
}
