using System.Net;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Model.Connections;
using Ambient.Model.Identities;
using Ambient.Model.Policies;
using static Ambient.TestKit.Cluster.Objects;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>Pods behind a waypoint refuse whoever comes around it: asked of the policies that a node proxy gets.</summary>
public sealed class WaypointGuardTests
{
    private const string Use = "istio.io/use-waypoint=wp", Bypass = "ambient.mesh/waypoint-bypass";
    private const string Waypoint = "default/wp", Caller = "default/caller", Stranger = "";

    [Fact]
    public void Through_the_waypoint_is_the_only_way_and_the_refusal_names_it()
    {
        var mesh = new IndexedMesh(Waypoint("wp"), Service("web", "app=web", labels: Use), Pod("web", labels: "app=web"));

        Assert.True(Judge(mesh, Waypoint).IsAllowed);
        foreach (var around in (string[])[Caller, Stranger])
        {
            var decision = Judge(mesh, around);
            Assert.Equal(ReasonCode.WaypointRequired, decision.Reason);
            Assert.Contains("did not come through waypoint default/wp ", decision.ToString(), StringComparison.Ordinal);
        }
        Assert.Contains("refuse what comes around it", mesh.Condition("istio.io/WaypointBound", "web")!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_ports_are_not_the_services() => Assert.True(Judge(
        new(Waypoint("wp"), Service("web", "app=web", labels: Use), Pod("web", labels: "app=web")), Caller, port: 9090).IsAllowed);

    [Fact]
    public void A_pod_that_asks_for_one_itself_closes_every_port()
    {
        var mesh = new IndexedMesh(Waypoint("wp", @for: "all"), Pod("web", labels: Use));

        Assert.Equal((true, ReasonCode.WaypointRequired), (Judge(mesh, Waypoint, 9090).IsAllowed, Judge(mesh, Caller, 9090).Reason));
    }

    [Theory]
    [InlineData("service", 8080, false)]
    [InlineData("service", 9090, true)] // its waypoint takes what is addressed to services
    [InlineData("all", 9090, false)]
    [InlineData("workload", 9090, false)]
    [InlineData("none", 8080, true)] // nothing goes through it
    public void What_a_namespace_asks_for_its_services_and_pods_are_held_to(string @for, int port, bool passes) => Assert.Equal(passes, Judge(
        new(Namespace("default", Use), Waypoint("wp", @for: @for), Service("web", "app=web"), Pod("web", labels: "app=web")), Caller, (ushort)port).IsAllowed);

    [Fact]
    public void Pods_of_several_services_take_the_waypoints_of_all_of_them_and_of_none_that_has_no_say()
    {
        var mesh = new IndexedMesh(Waypoint("wp"), Waypoint("other", address: "10.9.0.2"), Service("web", "app=web", labels: Use),
            Service("more", "app=web", labels: "istio.io/use-waypoint=other", vips: "10.96.0.2"), Service("plain", "app=web", vips: "10.96.0.3"), Pod("web", labels: "app=web"));

        Assert.True(Judge(mesh, Waypoint).IsAllowed);
        Assert.True(Judge(mesh, "default/other").IsAllowed);
        Assert.Contains("default/other or default/wp", Judge(mesh, Caller).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_canary_is_let_in_too_and_so_is_whoever_runs_a_waypoint_by_hand()
    {
        var mesh = new IndexedMesh(Waypoint("wp"), Waypoint("next", address: "10.9.0.2"), Pod("wp-1", "10.0.0.9", "gateway.networking.k8s.io/gateway-name=wp", "by-hand"),
            Service("web", "app=web", labels: $"{Use} istio.io/use-waypoint-canary=next"), Pod("web", labels: "app=web"));

        Assert.All([Waypoint, "default/next", "default/by-hand"], caller => Assert.True(Judge(mesh, caller).IsAllowed));
        Assert.True(mesh.Pod("wp-1").AuthorizationPolicies.IsEmpty);
    }

    [Fact]
    public void A_service_without_an_address_of_its_own_is_dialled_by_those_of_its_pods() => Assert.True(Judge(
        new(Waypoint("wp"), Service("web", "app=web", labels: Use, vips: ""), Pod("web", labels: "app=web")), Caller).IsAllowed);

    [Theory]
    [InlineData("*", true, true)]
    [InlineData("default/caller, other/sa", true, false)]
    [InlineData("other/sa", false, false)]
    [InlineData("caller", false, false)] // cannot be read
    [InlineData("*/*", false, false)]
    public void The_user_may_let_callers_pass_beside_it(string bypass, bool caller, bool stranger)
    {
        foreach (var isService in (bool[])[true, false])
        {
            var annotation = $"{Bypass}={bypass.Replace(' ', '\0')}".Replace("\0", "", StringComparison.Ordinal);
            var mesh = new IndexedMesh(Namespace("default", annotations: isService ? "" : annotation), Waypoint("wp"),
                Service("web", "app=web", labels: Use, annotations: isService ? annotation : ""), Pod("web", labels: "app=web"));

            Assert.Equal((caller, stranger), (Judge(mesh, Caller).IsAllowed, Judge(mesh, Stranger).IsAllowed));
            Assert.Equal(bypass is "caller" or "*/*", mesh.Index.Diagnostics.Any(static found => found.ToString().Contains(Bypass, StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void The_objects_own_word_counts_before_its_namespaces()
    {
        var mesh = new IndexedMesh(Namespace("default", annotations: $"{Bypass}=*"), Waypoint("wp"),
            Service("web", "app=web", labels: Use, annotations: $"{Bypass}=other/sa"), Pod("web", labels: "app=web"));

        Assert.False(Judge(mesh, Caller).IsAllowed);
    }

    [Fact]
    public void While_the_waypoint_is_missing_nobody_comes_in_and_the_status_says_so()
    {
        var mesh = new IndexedMesh(Waypoint("wp"), Service("web", "app=web", labels: Use), Pod("web", labels: "app=web"));
        mesh.Remove(Waypoint("wp"));

        Assert.Equal(ReasonCode.WaypointRequired, Judge(mesh, Waypoint).Reason);
        Assert.Contains("until then its pods refuse connections", mesh.Condition("istio.io/WaypointBound", "web")!.Message, StringComparison.Ordinal);
        mesh.Set(Service("web", "app=web"));
        Assert.True(Judge(mesh, Caller).IsAllowed);
        Assert.Empty(mesh.Snapshot.Policies);
    }

    [Fact]
    public void A_waypoint_that_does_not_let_the_namespace_in_keeps_the_service_shut_and_one_for_other_traffic_does_not()
    {
        const string elsewhere = $"{Use} istio.io/use-waypoint-namespace=infra";
        var denied = new IndexedMesh(Waypoint("infra/wp"), Service("web", "app=web", labels: elsewhere), Pod("web", labels: "app=web"));
        var workloads = new IndexedMesh(Waypoint("wp", @for: "workload"), Service("web", "app=web", labels: Use), Pod("web", labels: "app=web"));

        Assert.Equal((ReasonCode.WaypointRequired, true), (Judge(denied, Caller).Reason, Judge(workloads, Caller).IsAllowed));
    }

    [Fact]
    public void An_allow_policy_opens_no_way_around()
    {
        var mesh = new IndexedMesh(Waypoint("wp"), Service("web", "app=web", labels: Use), Pod("web", labels: "app=web"),
            Policy("callers", rules: From(new() { Principals = ["cluster.local/ns/default/sa/caller"] })));

        Assert.Equal(ReasonCode.WaypointRequired, Judge(mesh, Caller).Reason);
    }

    [Theory]
    [InlineData(AroundWaypoints.AsStock)]
    [InlineData(AroundWaypoints.Refuse)]
    public void Where_nothing_is_allowed_in_the_mesh_its_waypoint_is_let_in_by_name_alone(AroundWaypoints around)
    {
        var mesh = new IndexedMesh(new IndexOptions { AroundWaypoints = around });
        mesh.Set(Waypoint("wp"), Service("web", "app=web", labels: Use), Pod("web", labels: "app=web"), Policy("istio-system/nothing"));
        foreach (var caller in (string[])[Waypoint, Caller, Stranger]) Assert.False(Judge(mesh, caller).IsAllowed);

        mesh.Set(Policy("from-waypoint", selector: "app=web", rules: From(new() { Principals = ["cluster.local/ns/default/sa/wp"] })));

        Assert.True(Judge(mesh, Waypoint).IsAllowed);
        foreach (var caller in (string[])[Caller, Stranger]) Assert.False(Judge(mesh, caller).IsAllowed);
        Assert.Empty(mesh.Traffic.Current.Resources); // no target: neither is for the waypoint itself
    }

    [Fact]
    public void Endpoints_that_only_a_slice_names_are_closed_when_the_service_gets_its_waypoint()
    {
        var mesh = new IndexedMesh(Waypoint("wp"), Service("web"), Pod("web"), Slice("web-1", "web", "pod:web:uid-default-web"));
        Assert.True(Judge(mesh, Caller).IsAllowed);

        mesh.Set(Service("web", labels: Use));

        Assert.Equal((true, ReasonCode.WaypointRequired), (Judge(mesh, Waypoint).IsAllowed, Judge(mesh, Caller).Reason));
    }

    [Fact]
    public void Pods_that_ask_for_the_same_share_one_policy_and_it_goes_with_the_last()
    {
        var pods = Enumerable.Range(1, 3).Select(static n => Pod($"web-{n}", $"10.0.0.{n}", "app=web")).ToArray();
        var mesh = new IndexedMesh([Waypoint("wp"), Service("web", "app=web", labels: Use), .. pods]);

        Assert.Single(mesh.Snapshot.Policies);
        mesh.Remove(pods[..2]);
        Assert.Single(mesh.Snapshot.Policies);
        mesh.Remove(pods[2]);
        Assert.Empty(mesh.Snapshot.Policies);
    }

    [Fact]
    public void As_stock_everything_passes()
    {
        var mesh = new IndexedMesh(new IndexOptions { AroundWaypoints = AroundWaypoints.AsStock });
        mesh.Set(Waypoint("wp", @for: "all"), Namespace("default", Use), Service("web", "app=web"), Pod("web", labels: "app=web"));

        Assert.True(Judge(mesh, Stranger).IsAllowed);
        Assert.DoesNotContain("refuse", mesh.Condition("istio.io/WaypointBound", "web")!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void As_stock_a_waypoint_that_there_is_not_changes_nothing_until_there_is_one()
    {
        var mesh = new IndexedMesh(new IndexOptions { AroundWaypoints = AroundWaypoints.AsStock });
        mesh.Set(Service("web", "app=web", labels: Use), Pod("web", labels: "app=web"));
        Assert.Equal((true, true), (Judge(mesh, Stranger).IsAllowed, mesh.Service("web").Waypoint is null));

        mesh.Set(Waypoint("wp"));
        Assert.NotNull(mesh.Service("web").Waypoint);

        mesh.Remove(Waypoint("wp"));
        Assert.Equal((true, true), (Judge(mesh, Stranger).IsAllowed, mesh.Service("web").Waypoint is null));
    }

    /// <param name="caller">NAMESPACE/ACCOUNT; empty for plain text from outside of the mesh.</param>
    private static PolicyDecision Judge(IndexedMesh mesh, string caller, ushort port = 8080)
    {
        var identity = caller.Split('/') is [var ns, var account] ? new SpiffeId("cluster.local", ns, account) : null;
        return PolicyEvaluator.Evaluate(mesh.Snapshot.PoliciesFor(mesh.Pod("web")), new(identity, IPAddress.Parse("10.0.0.77"), IPAddress.Parse("10.0.0.1"), port));
    }
}
