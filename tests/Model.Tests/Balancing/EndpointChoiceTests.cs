using Ambient.Model.Balancing;
using Ambient.Model.Workloads;
using Ambient.TestKit;
using Ambient.TestKit.Mesh;

namespace Ambient.Model.Tests.Balancing;

public sealed class EndpointChoiceTests
{
    private static readonly Locality Here = new("eu", "eu-a", "rack-1");
    private static readonly ClientPlace Client = new("net", Here, "node-1", "c1");

    private static Func<Workload, Workload> At(Locality locality, string node = "", string cluster = "c1") =>
        w => w with { Network = "net", Locality = locality, Node = node, ClusterId = cluster };

    // From far to near: each shares one scope more with the client.
    private static MeshBuilder Mesh(LoadBalancingMode mode, params LocalityScope[] preferences) => new MeshBuilder()
        .Service("web", with: s => s with { LoadBalancing = new() { Mode = mode, RoutingPreferences = preferences.ToEquatableArray() } })
        .Workload("abroad", "10.1.0.1", "web", with: At(new("us", "us-a", "rack-1")))
        .Workload("region", "10.1.0.2", "web", with: At(new("eu", "eu-b", "rack-1")))
        .Workload("zone", "10.1.0.3", "web", with: At(new("eu", "eu-a", "rack-2")))
        .Workload("rack", "10.1.0.4", "web", with: At(Here))
        .Workload("node", "10.1.0.5", "web", with: At(Here, "node-1"));

    private static string[] Chosen(MeshBuilder builder, ClientPlace? client = null, string service = "web")
    {
        var (entry, random) = (builder.Build().FindService(MeshBuilder.Key(service))!, new Random(1));
        return [.. Enumerable.Range(0, 300).Select(_ => entry.Pick(client ?? Client, 80, EndpointUse.Application, random)?.Workload.Name ?? "-").Distinct().Order()];
    }

    [Fact]
    public void Without_preferences_all_are_used() =>
        Assert.Equal(["abroad", "node", "rack", "region", "zone"], Chosen(Mesh(LoadBalancingMode.Standard)));

    [Fact]
    public void Failover_uses_the_nearest_there_are()
    {
        LocalityScope[] order = [LocalityScope.Network, LocalityScope.Region, LocalityScope.Zone, LocalityScope.Subzone, LocalityScope.Node];

        Assert.Equal(["node"], Chosen(Mesh(LoadBalancingMode.Failover, order)));
        Assert.Equal(["node", "rack"], Chosen(Mesh(LoadBalancingMode.Failover, order), Client with { Node = "node-2" }));
        Assert.Equal(["node", "rack", "region", "zone"], Chosen(Mesh(LoadBalancingMode.Failover, order), Client with { Locality = new("eu", "eu-c", "") }));
        Assert.Equal(["abroad", "node", "rack", "region", "zone"], Chosen(Mesh(LoadBalancingMode.Failover, order), Client with { Locality = new("asia", "", "") }));
    }

    [Fact]
    public void A_mismatch_ends_the_comparison() =>
        // "abroad" shares the rack's name only; with the region first that does not count.
        Assert.Equal(["node", "rack"], Chosen(Mesh(LoadBalancingMode.Failover, LocalityScope.Region, LocalityScope.Zone, LocalityScope.Subzone)));

    [Fact]
    public void Strict_uses_only_those_that_share_all()
    {
        Assert.Equal(["node", "rack", "zone"], Chosen(Mesh(LoadBalancingMode.Strict, LocalityScope.Region, LocalityScope.Zone)));
        Assert.Equal(["node"], Chosen(Mesh(LoadBalancingMode.Strict, LocalityScope.Network, LocalityScope.Node)));
        Assert.Equal(["-"], Chosen(Mesh(LoadBalancingMode.Strict, LocalityScope.Node), Client with { Node = "node-9" }));
    }

