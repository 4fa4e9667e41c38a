using System.Text.Json;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Indexing;
using Ambient.ControlPlane.Status;
using Ambient.Kubernetes.Resources;
using Ambient.TestKit.Cluster;
using static Ambient.ControlPlane.Tests.Indexing.Written;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>What a route says of itself at each parent.</summary>
public sealed class RouteStatusTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static IndexedMesh Mesh(params KubernetesObject[] objects) =>
        new([Objects.Namespace("default"), Objects.Service("web", "app=web", "http:80:8080 tcp:9090:9090"), .. objects]);

    private static ConditionSet Of(IndexedMesh mesh, string kind = "HTTPRoute") => mesh.Index.DesiredConditions.Single(set => set.Kind.Kind == kind);

    private static string Told(IndexedMesh mesh, int parent = 0) =>
        string.Join(' ', Of(mesh).Parents![parent].Conditions.Select(static one => $"{one.Type}={one.Status}/{one.Reason}"));

    [Theory]
    [InlineData("", "Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs")]
    [InlineData("backendRefs: [{name: none, port: 80}]", "Accepted=True/Accepted ResolvedRefs=False/BackendNotFound")]
    [InlineData("backendRefs: [{kind: Other, name: x, port: 80}]", "Accepted=True/Accepted ResolvedRefs=False/InvalidKind")]
    [InlineData("backendRefs: [{name: x, namespace: other, port: 80}]", "Accepted=True/Accepted ResolvedRefs=False/RefNotPermitted")]
    [InlineData("filters: [{type: RequestMirror, requestMirror: {backendRef: {name: none, port: 80}}}]", "Accepted=True/Accepted ResolvedRefs=False/BackendNotFound")]
    [InlineData("filters: [{type: ExtensionRef, extensionRef: {kind: x, name: y}}]", "Accepted=True/Accepted ResolvedRefs=False/InvalidKind")]
    [InlineData("}, {matches: [{method: get}]", "Accepted=True/Accepted PartiallyInvalid=True/UnsupportedValue ResolvedRefs=True/ResolvedRefs")]
    [InlineData("matches: [{method: get}]", "Accepted=False/UnsupportedValue ResolvedRefs=True/ResolvedRefs")]
    [InlineData("filters: [{type: URLRewrite, urlRewrite: {}}, {type: RequestRedirect, requestRedirect: {}}]", "Accepted=False/IncompatibleFilters ResolvedRefs=True/ResolvedRefs")]
    public void It_says_whether_it_is_accepted_and_whether_its_references_lead_somewhere(string rule, string told) => Assert.Equal(told, Told(Mesh(Rule(rule))));

    [Theory]
    [InlineData("name: none", "NoMatchingParent")]
    [InlineData("name: web, port: 81", "NoMatchingParent")]
    [InlineData("name: web, port: 9090", "UnsupportedValue")]
    public void It_says_why_a_parent_does_not_take_it(string parent, string reason) => Assert.StartsWith($"Accepted=False/{reason}",
        Told(Mesh(Http("r", $"{{parentRefs: [{{group: '', kind: Service, {parent}}}], rules: [{{}}]}}"))), StringComparison.Ordinal);

    [Fact]
    public void It_says_that_another_kind_goes_before()
    {
        var mesh = Mesh(Rule(""), Calls("g", "{parentRefs: [{group: '', kind: Service, name: web}], rules: [{}]}"));

        Assert.StartsWith("Accepted=False/Conflicted", Told(mesh), StringComparison.Ordinal);
    }

    [Fact]
    public void A_waypoint_takes_no_routes_of_its_own_and_that_is_told_while_it_is_one()
    {
        var both = Http("r", "{parentRefs: [{name: wp}, {group: '', kind: Service, name: web}], rules: [{}]}");
        var mesh = Mesh(Objects.Waypoint("wp"), both);
        Assert.Equal(["web"], Parents()); // of a class that nobody knows

        mesh.Set(Objects.GatewayClass("istio-waypoint"));
        Assert.Equal(["wp", "web"], Parents());
        Assert.StartsWith("Accepted=False/NotAllowedByListeners", Told(mesh), StringComparison.Ordinal);
        Assert.Contains("name the Services or ServiceEntries behind it", Of(mesh).Parents![0].Conditions[0].Message, StringComparison.Ordinal);
        Assert.StartsWith("Accepted=True", Told(mesh, parent: 1), StringComparison.Ordinal);
        Assert.Equal([new(IndexedMesh.Key("web"), 0)], mesh.Route("HTTPRoute/r").Parents);

        mesh.Set(Http("r", "{parentRefs: [{name: wp}], rules: [{}]}"));
        Assert.Equal(["wp"], Parents());
        Assert.Null(mesh.FindTraffic("HTTPRoute/r"));

        mesh.Set(both);
        mesh.Remove(Objects.Waypoint("wp"));
        Assert.Equal(["web"], Parents());

        IEnumerable<string> Parents() => Of(mesh).Parents!.Select(static parent => parent.Reference.Name);
    }

    [Fact]
    public void There_is_one_entry_for_each_parent_that_is_a_service_and_none_for_others()
    {
        var set = Of(Mesh(Http("r", "{parentRefs: [{group: '', kind: Service, name: web, port: 80}, {name: edge}, {group: '', kind: Service, name: none}], rules: [{}]}")));

        Assert.Equal(["web", "none"], set.Parents!.Select(static parent => parent.Reference.Name));
        Assert.All(set.Parents!.SelectMany(static parent => parent.Conditions), static condition => Assert.Equal(1, condition.ObservedGeneration));
    }

    [Fact]
    public void Entries_of_others_stay_as_they_are_and_where_they_are()
    {
        const string others = """{"parentRef":{"name":"edge","odd":[1]},"controllerName":"someone/else","conditions":[{"type":"Accepted","status":"True","extra":{}}]}""";
        var route = Shown(Rule(""), $$"""[{"parentRef":{"group":"","kind":"Service","name":"gone"},"controllerName":"ambient.mesh/waypoint-controller","conditions":[]},{{others}}]""");

        var written = JsonNode.Parse(ParentStatuses.Write(Of(Mesh(route)), StatusEntries.Of(route)!, Now)!)!;

        Assert.Equal("7", (string?)written["metadata"]!["resourceVersion"]);
        var parents = written["status"]!["parents"]!.AsArray();
        Assert.Equal(2, parents.Count);
        Assert.Equal(others, parents[0]!.ToJsonString());
        Assert.Equal(("web", "ambient.mesh/waypoint-controller"), ((string?)parents[1]!["parentRef"]!["name"], (string?)parents[1]!["controllerName"]));
        Assert.Equal("2030-01-02T03:04:05Z", (string?)parents[1]!["conditions"]![0]!["lastTransitionTime"]);
    }

    [Fact]
    public void What_is_said_is_not_written_again_and_a_time_stays_while_the_status_does()
    {
        var mesh = Mesh(Rule(""));
        var said = Shown(Rule(""), Entries(Of(mesh), Rule("")));
        Assert.Null(ParentStatuses.Write(Of(mesh), StatusEntries.Of(said)!, Now.AddDays(1)));
        Assert.DoesNotContain(mesh.Set(said).Conditions, static set => set.Kind.Kind == "HTTPRoute");

        mesh.Set(said with { Spec = Rule("backendRefs: [{name: none, port: 80}]").Spec });
        var conditions = JsonNode.Parse(ParentStatuses.Write(Of(mesh), StatusEntries.Of(said)!, Now.AddDays(1))!)!["status"]!["parents"]![0]!["conditions"]!;
        Assert.Equal(("2030-01-02T03:04:05Z", "2030-01-03T03:04:05Z"), ((string?)conditions[0]!["lastTransitionTime"], (string?)conditions[1]!["lastTransitionTime"]));
    }

    [Fact]
    public void Ours_go_with_the_parent()
    {
        var said = Shown(Http("r", "{parentRefs: [{name: edge}], rules: [{}]}"), Entries(Of(Mesh(Rule(""))), Rule("")));
        var changes = Mesh().Set(said).Conditions.Single(static set => set.Kind.Kind == "HTTPRoute");

        Assert.Equal("[]", JsonNode.Parse(ParentStatuses.Write(changes, StatusEntries.Of(said)!, Now)!)!["status"]!["parents"]!.ToJsonString());
    }

    [Fact]
    public void Who_looked_at_an_older_version_does_not_write()
    {
        var route = Rule("");
        var later = Shown(route, Entries(Of(Mesh(route)), route).Replace("\"observedGeneration\":1", "\"observedGeneration\":2", StringComparison.Ordinal));

        Assert.Null(ParentStatuses.Write(Of(Mesh(route)), StatusEntries.Of(later)!, Now));
    }

    private static string Entries(ConditionSet set, HttpRoute route) => JsonNode.Parse(ParentStatuses.Write(set, StatusEntries.Of(route)!, Now)!)!["status"]!["parents"]!.ToJsonString();

    private static HttpRoute Shown(HttpRoute route, string parents) => route with
    {
        Metadata = route.Metadata with { ResourceVersion = "7" },
        Status = new() { Parents = [.. JsonDocument.Parse(parents).RootElement.EnumerateArray()] },
    };
}
