using Ambient.Model.Addresses;
using Ambient.Model.Workloads;
using Ambient.TestKit.Mesh;

namespace Ambient.Ztunnel.Tests.Outbound;

public sealed class OutboundRouterTests
{
    private static MeshBuilder Mesh => new MeshBuilder().Workload("client", "10.1.0.1");

    [Fact]
    public void An_unknown_destination_is_passed_through_as_it_is()
    {
        var route = new RoutingScene(Mesh).Route("1.2.3.4:80");

        Assert.Equal("Tcp 1.2.3.4:80", RoutingScene.Line(route));
        Assert.Null(route.Upstream);
    }

    [Theory]
    [InlineData(TunnelProtocol.Hbone, "Hbone 10.1.0.2:15008 10.1.0.2:80")]
    [InlineData(TunnelProtocol.None, "Tcp 10.1.0.2:80")]
    public void A_known_pod_is_reached_by_its_protocol(TunnelProtocol protocol, string expected)
    {
        foreach (var node in new[] { "here", "there" })
        {
            var mesh = new MeshBuilder().Workload("client", "10.1.0.1", with: w => w with { Node = "here" })
                .Workload("web", "10.1.0.2", protocol: protocol, with: w => w with { Node = node });

            Assert.Equal(expected, new RoutingScene(mesh).Line("10.1.0.2:80"));
        }
    }

    [Fact]
    public void A_pod_of_which_nothing_could_be_read_but_its_address_is_not_reached()
    {
        var mesh = Mesh.Workload("web", "10.1.0.2", with: static w => w with { Fault = "nonsense" });

        Assert.Equal("no_healthy_upstream", new RoutingScene(mesh).Refusal("10.1.0.2:80"));
    }

    [Fact]
    public void A_pod_must_answer_with_its_own_identity()
    {
        var route = new RoutingScene(Mesh.Workload("web", "10.1.0.2")).Route("10.1.0.2:80");

        Assert.Equal(["spiffe://cluster.local/ns/default/sa/web"], route.ExpectedPeers.Select(id => id.ToString()));
    }

    [Fact]
    public void A_service_is_reached_at_an_endpoint_on_the_target_port()
    {
        var mesh = Mesh.Service("web", "10.0.0.10", "80:8080").Workload("web-1", "10.1.0.2", "web");

        var route = new RoutingScene(mesh).Route("10.0.0.10:80");

        Assert.Equal("Hbone 10.1.0.2:15008 10.1.0.2:8080", RoutingScene.Line(route));
        Assert.Equal("web", route.DestinationService?.Name);
    }

    [Fact]
    public void Those_a_service_names_may_answer_for_it_too()
    {
        var mesh = Mesh.Workload("web-1", "10.1.0.2", "web").Service("web", "10.0.0.10",
            with: s => s with { SubjectAltNames = ["spiffe://cluster.local/ns/a/sa/b", "not a SPIFFE id"] });

        var route = new RoutingScene(mesh).Route("10.0.0.10:80");

        Assert.Equal(["spiffe://cluster.local/ns/a/sa/b", "spiffe://cluster.local/ns/default/sa/web-1"],
            route.ExpectedPeers.Select(id => id.ToString()));
    }

    [Fact]
    public void A_service_without_endpoints_is_refused() =>
        Assert.Equal("no_healthy_upstream", new RoutingScene(Mesh.Service("web", "10.0.0.10")).Refusal("10.0.0.10:80"));

    [Fact]
    public void A_port_the_service_does_not_declare_is_refused()
    {
        var mesh = Mesh.Service("web", "10.0.0.10", "80").Workload("web-1", "10.1.0.2", "web");

        Assert.Equal("no_healthy_upstream", new RoutingScene(mesh).Refusal("10.0.0.10:81"));
    }

    [Fact]
    public void A_service_that_also_owns_a_pods_address_is_not_bypassed_in_plaintext()
    {
        var mesh = Mesh.Workload("web", "10.1.0.2").Service("ghost", "10.1.0.2");

        Assert.Equal("no_healthy_upstream", new RoutingScene(mesh).Refusal("10.1.0.2:80"));
    }

