using Ambient.Kubernetes.Resources;
using Ambient.Model.Routes;
using Ambient.TestKit.Cluster;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>A VirtualService whose routes are those of another.</summary>
public sealed class DelegateTests
{
    private const string ToWeb = "route: [{destination: {host: web}}]", ToApi = "route: [{destination: {host: api}}]";

    private static IndexedMesh Mesh(params KubernetesObject[] objects) => new(
        [Objects.Namespace("default", "istio.io/use-waypoint=wp"), Objects.Waypoint("wp"), Objects.Service("web", "app=web", "http:80:8080"),
            Objects.Service("other/api", "app=api", "http:80:8080"), .. objects]);

    private static VirtualService Virtual(string name, string spec, string annotations = "") => Written.Object(ResourceTypes.VirtualService, name, $"{{{spec}}}", annotations);

    /// <summary>Delegates to <c>other/d</c> in its first route, and says nothing else.</summary>
    private static VirtualService Root(string route = "", string more = "") =>
        Virtual("v", $"hosts: [web], http: [{{{route}{(route.Length > 0 ? ", " : "")}delegate: {{name: d, namespace: other}}}}{more}]");

    private static VirtualService Delegate(string routes, string more = "", string annotations = "") => Virtual("other/d", $"http: [{routes}]{more}", annotations);

    private static IReadOnlyList<RouteRule> Rules(IndexedMesh mesh) => [.. mesh.Route("VirtualService/v").Rules];

    private static string Paths(IndexedMesh mesh) => string.Join(" | ", Rules(mesh).Select(static rule => string.Join(' ', rule.Matches.Select(static match => match.Path.Text)) + (rule.Action.Direct is null ? "" : " 503")));

    private static (string? Status, string? Reason, string? Message) Status(IndexedMesh mesh, string name = "v") =>
        mesh.Condition("WaypointAccepted", name) is { } condition ? (condition.Status, condition.Reason, condition.Message) : default;

    [Fact]
    public void The_delegates_routes_stand_in_the_place_of_the_route_that_delegates()
    {
        var mesh = Mesh(
            Virtual("v", $"hosts: [web], http: [{{match: [{{uri: {{exact: /first}}}}], {ToWeb}}}, {{name: shop, match: [{{uri: {{prefix: /a}}}}, {{uri: {{prefix: /b}}}}], delegate: {{name: d, namespace: other}}}}, {{{ToWeb}}}]"),
            Delegate($"{{name: list, match: [{{uri: {{exact: /a/list}}}}, {{uri: {{prefix: /b/list}}}}, {{method: {{exact: PUT}}}}], {ToApi}}}, {{{ToApi}}}"));

        Assert.Equal(["", "shop-list", "shop", ""], Rules(mesh).Select(static rule => rule.Name));
        Assert.Equal("/first | /a/list /b/list /a /b | /a /b | ", Paths(mesh));
        Assert.Equal([null, null, TextMatch.Exact("PUT"), TextMatch.Exact("PUT")], Rules(mesh)[1].Matches.Select(static match => match.Method));
        // A short name means a service of the namespace where it is written.
        Assert.Equal([IndexedMesh.Key("web"), IndexedMesh.Key("other/api"), IndexedMesh.Key("other/api"), IndexedMesh.Key("web")], Rules(mesh).Select(static rule => rule.Action.Backends[0].Service));
        Assert.Equal(("True", "Accepted", "bound to default/wp"), Status(mesh));
        Assert.Equal(("True", "Accepted", "bound to default/wp"), Status(mesh, "other/d"));
        Assert.Null(mesh.FindTraffic("VirtualService/other/d"));
    }

    [Fact]
    public void The_delegates_namespace_is_that_of_the_root_unless_it_says_so()
    {
        var mesh = Mesh(Virtual("v", "hosts: [web], http: [{delegate: {name: d}}]"), Virtual("d", $"http: [{{{ToWeb}}}]"), Delegate($"{{{ToApi}}}"));

        Assert.Equal(IndexedMesh.Key("web"), Rules(mesh)[0].Action.Backends[0].Service);
        Assert.Equal(("False", "TargetNotFound"), (Status(mesh, "other/d").Status, Status(mesh, "other/d").Reason));
    }

