using Ambient.Model.Workloads;
using Ambient.TestKit.Mesh;
using Ambient.Ztunnel.Outbound;

namespace Ambient.Ztunnel.Tests.Outbound;

public sealed class WaypointRoutingTests
{
    private static MeshBuilder Mesh => new MeshBuilder().Workload("client", "10.1.0.1")
        .Service("wp", "10.0.0.99", "15008").Workload("wp-1", "10.1.0.9 fd00::9", "wp");

    [Fact]
    public void A_service_with_a_waypoint_is_reached_through_it()
    {
        var mesh = Mesh.Service("web", "10.0.0.10", waypoint: "wp").Workload("web-1", "10.1.0.2", "web");

        var route = new RoutingScene(mesh).Route("10.0.0.10:80");

        Assert.Equal("Hbone 10.1.0.9:15008 10.0.0.10:80", RoutingScene.Line(route));
        Assert.Equal(["spiffe://cluster.local/ns/default/sa/wp-1"], route.ExpectedPeers.Select(id => id.ToString()));
        Assert.Equal(("wp-1", "web"), (route.Upstream?.Name, route.DestinationService?.Name));
    }

    [Theory]
    [InlineData("10.0.0.99")] // the waypoint's service
    [InlineData("10.1.0.9")] // the waypoint's pod
    public void A_waypoint_may_be_named_by_address(string address)
    {
        var mesh = Mesh.Service("web", "10.0.0.10", with: s => s with { Waypoint = MeshBuilder.GatewayAt(address) });

        Assert.Equal("Hbone 10.1.0.9:15008 10.0.0.10:80", new RoutingScene(mesh).Line("10.0.0.10:80"));
    }

    [Fact]
    public void A_waypoint_may_be_a_workload_named_by_host()
    {
        var mesh = Mesh.Workload("vm", "10.1.0.8", with: w => w with { Hostname = "vm.example.com" })
            .Service("web", "10.0.0.10", with: s => s with { Waypoint = new(new ServiceKey("default", "vm.example.com"), 15008) });

        Assert.Equal("Hbone 10.1.0.8:15008 10.0.0.10:80", new RoutingScene(mesh).Line("10.0.0.10:80"));
    }

    [Fact]
    public void The_family_follows_the_client_to_a_named_waypoint_but_not_to_one_given_by_address()
    {
        var mesh = Mesh.Service("named", "fd00::10", waypoint: "wp")
            .Service("addressed", "fd00::11", with: s => s with { Waypoint = MeshBuilder.GatewayAt("10.0.0.99") });
        var scene = new RoutingScene(mesh);

        Assert.Equal("Hbone [fd00::9]:15008 [fd00::10]:80", scene.Line("[fd00::10]:80"));
        Assert.Equal("Hbone 10.1.0.9:15008 [fd00::11]:80", scene.Line("[fd00::11]:80"));
    }

    [Fact]
    public void A_waypoint_that_is_missing_or_unhealthy_is_never_bypassed()
    {
        var mesh = new MeshBuilder().Workload("client", "10.1.0.1").Service("empty", ports: "15008")
            .Service("a", "10.0.0.10", waypoint: "nowhere").Workload("a-1", "10.1.0.2", "a")
            .Service("b", "10.0.0.11", waypoint: "empty").Workload("b-1", "10.1.0.3", "b")
            .Workload("c", "10.1.0.4", with: w => w with { Waypoint = MeshBuilder.Gateway("nowhere") });
        var scene = new RoutingScene(mesh);

        Assert.Equal("waypoint_unknown", scene.Refusal("10.0.0.10:80"));
        Assert.Equal("waypoint_unhealthy", scene.Refusal("10.0.0.11:80"));
        Assert.Equal("waypoint_unknown", scene.Refusal("10.1.0.4:80"));
    }

    [Fact]
    public void A_pods_waypoint_is_for_traffic_to_its_address()
    {
        var mesh = Mesh.Workload("web-1", "10.1.0.2", "web", with: w => w with { Waypoint = MeshBuilder.Gateway("wp") })
            .Service("web", "10.0.0.10");
        var scene = new RoutingScene(mesh);

        Assert.Equal("Hbone 10.1.0.9:15008 10.1.0.2:80", scene.Line("10.1.0.2:80"));
        Assert.Equal("Hbone 10.1.0.2:15008 10.1.0.2:8080", scene.Line("10.0.0.10:80"));
    }

    [Fact]
    public void The_waypoint_of_the_source_is_ignored()
    {
        var mesh = Mesh.Workload("guarded", "10.1.0.5", with: w => w with { Waypoint = MeshBuilder.Gateway("wp") })
            .Workload("web", "10.1.0.2");

        Assert.Equal("Hbone 10.1.0.2:15008 10.1.0.2:80", new RoutingScene(mesh, "guarded").Line("10.1.0.2:80"));
    }

    [Fact]
    public void A_waypoint_reaches_the_pod_itself()
    {
        var mesh = Mesh.Workload("web", "10.1.0.2", with: w => w with { Waypoint = MeshBuilder.Gateway("wp") });

        Assert.Equal("Hbone 10.1.0.2:15008 10.1.0.2:80", new RoutingScene(mesh, "wp-1").Line("10.1.0.2:80"));
    }

    [Fact]
    public void A_pod_with_the_waypoints_identity_but_another_address_is_not_the_waypoint()
    {
        var mesh = Mesh.Workload("web", "10.1.0.2", with: w => w with { Waypoint = MeshBuilder.Gateway("wp") })
            .Workload("impostor", "10.1.0.66", with: w => w with { ServiceAccount = "wp-1" });

        Assert.Equal("Hbone 10.1.0.9:15008 10.1.0.2:80", new RoutingScene(mesh, "impostor").Line("10.1.0.2:80"));
    }

    [Theory]
    [InlineData(100, 0, 1.0)]
    [InlineData(0, 100, 0.0)]
    [InlineData(75, 25, 0.75)]
    public void Weighted_waypoints_share_in_proportion(uint toA, uint toB, double expectedShareOfA)
    {
        var service = Weighted(toA, toB);
        var random = new Random(7);

        var picks = Enumerable.Range(0, 4000).Count(_ => Waypoints.Choose(service, random) == MeshBuilder.Gateway("a"));

        Assert.InRange(picks / 4000.0, expectedShareOfA - 0.03, expectedShareOfA + 0.03);
        if (expectedShareOfA is 0 or 1) Assert.Equal(expectedShareOfA * 4000, picks);
    }

    [Fact]
    public void Weighted_waypoints_without_weight_leave_the_single_one()
    {
        Assert.Equal(MeshBuilder.Gateway("wp"), Waypoints.Choose(Weighted(0, 0), new Random(1)));
        Assert.Null(Waypoints.Choose(new() { Namespace = "a", Hostname = "b" }, new Random(1)));
    }

    private static Service Weighted(uint toA, uint toB) => new()
    {
        Namespace = "default",
        Hostname = "web",
        Waypoint = MeshBuilder.Gateway("wp"),
        WeightedWaypoints = [new(MeshBuilder.Gateway("a"), toA), new(MeshBuilder.Gateway("b"), toB)],
    };
}
