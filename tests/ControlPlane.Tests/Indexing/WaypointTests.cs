using Ambient.ControlPlane.Indexing.Settings;
using static Ambient.TestKit.Cluster.Objects;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>Whose traffic goes through which waypoint, and what the status says about it.</summary>
public sealed class WaypointTests
{
    private const string Use = "istio.io/use-waypoint=wp", Bound = "istio.io/WaypointBound";

    [Theory]
    [InlineData("", "default/wp.default.svc.cluster.local:15008")]
    [InlineData("10.9.0.1", "/10.9.0.1:15008")]
    public void A_waypoint_is_known_by_its_host_name_or_its_address(string address, string expected) =>
        Assert.Equal(expected, new IndexedMesh(Waypoint("wp", address), Service("web", labels: Use)).Service("web").Waypoint!.ToString());

    [Fact]
    public void Of_several_addresses_the_first_host_name_is_taken()
    {
        var waypoint = Waypoint("wp");
        var several = waypoint with { Status = new() { Addresses = [new() { Type = "IPAddress", Value = "10.9.0.1" }, new() { Type = "Hostname", Value = "h.example.com" }] } };

        Assert.Equal("default/h.example.com:15008", new IndexedMesh(several, Service("web", labels: Use)).Service("web").Waypoint!.ToString());
    }

    [Theory]
    [InlineData(Use, "", true)]
    [InlineData("", Use, true)] // inherited
    [InlineData("istio.io/use-waypoint=none", Use, false)] // opted out
    [InlineData("istio.io/use-waypoint=missing", Use, false)] // never the namespace's instead
    [InlineData("", "", false)]
    public void The_objects_own_label_decides_then_the_namespaces(string own, string inherited, bool attached)
    {
        var mesh = new IndexedMesh(Namespace("default", inherited), Waypoint("wp"), Service("web", labels: own));

        Assert.Equal(attached, mesh.Service("web").Waypoint is not null);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("Same", false)]
    [InlineData("All", true)]
    [InlineData("Selector", true)]
    [InlineData("Sideways", false)]
    public void Objects_of_other_namespaces_may_use_it_if_it_allows_them(string? from, bool allowed)
    {
        var mesh = new IndexedMesh(
            Namespace("shop", "team=a"), Waypoint("infra/wp", from: from, selector: new() { MatchLabels = Labels("team=a") }),
            Service("shop/web", labels: $"{Use} istio.io/use-waypoint-namespace=infra"));

        Assert.Equal(allowed, mesh.Service("shop/web").Waypoint is not null);
        Assert.Equal(allowed ? "WaypointAccepted" : "AttachmentDenied", mesh.Condition(Bound, "shop/web")!.Reason);
    }

    [Theory]
    [InlineData("", true, false)]
    [InlineData("service", true, false)]
    [InlineData("workload", false, true)]
    [InlineData("all", true, true)]
    [InlineData("none", false, false)]
    public void It_takes_the_traffic_it_is_for(string @for, bool services, bool workloads)
    {
        var mesh = new IndexedMesh(Waypoint("wp", @for: @for), Service("web", labels: Use), Pod("pod", labels: Use), WorkloadEntry("vm", "10.6.0.1", Use));

        Assert.Equal(services, mesh.Service("web").Waypoint is not null);
        Assert.Equal(workloads, mesh.Pod("pod").Waypoint is not null);
        Assert.Equal(services ? "WaypointAccepted" : "UnsupportedTrafficType", mesh.Condition(Bound, "web")!.Reason);
        Assert.Equal(workloads ? "WaypointAccepted" : "UnsupportedTrafficType", mesh.Condition(Bound, "vm")!.Reason);
    }