    [Fact]
    public void What_the_delegate_does_not_say_is_as_the_root_says_it()
    {
        const string FromRoot = "timeout: 3s, retries: {attempts: 1}, fault: {delay: {fixedDelay: 1s, percentage: {value: 5}}}, rewrite: {uri: /r}, mirror: {host: web}, mirrorPercentage: {value: 7}, "
            + "corsPolicy: {allowOrigins: [{exact: a}]}, headers: {request: {set: {a: root}}}";
        const string FromDelegate = "timeout: 4s, retries: {attempts: 2}, fault: {abort: {httpStatus: 503, percentage: {value: 6}}}, rewrite: {uri: /d}, mirrors: [{destination: {host: api}}], "
            + "corsPolicy: {allowOrigins: [{exact: b}]}, headers: {response: {set: {b: own}}}";
        var mesh = Mesh(Root($"match: [{{uri: {{prefix: /a}}}}], {FromRoot}"), Delegate($"{{match: [{{uri: {{exact: /a/x}}}}], {ToApi}, {FromDelegate}}}, {{match: [{{uri: {{exact: /a/y}}}}], {ToApi}}}, {{{ToApi}}}"));

        var (own, from, prefix) = (Rules(mesh)[0].Action, Rules(mesh)[1].Action, Rules(mesh)[2].Action);
        Assert.Equal((TimeSpan.FromSeconds(4), 2, 6.0), (own.Timeout, own.Retries!.Attempts, own.Fault!.AbortPercent));
        Assert.Equal((TimeSpan.FromSeconds(3), 1, 5.0), (from.Timeout, from.Retries!.Attempts, from.Fault!.DelayPercent));
        Assert.Equal((new(PathRewriteKind.Full, "/d"), new(PathRewriteKind.Full, "/r"), new(PathRewriteKind.Prefix, "/r")), (own.Rewrite!.Path, from.Rewrite!.Path, prefix.Rewrite!.Path));
        Assert.Equal([(IndexedMesh.Key("other/api"), 100.0)], own.Mirrors.Select(static mirror => (mirror.Backend.Service, mirror.Percent)));
        Assert.Equal([(IndexedMesh.Key("web"), 7.0)], from.Mirrors.Select(static mirror => (mirror.Backend.Service, mirror.Percent)));
        Assert.Equal((TextMatch.Exact("b"), TextMatch.Exact("a")), (own.Cors!.Origins[0], from.Cors!.Origins[0]));
        Assert.Equal((HeaderEdits.None, new HeaderEdits { Set = [new("b", "own")] }), (own.RequestEdits, own.ResponseEdits));
        Assert.Equal((new HeaderEdits { Set = [new("a", "root")] }, HeaderEdits.None), (from.RequestEdits, from.ResponseEdits));
    }

    [Theory]
    [InlineData("", "ambient.mesh/rate-limit=7/1s", 7u)]
    [InlineData("ambient.mesh/rate-limit=5/1s", "", 5u)]
    [InlineData("ambient.mesh/rate-limit=5/1s", "ambient.mesh/rate-limit=7/1s", 7u)]
    [InlineData("ambient.mesh/rate-limit=5/1s", "ambient.mesh/rate-limit=often", 5u)]
    public void So_it_is_with_the_limit_of_rates(string root, string own, uint tokens)
    {
        var mesh = Mesh(Virtual("v", "hosts: [web], http: [{delegate: {name: d, namespace: other}}]", root), Delegate($"{{{ToApi}}}", annotations: own));

        Assert.Equal(tokens, Rules(mesh)[0].Action.RateLimit!.Tokens);
        Assert.Equal(own.EndsWith("often", StringComparison.Ordinal), Status(mesh, "other/d").Message!.Contains("There is no limit of rates", StringComparison.Ordinal));
    }

    [Fact]
    public void A_route_with_a_match_that_is_within_none_of_the_roots_has_no_effect_and_both_are_told()
    {
        var mesh = Mesh(Root("match: [{uri: {prefix: /a}}, {uri: {exact: /b}}]", $", {{{ToWeb}}}"),
            Delegate($"{{match: [{{uri: {{exact: /a/x}}}}, {{uri: {{prefix: /b}}}}], {ToApi}}}, {{match: [{{uri: {{regex: '/a/.*'}}}}], {ToApi}}}, {{name: y, match: [{{uri: {{exact: /a/y}}}}], {ToApi}}}"));

        Assert.Equal("/a/y | ", Paths(mesh));
        Assert.Equal(("True", "UnsupportedValue"), (Status(mesh).Status, Status(mesh).Reason));
        Assert.Contains("http[0] by other/d http[0]: one of its matches is within none of http[0], so it has no effect.", Status(mesh).Message, StringComparison.Ordinal);
        Assert.Contains("http[1]: one of its matches is within none of http[0] of default/v, so it has no effect there.", Status(mesh, "other/d").Message, StringComparison.Ordinal);
        Assert.DoesNotContain("http[y]", Status(mesh).Message, StringComparison.Ordinal);
    }