    [Fact]
    public void With_the_network_first_ours_beats_any_other_and_the_rest_still_ranks()
    {
        static Workload Remote(Workload w) => w with { Network = "far", Locality = Here, NetworkGateway = MeshBuilder.GatewayAt("far/1.1.1.1") };
        LocalityScope[] order = [LocalityScope.Network, LocalityScope.Region, LocalityScope.Zone];
        MeshBuilder Service() => new MeshBuilder().Service("web", with: s => s with
        {
            LoadBalancing = new() { Mode = LoadBalancingMode.Failover, RoutingPreferences = order.ToEquatableArray() },
        });

        Assert.Equal(["abroad"], Chosen(Service().Workload("abroad", "10.1.0.1", "web", with: At(new("us", "", ""))).Workload("remote", "10.1.0.2", "web", with: Remote)));
        Assert.Equal(["remote"], Chosen(Service().Workload("remote", "10.1.0.2", "web", with: Remote)
            .Workload("remote-far", "10.1.0.3", "web", with: w => Remote(w) with { Locality = new("us", "", "") })));
    }

    [Fact]
    public void Strict_with_the_network_first_never_uses_another_network()
    {
        var mesh = new MeshBuilder().Service("web", with: s => s with { LoadBalancing = new() { Mode = LoadBalancingMode.Strict, RoutingPreferences = [LocalityScope.Network] } })
            .Workload("remote", "10.1.0.2", "web", network: "far", with: w => w with { NetworkGateway = MeshBuilder.GatewayAt("far/1.1.1.1") });

        Assert.Equal(["-"], Chosen(mesh));
    }

    [Fact]
    public void An_endpoint_that_cannot_be_reached_is_not_chosen()
    {
        var mesh = new MeshBuilder().Service("web").Workload("nowhere", "", "web", network: "net")
            .Workload("name", "", "web", network: "net", with: w => w with { Hostname = "x.example.com" })
            .Workload("behind", "", "web", network: "far", with: w => w with { NetworkGateway = MeshBuilder.GatewayAt("far/1.1.1.1") })
            .Workload("lost", "10.1.0.9", "web", network: "far");

        Assert.Equal(["behind", "name"], Chosen(mesh));
    }

    [Fact]
    public void Connections_are_spread_by_capacity()
    {
        var entry = new MeshBuilder().Service("web").Workload("none", "10.1.0.1", "web", with: w => w with { Network = "net", Capacity = 0 })
            .Workload("one", "10.1.0.2", "web", network: "net").Workload("three", "10.1.0.3", "web", with: w => w with { Network = "net", Capacity = 3 })
            .Build().FindService(MeshBuilder.Key("web"))!;
        var random = new Random(3);

        var counts = Enumerable.Range(0, 4000).Select(_ => entry.Pick(Client, 80, EndpointUse.Application, random)!.Workload.Name).CountBy(name => name).ToDictionary();

        Assert.False(counts.ContainsKey("none"));
        Assert.InRange(counts["three"] / (double)counts["one"], 2.6, 3.4);
    }

    [Fact]
    public void A_waypoint_with_an_application_tunnel_takes_any_port()
    {
        var entry = new MeshBuilder().Service("wp", ports: "80").Workload("plain", "10.1.0.1", "wp", network: "net")
            .Workload("sandwiched", "10.1.0.2", "wp", network: "net", with: w => w with { ApplicationTunnel = new(ApplicationTunnelProtocol.Proxy, 15088) })
            .Build().FindService(MeshBuilder.Key("wp"))!;

        Assert.Equal("sandwiched", entry.Pick(Client, 15008, EndpointUse.Waypoint, new Random(1))?.Workload.Name);
        Assert.Null(entry.Pick(Client, 15008, EndpointUse.Application, new Random(1)));
    }

    [Fact]
    public void Choosing_again_from_the_same_place_allocates_nothing()
    {
        var (entry, random) = (Mesh(LoadBalancingMode.Failover, LocalityScope.Region).Build().FindService(MeshBuilder.Key("web"))!, new Random(1));

        Assert.Equal(0, Allocations.Of(() => entry.Pick(Client, 80, EndpointUse.Application, random)));
    }
}