    [Fact]
    public void A_gateways_label_beats_its_classs()
    {
        var mesh = new IndexedMesh(
            GatewayClass("istio-waypoint", labels: "istio.io/waypoint-for=workload"),
            Waypoint("plain"), Waypoint("own", @for: "service"),
            Service("a", labels: "istio.io/use-waypoint=plain"), Service("b", labels: "istio.io/use-waypoint=own"));

        Assert.Null(mesh.Service("a").Waypoint);
        Assert.NotNull(mesh.Service("b").Waypoint);
    }

    [Fact]
    public void A_workload_that_only_inherits_a_waypoint_for_services_did_not_ask_for_it()
    {
        var mesh = new IndexedMesh(Namespace("default", Use), Waypoint("wp"), Pod("pod"), WorkloadEntry("vm", "10.6.0.1"));

        Assert.Null(mesh.Pod("pod").Waypoint);
        Assert.Null(mesh.Condition(Bound, "vm"));
    }

    [Theory]
    [InlineData("istio.io-mesh-controller")]
    [InlineData("istio.io-eastwest-controller")]
    [InlineData("istio.io-agentgateway-waypoint-controller")]
    public void A_waypoints_own_service_goes_through_none(string controller)
    {
        var mesh = new IndexedMesh(Namespace("default", Use), Waypoint("wp"), Service("wp", labels: $"gateway.istio.io/managed={controller}"));

        Assert.Null(mesh.Service("wp").Waypoint);
        Assert.Null(mesh.Condition(Bound, "wp"));
    }

    [Fact]
    public void Traffic_goes_straight_until_the_waypoint_is_ready_and_the_status_says_so()
    {
        var mesh = new IndexedMesh(Waypoint("wp", ready: false), Service("web", labels: Use));
        Assert.Equal(("False", "WaypointIsNotReady"), StatusOf(mesh, "web"));
        Assert.Contains("default/wp", mesh.Condition(Bound, "web")!.Message);

        var changes = mesh.Set(Waypoint("wp"));

        Assert.NotNull(Assert.Single(changes.Delta.Services).Waypoint);
        Assert.Equal(("True", "WaypointAccepted"), StatusOf(mesh, "web"));
    }

    [Theory]
    [InlineData("50", 50u, "WaypointAccepted", "")]
    [InlineData("0", 0u, "WaypointAccepted", "")]
    [InlineData("100", 100u, "WaypointAccepted", "")]
    [InlineData("", 0u, "WaypointAccepted", "")]
    [InlineData("101", null, "WaypointAccepted", "CanaryInvalidWeight")]
    [InlineData("-1", null, "WaypointAccepted", "CanaryInvalidWeight")]
    [InlineData("ten", null, "WaypointAccepted", "CanaryInvalidWeight")]
    public void A_canary_takes_its_share(string weight, uint? share, string reason, string problem)
    {
        var mesh = new IndexedMesh(Waypoint("wp"), Waypoint("next"),
            Service("web", labels: $"{Use} istio.io/use-waypoint-canary=next", annotations: weight.Length > 0 ? $"istio.io/use-waypoint-canary-weight={weight}" : ""));

        var service = mesh.Service("web");
        Assert.NotNull(service.Waypoint);
        Assert.Equal(share is { } given ? [100 - given, given] : [], service.WeightedWaypoints.Select(static waypoint => waypoint.Weight));
        Assert.Equal(reason, mesh.Condition(Bound, "web")!.Reason);
        Assert.Contains(problem, mesh.Condition(Bound, "web")!.Message);
    }

    [Theory]
    [InlineData("wp", "CanarySameAsPrimary")]
    [InlineData("missing", "WaypointIsNotReady")]
    [InlineData("workloads", "UnsupportedTrafficType")]
    public void A_canary_that_cannot_be_leaves_the_primary_in_force(string canary, string problem)
    {
        var mesh = new IndexedMesh(Waypoint("wp"), Waypoint("workloads", @for: "workload"),
            Service("web", labels: $"{Use} istio.io/use-waypoint-canary={canary}", annotations: "istio.io/use-waypoint-canary-weight=20"));

        Assert.NotNull(mesh.Service("web").Waypoint);
        Assert.True(mesh.Service("web").WeightedWaypoints.IsEmpty);
        Assert.Equal("True", mesh.Condition(Bound, "web")!.Status);
        Assert.Contains(problem, mesh.Condition(Bound, "web")!.Message);
    }