    [Fact]
    public void A_named_port_is_served_only_by_endpoints_that_resolve_it()
    {
        var web = MeshBuilder.Key("web");
        var mesh = Mesh.Service("web", "10.0.0.10", "80:0 81:0")
            .Workload("named", "10.1.0.2", with: w => w with { Services = [new(web, MeshBuilder.Ports("80:9090"))] })
            .Workload("unnamed", "10.1.0.3", "web");
        var scene = new RoutingScene(mesh);

        for (var i = 0; i < 20; i++) Assert.Equal("Hbone 10.1.0.2:15008 10.1.0.2:9090", scene.Line("10.0.0.10:80"));
        Assert.Equal("no_healthy_upstream", scene.Refusal("10.0.0.10:81"));
    }

    [Fact]
    public void An_endpoints_own_port_goes_before_its_services()
    {
        var mesh = Mesh.Service("web", "10.0.0.10", "80:8080")
            .Workload("web-1", "10.1.0.2", with: w => w with { Services = [new(MeshBuilder.Key("web"), MeshBuilder.Ports("80:9090"))] });

        Assert.Equal("Hbone 10.1.0.2:15008 10.1.0.2:9090", new RoutingScene(mesh).Line("10.0.0.10:80"));
    }

    [Theory]
    [InlineData("10.7.8.9:80", "Hbone 10.1.0.2:15008 10.1.0.2:8080")]
    [InlineData("[fd07::9]:80", "Hbone 10.1.0.2:15008 10.1.0.2:8080")]
    [InlineData("10.8.8.9:80", "Tcp 10.8.8.9:80")]
    public void Any_address_of_a_services_range_leads_to_its_endpoints(string target, string expected)
    {
        var mesh = Mesh.Workload("web-1", "10.1.0.2", "web").Service("web", with: s => s with
        {
            CidrVips = [new("", IpPrefix.Parse("10.7.0.0/16")), new("", IpPrefix.Parse("fd07::/64"))],
        });

        Assert.Equal(expected, new RoutingScene(mesh).Line(target));
    }

    [Fact]
    public void A_pod_on_its_nodes_network_is_found_through_its_service_only()
    {
        var mesh = Mesh.Service("web", "10.0.0.10", "80:8080").Workload("web-1", "192.168.0.1", "web", TunnelProtocol.None,
            with: w => w with { NetworkMode = NetworkMode.HostNetwork });
        var scene = new RoutingScene(mesh);

        Assert.Equal("Tcp 192.168.0.1:8080", scene.Line("10.0.0.10:80"));
        Assert.Equal("web-1", scene.Route("10.0.0.10:80").Upstream?.Name);
        Assert.Equal("Tcp 192.168.0.1:8080", scene.Line("192.168.0.1:8080"));
        Assert.Null(scene.Route("192.168.0.1:8080").Upstream);
    }

    [Theory]
    [InlineData(IpFamilies.Dual, "10.0.0.10:80", "10.1.0.2")]
    [InlineData(IpFamilies.Dual, "[fd00::10]:80", "fd00::2")]
    [InlineData(IpFamilies.Automatic, "[fd00::10]:80", "fd00::2")]
    [InlineData(IpFamilies.IPv4Only, "[fd00::10]:80", "10.1.0.2")]
    [InlineData(IpFamilies.IPv6Only, "10.0.0.10:80", "fd00::2")]
    public void The_family_follows_the_client_as_far_as_the_service_allows(IpFamilies families, string target, string expected)
    {
        var mesh = Mesh.Workload("web-1", "10.1.0.2 fd00::2", "web")
            .Service("web", "10.0.0.10 fd00::10", with: s => s with { IpFamilies = families });

        Assert.Equal(expected, new RoutingScene(mesh).Route(target).NextHop?.Address.ToString());
    }

    [Fact]
    public void Of_several_addresses_of_a_pod_the_dialled_one_is_used()
    {
        var mesh = Mesh.Workload("web", "10.1.0.2 10.1.0.3 fd00::2");
        var scene = new RoutingScene(mesh);

        Assert.Equal("Hbone 10.1.0.3:15008 10.1.0.3:80", scene.Line("10.1.0.3:80"));
        Assert.Equal("Hbone [fd00::2]:15008 [fd00::2]:80", scene.Line("[fd00::2]:80"));
    }

    [Fact]
    public void An_endpoint_without_an_address_of_an_allowed_family_is_refused()
    {
        var mesh = Mesh.Workload("web-1", "10.1.0.2", "web").Service("web", "10.0.0.10",
            with: s => s with { IpFamilies = IpFamilies.IPv6Only });

        Assert.Equal("no_usable_address", new RoutingScene(mesh).Refusal("10.0.0.10:80"));
    }

