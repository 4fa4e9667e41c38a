using Ambient.Model.Workloads;
using Ambient.TestKit.Mesh;

namespace Ambient.Ztunnel.Tests.Outbound;

public sealed class GatewayRoutingTests
{
    private static readonly GatewayAddress ByAddress = MeshBuilder.GatewayAt("far/20.0.0.1");

    private static MeshBuilder Mesh => new MeshBuilder().Workload("client", "10.1.0.1")
        .Workload("gateway-1", "20.0.0.1", "gateway", network: "far")
        .Service("gateway", "far/20.0.0.100", "15008:15009");

    private static MeshBuilder WithRemote(GatewayAddress? gateway) => Mesh
        .Service("web", "10.0.0.10", with: s => s with { SubjectAltNames = ["spiffe://cluster.local/ns/default/sa/web"] })
        .Workload("web-1", "10.1.0.2", "web", network: "far", with: w => w with { NetworkGateway = gateway });

    [Fact]
    public void An_endpoint_of_another_network_is_reached_by_a_tunnel_within_a_tunnel()
    {
        var route = new RoutingScene(WithRemote(ByAddress)).Route("10.0.0.10:80");

        Assert.Equal("DoubleHbone 20.0.0.1:15008 web.default.svc.cluster.local:80", RoutingScene.Line(route));
        Assert.Equal(["spiffe://cluster.local/ns/default/sa/gateway-1"], route.ExpectedPeers.Select(id => id.ToString()));
        Assert.Equal(["spiffe://cluster.local/ns/default/sa/web"], route.ExpectedInnerPeers.Select(id => id.ToString()));
        Assert.Equal(("gateway-1", "web"), (route.Upstream?.Name, route.DestinationService?.Name));
    }

    [Fact]
    public void A_gateway_named_by_host_is_reached_on_its_mapped_port() =>
        Assert.Equal("DoubleHbone 20.0.0.1:15009 web.default.svc.cluster.local:80",
            new RoutingScene(WithRemote(MeshBuilder.Gateway("gateway"))).Line("10.0.0.10:80"));

    [Fact]
    public void Without_a_gateway_the_other_network_is_out_of_reach() =>
        Assert.Equal("gateway_missing", new RoutingScene(WithRemote(null)).Refusal("10.0.0.10:80"));

    [Fact]
    public void A_gateway_that_is_not_known_is_refused() =>
        Assert.Equal("gateway_unknown", new RoutingScene(WithRemote(MeshBuilder.GatewayAt("far/20.0.0.77"))).Refusal("10.0.0.10:80"));

    [Fact]
    public void A_gateway_without_endpoints_is_refused() =>
        Assert.Equal("gateway_unhealthy",
            new RoutingScene(WithRemote(MeshBuilder.Gateway("idle")).Service("idle", ports: "15008")).Refusal("10.0.0.10:80"));

    [Fact]
    public void A_remote_endpoint_without_gateway_is_not_chosen_while_another_can_be_used()
    {
        var scene = new RoutingScene(WithRemote(null).Workload("near", "10.1.0.3", "web"));

        for (var i = 0; i < 20; i++) Assert.Equal("Hbone 10.1.0.3:15008 10.1.0.3:8080", scene.Line("10.0.0.10:80"));
    }

    [Fact]
    public void A_waypoint_of_another_network_is_reached_through_its_gateway()
    {
        var mesh = Mesh.Service("wp", ports: "15008").Service("web", "10.0.0.10", waypoint: "wp")
            .Workload("wp-1", "10.1.0.9", "wp", network: "far", with: w => w with { NetworkGateway = ByAddress });

        Assert.Equal("DoubleHbone 20.0.0.1:15008 web.default.svc.cluster.local:80", new RoutingScene(mesh).Line("10.0.0.10:80"));
    }

    [Fact]
    public void An_endpoint_that_only_its_gateway_reaches_needs_no_address()
    {
        var mesh = Mesh.Service("web", "10.0.0.10")
            .Workload("web-1", "", "web", network: "far", with: w => w with { NetworkGateway = ByAddress });

        Assert.Equal("DoubleHbone 20.0.0.1:15008 web.default.svc.cluster.local:80", new RoutingScene(mesh).Line("10.0.0.10:80"));
    }

    [Fact]
    public void The_other_network_is_used_only_while_ours_has_no_healthy_endpoint()
    {
        string Line(WorkloadStatus near) => new RoutingScene(Mesh
            .Service("web", "10.0.0.10", with: s => s with
            {
                LoadBalancing = new() { Mode = LoadBalancingMode.Failover, RoutingPreferences = [LocalityScope.Network] },
            })
            .Workload("near", "10.1.0.3", "web", with: w => w with { Status = near })
            .Workload("far", "10.1.0.2", "web", network: "far", with: w => w with { NetworkGateway = ByAddress }))
            .Line("10.0.0.10:80");

        Assert.Equal("Hbone 10.1.0.3:15008 10.1.0.3:8080", Line(WorkloadStatus.Healthy));
        Assert.Equal("DoubleHbone 20.0.0.1:15008 web.default.svc.cluster.local:80", Line(WorkloadStatus.Unhealthy));
    }

    [Fact]
    public void The_same_address_in_another_network_is_another_pod()
    {
        var scene = new RoutingScene(Mesh.Workload("stranger", "10.1.0.2", network: "far"));

        Assert.Null(scene.Route("10.1.0.2:80").Upstream);
    }
}