    [Theory]
    [InlineData("", 2)] // all from the namespace
    [InlineData(Use, 0)] // its own waypoint: no canary from above
    [InlineData("istio.io/use-waypoint-canary=none", 0)]
    public void A_namespaces_canary_comes_with_its_waypoint_only(string own, int weighted)
    {
        var mesh = new IndexedMesh(
            Namespace("default", $"{Use} istio.io/use-waypoint-canary=next", "istio.io/use-waypoint-canary-weight=30"),
            Waypoint("wp"), Waypoint("next"), Service("web", labels: own));

        Assert.NotNull(mesh.Service("web").Waypoint);
        Assert.Equal(weighted, mesh.Service("web").WeightedWaypoints.Count);
    }

    [Fact]
    public void A_host_that_only_its_namespace_sees_may_not_use_another_namespaces_waypoint()
    {
        var mesh = new IndexedMesh(
            MeshConfig("serviceEntryVisibility:\n  defaultVisibility: NAMESPACE"), Waypoint("infra/wp", from: "All"), Waypoint("wp"),
            ServiceEntry("far", "x.example.com", labels: $"{Use} istio.io/use-waypoint-namespace=infra"), ServiceEntry("near", "y.example.com", labels: Use));

        Assert.Equal("CrossNamespaceWaypointForbidden", mesh.Condition(Bound, "far")!.Reason);
        Assert.Null(mesh.Service("x.example.com").Waypoint);
        Assert.NotNull(mesh.Service("y.example.com").Waypoint);
    }

    [Theory]
    [InlineData("istio.io/ingress-use-waypoint=true", "", true, "will traverse")]
    [InlineData("istio.io/ingress-use-waypoint=false", "istio.io/ingress-use-waypoint=true", false, "not using")]
    [InlineData("", "istio.io/ingress-use-waypoint=true", true, "will traverse")]
    [InlineData("", "", false, "attached")]
    public void Ingress_goes_through_it_where_that_is_asked_for(string own, string inherited, bool uses, string words)
    {
        var mesh = new IndexedMesh(Namespace("default", inherited), Waypoint("wp"), Service("web", labels: $"{Use} {own}".Trim()));

        Assert.Equal(uses, mesh.Service("web").IngressUseWaypoint);
        Assert.Contains(words, mesh.Condition(Bound, "web")!.Message);
        if (words == "attached") Assert.DoesNotContain("Ingress", mesh.Condition(Bound, "web")!.Message);
    }

    [Theory]
    [InlineData("*.example.com", "DYNAMIC_DNS", "", "", "NoWaypointForWildcardService")]
    [InlineData("*.example.com", "DYNAMIC_DNS", "", Use, null)]
    [InlineData("*.example.com", "NONE", "", "", null)]
    [InlineData("x.example.com", "DNS", "istio.io/connect-strategy=RACE_FIRST_TCP_CONNECT", "", "NoWaypointForRacingConnectStrategy")]
    [InlineData("x.example.com", "DNS", "istio.io/connect-strategy=RACE_FIRST_TCP_CONNECT", Use, null)]
    [InlineData("x.example.com", "DNS", "", "", null)]
    public void What_only_a_waypoint_can_do_is_said_to_be_missing(string host, string resolution, string annotations, string labels, string? reason)
    {
        var mesh = new IndexedMesh(Waypoint("wp"), ServiceEntry("entry", host, resolution, annotations: annotations, labels: labels));

        Assert.Equal(reason, mesh.Condition("istio.io/WaypointMissing", "entry")?.Reason);
    }

