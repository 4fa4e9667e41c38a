namespace Ambient.EndToEnd.Tests.Conformance;

/// <summary>
/// The suite's tests of an HTTPRoute's matches, by the names they have there, for a route whose parent is a Service. Which rule took a request stands in a
/// field of its answer, where the suite has a third pod.
/// </summary>
public sealed class HttpRouteMatchingTests(ConformanceFixture fixture) : RouteTests(fixture)
{
    [Fact]
    public async Task HTTPRouteMatchingAcrossRoutes()
    {
        await RouteAsync("""
            - {matches: [{path: {type: PathPrefix, value: /}}, {headers: [{name: version, value: one}]}], backendRefs: [{name: echo-v1, port: 80}]}
            """, name: "part-1");
        await RouteAsync("""
            - {matches: [{path: {type: PathPrefix, value: /v2}}, {headers: [{name: version, value: two}]}], backendRefs: [{name: echo-v2, port: 80}]}
            """, name: "part-2");
        foreach (var path in (string[])["/", "/example", "/v2example", "/foo/v2/example"]) await GetsAsync(path, "echo-v1");
        foreach (var path in (string[])["/v2", "/v2/", "/v2/example"]) await GetsAsync(path, "echo-v2");
        await GetsAsync("/example", "echo-v2", fields: [("version", "two")]);
    }

    [Fact]
    public async Task HTTPRoutePathMatchOrder()
    {
        await RouteAsync(Rule("PathPrefix", "/match") + Rule("Exact", "/match/exact") + Rule("PathPrefix", "/match/prefix/one") + Rule("Exact", "/match/exact/one")
            + Rule("PathPrefix", "/match/prefix/") + Rule("PathPrefix", "/"));
        foreach (var (path, rule) in new[]
        {
            ("/match/exact/one", "Exact/match/exact/one"), ("/match/exact", "Exact/match/exact"), ("/match", "PathPrefix/match"), ("/match/any", "PathPrefix/match"),
            ("/match/prefix/one/any", "PathPrefix/match/prefix/one"), ("/match/prefix/any", "PathPrefix/match/prefix/"), ("/other", "PathPrefix/"),
        }) await TakesAsync(path, rule);

        static string Rule(string type, string path) => RuleOf($"{{path: {{type: {type}, value: {path}}}}}", type + path);
    }

    [Fact]
    public async Task HTTPRouteExactPathMatching()
    {
        await RouteAsync(RuleOf("{path: {type: Exact, value: /one}}", "one") + RuleOf("{path: {type: Exact, value: /two}}", "two"));
        await TakesAsync("/one", "one");
        await TakesAsync("/two", "two");
        foreach (var path in (string[])["/", "/one/example", "/two/", "/Two"]) await GetsAsync(path, null, status: 404);
    }

    [Fact]
    public async Task HTTPRouteHeaderMatching()
    {
        await RouteAsync(RuleOf("{headers: [{name: version, value: one}]}", "one") + RuleOf("{headers: [{name: version, value: two}]}", "two")
            + RuleOf("{headers: [{name: version, value: two}, {name: color, value: orange}]}", "two-orange")
            + RuleOf("{headers: [{name: color, value: blue}]}, {headers: [{name: color, value: green}]}", "blue-or-green")
            + RuleOf("{headers: [{name: color, value: red}]}, {headers: [{name: color, value: yellow}]}", "red-or-yellow"));
        await TakesAsync("/", "one", ("version", "one"));
        await TakesAsync("/", "two", ("version", "two"));
        await TakesAsync("/", "two-orange", ("version", "two"), ("color", "orange"));
        await TakesAsync("/", "two", ("version", "two"), ("color", "blue")); // of equals the rule that comes first
        foreach (var color in (string[])["blue", "green"]) await TakesAsync("/", "blue-or-green", ("Color", color));
        foreach (var color in (string[])["red", "yellow"]) await TakesAsync("/", "red-or-yellow", ("COLOR", color));
        foreach (var (name, value) in new[] { ("color", "orange"), ("color", "purple"), ("some-other-header", "one"), ("version", "three") })
            await GetsAsync("/", null, status: 404, fields: [(name, value)]);
    }

    [Fact]
    public async Task HTTPRouteQueryParamMatching()
    {
        await RouteAsync(RuleOf("{queryParams: [{name: animal, value: whale}]}", "whale") + RuleOf("{queryParams: [{name: animal, value: dolphin}]}", "dolphin")
            + RuleOf("{queryParams: [{name: animal, value: dolphin}, {name: color, value: blue}]}", "blue-dolphin") + RuleOf("{queryParams: [{name: ANIMAL, value: Whale}]}", "Whale")
            + RuleOf("{headers: [{name: version, value: four}], queryParams: [{name: animal, value: hydra}]}", "four-hydra") + RuleOf("{queryParams: [{name: animal, value: hydra}]}", "hydra"));
        await TakesAsync("/?animal=whale", "whale");
        await TakesAsync("/?animal=dolphin", "dolphin");
        await TakesAsync("/?animal=dolphin&color=blue", "blue-dolphin");
        await TakesAsync("/?ANIMAL=Whale", "Whale");
        await TakesAsync("/?animal=hydra", "hydra");
        await TakesAsync("/?animal=hydra", "four-hydra", ("version", "four"));
        foreach (var path in (string[])["/?animal=Whale", "/?color=blue", "/?animal=dog", "/"]) await GetsAsync(path, null, status: 404);
    }

    [Fact]
    public async Task HTTPRouteMethodMatching()
    {
        await RouteAsync(RuleOf("{method: POST}", "post") + RuleOf("{method: GET}", "get") + RuleOf("{path: {value: /path1}, method: GET}", "path1")
            + RuleOf("{headers: [{name: version, value: one}], method: PUT}", "put-one") + RuleOf("{path: {value: /path2}, headers: [{name: version, value: two}], method: POST}", "path2-two")
            + RuleOf("{path: {value: /path3}, method: PATCH}, {path: {value: /path4}, headers: [{name: version, value: three}], method: DELETE}", "path3-or-4")
            + RuleOf("{path: {value: /path5}}, {headers: [{name: version, value: four}], method: PATCH}", "path5-or-patch-four"));
        foreach (var (method, path, version, rule) in new[]
        {
            ("POST", "/", null, "post"), ("GET", "/", null, "get"), ("HEAD", "/", null, null), ("GET", "/path1", null, "path1"), ("PUT", "/", "one", "put-one"),
            ("POST", "/path2", "two", "path2-two"), ("PATCH", "/path3", null, "path3-or-4"), ("DELETE", "/path4", "three", "path3-or-4"), ("PUT", "/", null, null),
            ("DELETE", "/path4", null, null), ("PATCH", "/path5", null, "path5-or-patch-four"), ("PATCH", "/", "four", "path5-or-patch-four"),
        }) await Fixture.ExpectAsync(
            () => Fixture.SendAsync("echo-v1", "echo", 80, new(method), path, version is null ? [] : [("version", version)], "echo"),
            answer => answer.Status == (rule is null ? 404 : 200) && answer.Response("x-rule") == rule);
    }

    private Task TakesAsync(string path, string rule, params (string, string)[] fields) => GetsAsync(path, "echo-v1", fields: fields, holds: answer => answer.Response("x-rule") == rule);

    private static string RuleOf(string matches, string name) =>
        $"- matches: [{matches}]\n  filters: [{{type: ResponseHeaderModifier, responseHeaderModifier: {{set: [{{name: X-Rule, value: {name}}}]}}}}]\n  backendRefs: [{{name: echo-v1, port: 80}}]\n";
}