    public static TheoryData<VirtualService, VirtualService?, string, string?> Unusable => new()
    {
        { Root("match: [{uri: {prefix: /a}}]"), null, "There is no VirtualService other/d.", null },
        { Virtual("v", "hosts: [web], http: [{match: [{uri: {prefix: /a}}], delegate: {}}]"), null, "delegate has no name.", null },
        { Root($"match: [{{uri: {{prefix: /a}}}}], {ToWeb}"), Delegate($"{{{ToApi}}}"), "delegate stands beside route or redirect.", "TargetNotFound" },
        { Root("match: [{uri: {prefix: /a}}], redirect: {uri: /x}"), Delegate($"{{{ToApi}}}"), "delegate stands beside route or redirect.", "TargetNotFound" },
        { Root("match: [{uri: {prefix: /a}}]"), Delegate($"{{{ToApi}}}", ", exportTo: ['.']"), "VirtualService other/d is not exported to namespace default.", "TargetNotFound" },
        { Root("match: [{uri: {prefix: /a}}]"), Delegate($"{{{ToApi}}}", ", hosts: [api]"), "VirtualService other/d has hosts, so it is no delegate.", "AncestorNotBound" },
        { Root("match: [{uri: {prefix: /a}}]"), Delegate($"{{{ToApi}}}", ", unheard: 1"), "VirtualService other/d cannot be read.", "Invalid" },
        { Root("match: [{uri: {prefix: /a}}]"), Delegate(""), "VirtualService other/d has no http routes.", "Invalid" },
        { Root("match: [{uri: {prefix: /a}}]"), Delegate("{delegate: {name: e}}"), "A delegate does not delegate further.", "UnsupportedValue" },
        { Root("match: [{uri: {prefix: /a}}]"), Delegate($"{{timeout: soon, {ToApi}}}"), "http[0] by other/d http[0]: its requests are answered with 503: ", "UnsupportedValue" },
    };

    [Theory, MemberData(nameof(Unusable))]
    public void What_cannot_be_delegated_is_answered_with_an_error_and_told(VirtualService root, VirtualService? own, string why, string? reason)
    {
        var mesh = Mesh(own is null ? [root] : [root, own]);

        Assert.Equal("/a 503", Paths(mesh));
        Assert.Equal(("True", "UnsupportedValue"), (Status(mesh).Status, Status(mesh).Reason));
        Assert.Contains(why, Status(mesh).Message, StringComparison.Ordinal);
        Assert.Equal(reason, Status(mesh, "other/d").Reason);
    }

    [Fact]
    public void A_delegate_that_nobody_refers_to_says_so()
    {
        var mesh = Mesh(Delegate($"{{{ToApi}}}"));
        Assert.Equal(("False", "TargetNotFound", "It has no hosts, and no VirtualService of the mesh that may see it delegates to it."), Status(mesh, "other/d"));

        mesh.Set(Root());
        Assert.Equal(("True", "Accepted", "bound to default/wp"), Status(mesh, "other/d"));

        mesh.Remove(Objects.Waypoint("wp"));
        Assert.Equal(("False", "AncestorNotBound"), (Status(mesh, "other/d").Status, Status(mesh, "other/d").Reason));

        mesh.Set(Objects.Waypoint("wp"));
        mesh.Remove(Root());
        Assert.Equal("TargetNotFound", Status(mesh, "other/d").Reason);
    }

    [Fact]
    public void What_only_a_service_of_hosts_could_have_has_no_effect_in_a_delegate()
    {
        var mesh = Mesh(Root(), Delegate($"{{{ToApi}}}", ", gateways: [edge], tcp: [{route: [{destination: {host: api}}]}]"));

        Assert.Equal(("True", "UnsupportedValue"), (Status(mesh, "other/d").Status, Status(mesh, "other/d").Reason));
        Assert.Contains("gateways, tls and tcp have no effect in a delegate.", Status(mesh, "other/d").Message, StringComparison.Ordinal);
        Assert.Single(mesh.Traffic.Current.Resources);
    }