    [Theory]
    [InlineData("*.example.com", "DYNAMIC_DNS", "", "Hosts of *.example.com are not looked up")]
    [InlineData("x.example.com", "DNS", "istio.io/connect-strategy=RACE_FIRST_TCP_CONNECT", "istio.io/connect-strategy is not supported")]
    [InlineData("*.example.com", "NONE", "", "")]
    [InlineData("x.example.com", "DNS", "", "")]
    public void What_no_waypoint_can_do_is_said_of_the_entry_that_asks_for_it(string host, string resolution, string annotations, string words)
    {
        var mesh = new IndexedMesh(Waypoint("wp"), ServiceEntry("entry", host, resolution, annotations: annotations, labels: Use));

        var bound = mesh.Condition(Bound, "entry")!;
        Assert.Equal(("True", "WaypointAccepted"), (bound.Status, bound.Reason));
        Assert.Equal(words.Length > 0, bound.Message!.Contains("not supported", StringComparison.Ordinal));
        Assert.Contains(words, bound.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_status_is_told_once_again_when_it_was_wiped_and_withdrawn_when_nothing_is_asked_for()
    {
        var mesh = new IndexedMesh();
        var service = Service("web", labels: Use);
        var first = Assert.Single(mesh.Set(Waypoint("wp"), service).Conditions);
        Assert.Equal(("istio-ambient-service", 1L, "services"), (first.FieldManager, first.ObservedGeneration, first.Kind.Plural));

        var written = service with { Status = new() { Conditions = [first.Conditions[0] with { LastTransitionTime = Epoch }, new() { Type = "Other", Status = "True" }] } };
        Assert.Empty(mesh.Set(written).Conditions);
        Assert.Single(Assert.Single(mesh.Set(service).Conditions).Conditions); // wiped
        var unlabelled = written with { Metadata = Meta("web") };
        Assert.Empty(Assert.Single(mesh.Set(unlabelled).Conditions).Conditions); // withdrawn
        Assert.Empty(mesh.Set(unlabelled with { Status = new() }).Conditions);
    }

    [Fact]
    public void A_leftover_status_is_withdrawn_from_an_object_that_this_process_never_wrote_to()
    {
        var mesh = new IndexedMesh();

        var changes = mesh.Set(Service("web") with { Status = new() { Conditions = [new() { Type = Bound, Status = "True" }] } });

        Assert.Empty(Assert.Single(changes.Conditions).Conditions);
    }

    [Fact]
    public void Workloads_behind_a_waypoint_name_it_among_those_they_allow_where_that_is_asked_for()
    {
        var mesh = new IndexedMesh(new IndexOptions { AllowWaypointsOnly = true, AroundWaypoints = AroundWaypoints.AsStock });
        mesh.Set(Waypoint("wp", annotations: "gateway.istio.io/service-account=wp-account"), Service("web", "app=web", labels: Use),
            Pod("web", labels: "app=web"), Pod("wp-1", "10.0.0.9", "gateway.networking.k8s.io/gateway-name=wp", "by-hand"), Pod("other", "10.0.0.8"));

        Assert.Equal(["default/istio_allow_waypoint_default_wp"], mesh.Pod("web").AuthorizationPolicies);
        Assert.True(mesh.Pod("other").AuthorizationPolicies.IsEmpty);
        Assert.True(mesh.Pod("wp-1").AuthorizationPolicies.IsEmpty);
        var policy = Assert.Single(mesh.Snapshot.Policies).Policy;
        Assert.Equal(["cluster.local/ns/default/sa/by-hand", "cluster.local/ns/default/sa/wp-account"],
            policy.Rules[0].Clauses[0].Matches[0].Principals.Select(static principal => principal.ToString()));
    }

    private static (string, string?) StatusOf(IndexedMesh mesh, string name) => (mesh.Condition(Bound, name)!.Status, mesh.Condition(Bound, name)!.Reason);
}