    [Fact]
    public void An_endpoint_that_is_only_a_name_is_resolved_by_the_caller()
    {
        var mesh = Mesh.Service("web", "10.0.0.10", "80:8080").Workload("vm", "", "web", with: w => w with { Hostname = "vm.example.com" });

        var route = new RoutingScene(mesh).Route("10.0.0.10:80");

        Assert.Equal(("vm.example.com", null), (route.HostToResolve, route.NextHop));
        Assert.Equal("Hbone 10.9.9.9:15008 10.9.9.9:8080", RoutingScene.Line(route.At(System.Net.IPAddress.Parse("10.9.9.9"))));
    }

    [Fact]
    public void A_passthrough_service_is_left_alone_unless_it_has_a_waypoint()
    {
        var passthrough = new LoadBalancing { Mode = LoadBalancingMode.Passthrough };
        var mesh = Mesh.Workload("web-1", "10.1.0.2", "web").Service("web", "10.0.0.10", with: s => s with { LoadBalancing = passthrough })
            .Service("wp", "10.0.0.99", "15008").Workload("wp-1", "10.1.0.9", "wp")
            .Service("guarded", "10.0.0.11", waypoint: "wp", with: s => s with { LoadBalancing = passthrough });
        var scene = new RoutingScene(mesh);

        Assert.Equal("Tcp 10.0.0.10:80", scene.Line("10.0.0.10:80"));
        Assert.Equal("Hbone 10.1.0.9:15008 10.0.0.11:80", scene.Line("10.0.0.11:80"));
    }

    [Fact]
    public void A_service_that_is_not_visible_is_not_of_the_mesh()
    {
        var mesh = Mesh.Service("other/web", "10.0.0.10", with: s => s with { Visibility = Visibility.Namespace });

        Assert.Equal("Tcp 10.0.0.10:80", new RoutingScene(mesh).Line("10.0.0.10:80"));
    }

    [Theory]
    [InlineData("127.0.0.1:15001")]
    [InlineData("[::1]:15080")]
    [InlineData("10.1.0.1:15008")]
    public void The_proxys_own_ports_are_refused(string target) =>
        Assert.Equal("loop_detected", new RoutingScene(Mesh).Refusal(target));

    [Fact]
    public void The_proxys_ports_elsewhere_are_ordinary_ports() =>
        Assert.Equal("Tcp 1.2.3.4:15001", new RoutingScene(Mesh).Line("1.2.3.4:15001"));

    [Fact]
    public void An_endpoint_that_could_not_be_reached_is_not_tried_again()
    {
        var mesh = Mesh.Service("web", "10.0.0.10").Workload("a", "10.1.0.2", "web").Workload("b", "10.1.0.3", "web");
        var scene = new RoutingScene(mesh);

        var first = scene.Route("10.0.0.10:80");
        var second = scene.Again(first).Route!;
        var third = scene.Again(second);

        Assert.Equal(["10.1.0.2", "10.1.0.3"], new[] { first, second }.Select(r => r.NextHop!.Address.ToString()).Order());
        Assert.Equal("no_healthy_upstream", third.Refusal?.Reason.Name);
    }

    [Theory]
    [InlineData("10.1.0.2", TunnelProtocol.Hbone, null)]
    [InlineData("10.1.0.9", TunnelProtocol.Hbone, "Hbone 10.1.0.9:15008 10.1.0.9:8080")] // of a StatefulSet: the next one has the same name
    [InlineData("10.1.0.2", TunnelProtocol.None, "Tcp 10.1.0.2:8080")] // it has left the mesh
    public void One_that_could_not_be_reached_may_be_tried_as_what_it_is_now(string address, TunnelProtocol protocol, string? expected)
    {
        var failed = new RoutingScene(Mesh.Service("web", "10.0.0.10").Workload("web-0", "10.1.0.2", "web")).Route("10.0.0.10:80");

        var again = new RoutingScene(Mesh.Service("web", "10.0.0.10").Workload("web-0", address, "web", protocol)).Again(failed);

        Assert.Equal(expected, again.Route is { } route ? RoutingScene.Line(route) : null);
    }

    [Fact]
    public void A_pod_that_was_addressed_itself_has_no_alternative()
    {
        var scene = new RoutingScene(Mesh.Workload("web", "10.1.0.2"));

        Assert.NotNull(scene.Again(scene.Route("10.1.0.2:80")).Refusal);
    }
}