    [Fact]
    public void The_root_follows_its_delegate()
    {
        var mesh = Mesh(Root("match: [{uri: {prefix: /a}}]"));
        Assert.Equal("/a 503", Paths(mesh));

        Assert.Equal(["VirtualService/default/v"], mesh.Set(Delegate($"{{match: [{{uri: {{exact: /a/1}}}}], {ToApi}}}")).Traffic.Set.Select(static one => one.Name));
        Assert.Equal("/a/1", Paths(mesh));
        Assert.Equal("Accepted", Status(mesh).Reason);

        mesh.Set(Delegate($"{{match: [{{uri: {{exact: /a/2}}}}], {ToApi}}}"));
        Assert.Equal("/a/2", Paths(mesh));

        mesh.Set(Delegate($"{{match: [{{uri: {{exact: /a/2}}}}], {ToApi}}}", ", exportTo: ['~']"));
        Assert.Equal("/a 503", Paths(mesh));

        mesh.Set(Delegate($"{{match: [{{uri: {{exact: /a/3}}}}], {ToApi}}}"));
        mesh.Set(Objects.Namespace("other", "istio.io/rev=another"));
        Assert.Equal("/a/3", Paths(mesh));

        mesh.Remove(Delegate(""));
        Assert.Equal("/a 503", Paths(mesh));
        Assert.Contains("There is no VirtualService other/d.", Status(mesh).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_delegate_may_have_several_roots_and_a_root_leaves_it_at_once()
    {
        var second = Virtual("other/w", "hosts: [api], http: [{delegate: {name: d}}]");
        var mesh = Mesh(Root(), second, Delegate($"{{match: [{{uri: {{exact: /1}}}}], {ToApi}}}"));
        Assert.Equal("/1", Paths(mesh));
        Assert.Equal(PathMatch.Exact("/1"), mesh.Route("VirtualService/other/w").Rules[0].Matches[0].Path);

        mesh.Set(Virtual("v", $"hosts: [web], http: [{{{ToWeb}}}]"));
        Assert.Equal(["VirtualService/other/w"], mesh.Set(Delegate($"{{match: [{{uri: {{exact: /2}}}}], {ToApi}}}")).Traffic.Set.Select(static one => one.Name));
        Assert.Equal(PathMatch.Exact("/2"), mesh.Route("VirtualService/other/w").Rules[0].Matches[0].Path);
        Assert.Equal("AncestorNotBound", Status(mesh, "other/d").Reason); // other/api has no waypoint
    }

    [Fact]
    public void Services_that_only_the_delegate_names_are_followed()
    {
        var mesh = Mesh(Root(), Delegate("{route: [{destination: {host: late}}]}"));
        Assert.Contains("There is no service", Rules(mesh)[0].Action.Backends[0].Invalid, StringComparison.Ordinal);

        mesh.Set(Objects.Service("other/late", "app=late", "http:80:8080"));
        Assert.Equal("", Rules(mesh)[0].Action.Backends[0].Invalid);
    }

    [Fact]
    public void Pairs_of_matches_are_limited_and_so_are_routes()
    {
        var many = string.Join(", ", Enumerable.Range(0, 101).Select(static number => $"{{uri: {{exact: /{number}}}}}"));
        var mesh = Mesh(Root($"match: [{many}]", $", {{{ToWeb}}}"), Delegate($"{{match: [{many}], {ToApi}}}"));
        Assert.Equal((2, 101), (Rules(mesh).Count, Rules(mesh)[0].Matches.Count));
        Assert.Equal(new DirectResponse(503, ""), Rules(mesh)[0].Action.Direct);
        Assert.Contains("Its matches make more than 10000 pairs with those of delegates.", Status(mesh).Message, StringComparison.Ordinal);

        var routes = string.Join(", ", Enumerable.Range(0, 600).Select(static number => $"{{match: [{{uri: {{exact: /{number}}}}}], {ToApi}}}"));
        mesh = Mesh(Root("", ", {delegate: {name: d, namespace: other}}"), Delegate(routes));
        Assert.Equal(1000, Rules(mesh).Count);
        Assert.Contains("more than 1000 routes", Status(mesh).Message, StringComparison.Ordinal);
    }
}
