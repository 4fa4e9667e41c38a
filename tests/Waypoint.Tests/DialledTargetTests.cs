using System.Net;
using Ambient.Model.Policies;
using Ambient.Model.Routes;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;
using Ambient.Waypoint.Tests.Scenes;
using static Ambient.Waypoint.Tests.Scenes.WaypointScene;

namespace Ambient.Waypoint.Tests;

/// <summary>What a client's proxy, whoever wrote it, may ask a waypoint for.</summary>
public sealed class DialledTargetTests
{
    [Fact]
    public async Task A_service_may_be_asked_for_by_its_name()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        using var client = await ClientOf(scene, $"{KeyOf("echo").Hostname}:80");

        Assert.Equal("v1", await RoutingTests.ServerAsync(client, "/"));
    }

    [Fact]
    public async Task A_workload_that_uses_it_is_asked_for_by_its_address_and_the_waypoints_policies_hold()
    {
        await using var scene = await StartAsync();
        var server = scene.Serve("v1", "echo");
        Guard(scene, "v1");
        scene.Policy("readers", PolicyAction.Allow, new()
        {
            Principals = [StringMatcher.Exact("cluster.local/ns/web/sa/client")], Request = new() { Methods = [TextMatch.Exact("GET")], Paths = [TextMatch.Prefix("/api/")] },
        });
        using var client = await ClientOf(scene, $"{server.Address}");
        using var stranger = await ClientOf(scene, $"{server.Address}", scene.NodeOf(new("cluster.local", "web", "stranger")));

        Assert.Equal("v1", await RoutingTests.ServerAsync(client, "/api/items"));
        Assert.Equal(HttpStatusCode.Forbidden, (await client.DeleteAsync("/api/items", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/other", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await stranger.GetAsync("/api/items", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(1, server.Requests);
    }

    [Theory]
    [InlineData("nobody.shop.svc.cluster.local:80")]
    [InlineData("VIP:81")] // which the service does not have
    [InlineData("POD")] // which does not use it
    [InlineData("127.0.0.1:15000")]
    [InlineData("waypoint.shop.svc.cluster.local:15000")]
    public async Task Anything_else_is_refused(string target)
    {
        await using var scene = await StartAsync();
        var server = scene.Serve("v1", "echo");
        var node = scene.NodeOf();
        using var client = await ClientOf(scene, target.Replace("VIP", VipOf("echo"), StringComparison.Ordinal).Replace("POD", $"{server.Address}", StringComparison.Ordinal), node);

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("/", TestContext.Current.CancellationToken));
        Assert.Equal((404, 0), (node.LastRefusal, server.Requests));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(100u)]
    public async Task A_service_of_which_it_is_the_second_waypoint_is_served_and_its_policies_hold(uint share)
    {
        await using var scene = await StartAsync();
        var server = scene.Serve("v1", "echo");
        var (mesh, other) = (scene.Parts.Rules.Mesh, new GatewayAddress(KeyOf("other"), 15008));
        var (service, workload) = (mesh.Current.FindService(KeyOf("echo"))!.Service, mesh.Current.FindWorkload($"Kubernetes//Pod/{Namespace}/v1")!);
        mesh.Apply(new() // a service that has never been ours alone
        {
            Services = [service with { Name = "shared", Hostname = KeyOf("shared").Hostname, Vips = [new("", IPAddress.Parse(VipOf("shared")))], Waypoint = other, WeightedWaypoints = [new(other, 100 - share), new(new(KeyOf("waypoint"), 15008), share)] }],
            Workloads = [workload with { Services = [new(KeyOf("shared"), workload.Services[0].Ports)] }],
        });
        scene.Apply(new TrafficResource("AuthorizationPolicy/shop/closed", new RequestPolicy(
            new() { Name = "closed", Namespace = "shop", Action = PolicyAction.Deny, Rules = [new([new([new() { Request = new() { Paths = [TextMatch.Exact("/secret")] } }])])] }, [KeyOf("shared")], [], IsForAll: false)));
        using var client = await scene.ClientAsync("shared");

        Assert.Equal("v1", await RoutingTests.ServerAsync(client, "/"));
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/secret", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(1, server.Requests);
    }

    [Fact]
    public async Task Requests_of_one_connection_of_HTTP2_are_spread_over_all_servers()
    {
        await using var scene = await StartAsync();
        var servers = Enumerable.Range(1, 3).Select(n => scene.Serve($"v{n}", "echo")).ToList();
        scene.Apply(new TrafficResource("DestinationRule/shop/echo", new DestinationPolicy
        {
            Namespace = "shop", Name = "echo", Services = [KeyOf("echo")], Policy = TrafficPolicy.Default with { Balancing = BalancingKind.RoundRobin },
        }));
        var connections = 0;
        using var client = await ClientOf(scene, $"{VipOf("echo")}:80", connected: () => connections++);

        for (var i = 0; i < 30; i++)
        {
            using var asked = new HttpRequestMessage(HttpMethod.Get, "/") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            (await client.SendAsync(asked, TestContext.Current.CancellationToken)).Dispose();
        }

        Assert.Equal((1, "10 10 10"), (connections, string.Join(' ', servers.Select(static server => server.Requests))));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_proxies_tell_each_other_reaches_no_server(bool isRouted)
    {
        string[] names = ["x-envoy-peer-metadata", "x-envoy-peer-metadata-id", "x-forwarded-client-cert"];
        await using var scene = await StartAsync();
        var server = scene.Serve("v1", "echo");
        if (isRouted) scene.Route("all", "echo", Rule(RouteMatch.Everything, To(("echo", 1))));
        using var client = await scene.ClientAsync("echo");
        using var asked = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "x-other", "kept" } } };
        foreach (var name in names) asked.Headers.Add(name, "told");

        (await client.SendAsync(asked, TestContext.Current.CancellationToken)).Dispose();

        Assert.Contains("x-other: kept", server.Seen.Single(), StringComparison.Ordinal);
        foreach (var name in names) Assert.DoesNotContain(name, server.Seen.Single(), StringComparison.OrdinalIgnoreCase);
    }

    private static void Guard(WaypointScene scene, string server)
    {
        var mesh = scene.Parts.Rules.Mesh;
        mesh.Apply(new() { Workloads = [mesh.Current.FindWorkload($"Kubernetes//Pod/{Namespace}/{server}")! with { Waypoint = new(KeyOf("waypoint"), 15008) }] });
    }

    private static async Task<HttpClient> ClientOf(WaypointScene scene, string target, ClientNode? node = null, Action? connected = null)
    {
        var at = await (node ?? scene.NodeOf()).OpenAsync(target);
        return new(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, stop) =>
            {
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
                await socket.ConnectAsync(at, stop);
                connected?.Invoke();
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            },
        }) { BaseAddress = new("http://echo"), Timeout = TimeSpan.FromSeconds(20) };
    }
}
