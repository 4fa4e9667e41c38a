using Ambient.Model.Balancing;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;
using Ambient.Waypoint.Tests.Scenes;

namespace Ambient.Waypoint.Tests;

/// <summary>Which servers requests go to, by where they and the waypoint stand.</summary>
public sealed class LocalityTests
{
    private static readonly OutlierDetection FirstFailure = new(1, 0, false, 0, TimeSpan.FromHours(1), TimeSpan.FromHours(1), 100, 0);

    [Fact]
    public async Task Servers_are_left_for_those_of_the_next_place_as_they_fail_the_named_region_before_others()
    {
        await using var scene = await WaypointScene.StartAsync();
        var servers = Serve(scene, ("near", "east/a/1"), ("rack", "east/a/2"), ("zone", "east/b/1"), ("named", "west/a/1"), ("far", "north/a/1"));
        scene.StandAt(At("east/a/1"));
        Apply(scene, new() { Failover = [new("north", "far"), new("east", "west")] }, FirstFailure);
        using var client = await scene.ClientAsync("echo");

        foreach (var name in (string[])["near", "rack", "zone", "named", "far"])
        {
            for (var i = 0; i < 5; i++) Assert.StartsWith(name, await client.GetStringAsync("/", TestContext.Current.CancellationToken), StringComparison.Ordinal);
            servers[name].Answer = static _ => 500;
            Assert.Equal(500, (int)(await client.GetAsync("/", TestContext.Current.CancellationToken)).StatusCode);
        }
    }

    [Fact]
    public async Task Servers_without_a_share_get_nothing_and_the_service_own_preference_does_not_count()
    {
        await using var scene = await WaypointScene.StartAsync();
        var servers = Serve(scene, ("near", "east/a/1"), ("one", "west/a/1"), ("two", "north/a/1"));
        scene.StandAt(At("east/a/1"));
        var service = scene.Parts.Rules.Mesh.Current.FindService(WaypointScene.KeyOf("echo"))!.Service;
        scene.Parts.Rules.Mesh.Apply(new() { Services = [service with { LoadBalancing = new() { Mode = LoadBalancingMode.Failover, RoutingPreferences = [LocalityScope.Region] } }] });
        using var client = await scene.ClientAsync("echo");
        await AskAsync(client, 20);
        Assert.Equal([20, 0, 0], servers.Values.Select(static server => server.Requests));

        Apply(scene, new() { Distribute = [new(new("east", "a", ""), [new(new("west", "", ""), 50), new(new("north", "", ""), 50)])] }, null);
        await AskAsync(client, 100);

        Assert.Equal(20, servers["near"].Requests);
        Assert.All((string[])["one", "two"], name => Assert.InRange(servers[name].Requests, 20, 80));
    }

    [Theory]
    [InlineData("east/a/1", 0)]
    [InlineData("east/a/2", 1)]
    [InlineData("east/b/1", 2)]
    [InlineData("west/a/1", 3)]
    [InlineData("north/a/1", 4)]
    public void A_place_is_the_farther_the_less_of_it_is_shared(string place, int distance) =>
        Assert.Equal(distance, new LocalityBalancing { Failover = [new("east", "west")] }.DistanceTo(ServerAt(place), Us));

    [Theory]
    [InlineData("east/a/1", "n1", 0)]
    [InlineData("east/a/1", "n2", 1)]
    [InlineData("west/a/1", "n2", 1)] // the region is not asked for
    [InlineData("east/b/1", "n1", 2)]
    public void What_near_means_may_be_said(string place, string node, int distance) =>
        Assert.Equal(distance, new LocalityBalancing { Nearness = [LocalityScope.Zone, LocalityScope.Node] }.DistanceTo(ServerAt(place) with { Node = node }, Us));

    [Theory]
    [InlineData("east/a/1", 2)]
    [InlineData("east/a/2", 1)]
    [InlineData("east/b/1", 0)]
    [InlineData("west/a/1", -1)]
    public void Of_shares_the_one_that_says_most_of_the_place_counts(string place, int index) =>
        Assert.Equal(index, new LocalityShares(default, [new(new("east", "", ""), 1), new(new("east", "a", ""), 1), new(new("east", "a", "1"), 1)]).IndexOf(At(place)));

    private static ClientPlace Us => new("", At("east/a/1"), "n1", "c");

    private static Workload ServerAt(string place) => new() { Uid = place, Locality = At(place) };

    private static Locality At(string place) => place.Split('/') is [var region, var zone, var subzone] ? new(region, zone, subzone) : default;

    private static Dictionary<string, EchoServer> Serve(WaypointScene scene, params (string Name, string Place)[] servers) => servers.ToDictionary(static server => server.Name, server =>
    {
        var echo = scene.Serve(server.Name, "echo");
        scene.Place(server.Name, At(server.Place));
        return echo;
    });

    private static async Task AskAsync(HttpClient client, int times)
    {
        for (var i = 0; i < times; i++) (await client.GetAsync("/", TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
    }

    private static void Apply(WaypointScene scene, LocalityBalancing locality, OutlierDetection? outlier) => scene.Apply(new TrafficResource("DestinationRule/shop/echo", new DestinationPolicy
    {
        Namespace = "shop", Name = "echo", Services = [WaypointScene.KeyOf("echo")], Policy = new() { Locality = locality, Outlier = outlier, Http = UpstreamHttp.Http1 },
    }));
}
