using System.Net;
using Ambient.Model.Routes;
using static Ambient.Waypoint.Tests.Scenes.WaypointScene;

namespace Ambient.Waypoint.Tests;

/// <summary>Where requests go: by what was dialled, by routes, by weights.</summary>
public sealed class RoutingTests
{
    private static readonly RouteMatch Everything = RouteMatch.Everything;

    [Fact]
    public async Task Without_routes_a_service_is_served_by_its_own_servers()
    {
        await using var scene = await StartAsync();
        scene.Serve("echo-v1", "echo");
        using var client = await scene.ClientAsync("echo");
        var answer = await client.GetAsync("/some/path?and=query");
        Assert.Equal((HttpStatusCode.OK, "echo-v1"), (answer.StatusCode, answer.Headers.GetValues("x-server").Single()));
        var seen = await answer.Content.ReadAsStringAsync();
        Assert.Contains("GET /some/path?and=query HTTP/1.1\r\n", seen, StringComparison.Ordinal);
        Assert.Contains("\r\nx-request-id: ", seen, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task The_dialled_address_chooses_the_service_and_the_host_does_not()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo-v1");
        scene.Serve("v2", "echo-v2");
        using var client = await scene.ClientAsync("echo-v2", host: "echo-v1");
        Assert.Equal("v2", await ServerAsync(client, "/"));
    }

    [Fact]
    public async Task Routes_are_tried_by_precedence_and_what_matches_none_is_not_found()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo", "echo-v1");
        scene.Serve("v2", "echo", "echo-v2");
        scene.Route("split", "echo",
            Rule(new() { Path = PathMatch.Segments("/v2") }, To(("echo-v2", 1))),
            Rule(new() { Path = PathMatch.Exact("/v2/exact") }, To(("echo-v1", 1))));
        using var client = await scene.ClientAsync("echo");
        Assert.Equal("v2", await ServerAsync(client, "/v2/example"));
        Assert.Equal("v1", await ServerAsync(client, "/v2/exact"));
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/v2example")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/")).StatusCode);
    }

    [Fact]
    public async Task A_change_takes_effect_on_connections_that_are_open()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo", "echo-v1");
        scene.Serve("v2", "echo-v2");
        using var client = await scene.ClientAsync("echo");
        scene.Route("all", "echo", Rule(Everything, To(("echo-v1", 1))));
        Assert.Equal("v1", await ServerAsync(client, "/"));
        scene.Route("all", "echo", Rule(Everything, To(("echo-v2", 1))));
        Assert.Equal("v2", await ServerAsync(client, "/"));
    }

    [Fact]
    public async Task Weights_share_the_requests_and_zero_gets_none()
    {
        await using var scene = await StartAsync();
        var (v1, v2, v3) = (scene.Serve("v1", "echo", "echo-v1"), scene.Serve("v2", "echo-v2"), scene.Serve("v3", "echo-v3"));
        scene.Route("weights", "echo", Rule(Everything, To(("echo-v1", 70), ("echo-v2", 30), ("echo-v3", 0))));
        using var client = await scene.ClientAsync("echo");
        for (var i = 0; i < 1000; i++) (await client.GetAsync("/")).Dispose();
        Assert.Equal((1000, 0), (v1.Requests + v2.Requests, v3.Requests));
        Assert.InRange(v2.Requests, 210, 390); // six standard deviations
    }

    [Fact]
    public async Task Consumer_routes_are_for_clients_of_their_namespace_and_replace_the_producers()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo", "echo-v1");
        scene.Serve("v2", "echo-v2");
        scene.Route("producer", "echo", Rule(Everything, To(("echo-v1", 1))));
        scene.Apply(new Model.Traffic.TrafficResource("HTTPRoute/consumer/own", new Route
        {
            Kind = RouteKind.HttpRoute, Namespace = "consumer", Name = "own", Parents = [new(KeyOf("echo"), 80)], Rules = [Rule(Everything, To(("echo-v2", 1)))],
        }));
        using var other = await scene.ClientAsync("echo");
        using var consumer = await scene.ClientAsync("echo", identity: new("cluster.local", "consumer", "client"));
        Assert.Equal("v1", await ServerAsync(other, "/"));
        Assert.Equal("v2", await ServerAsync(consumer, "/"));
    }

    [Fact]
    public async Task A_route_for_one_port_leaves_the_others_alone()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        scene.Serve("v2", "echo-v2");
        scene.Apply(new Model.Traffic.TrafficResource("HTTPRoute/shop/port", new Route
        {
            Kind = RouteKind.HttpRoute, Namespace = "shop", Name = "port", Parents = [new(KeyOf("echo"), 80)], Rules = [Rule(Everything, To(("echo-v2", 1)))],
        }));
        using var http = await scene.ClientAsync("echo");
        using var alternative = await scene.ClientAsync("echo", port: 8080);
        Assert.Equal("v2", await ServerAsync(http, "/"));
        Assert.Equal("v1", await ServerAsync(alternative, "/"));
    }

    [Fact]
    public async Task A_backend_without_a_port_is_asked_at_the_port_that_was_dialled()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo", "echo-v1");
        scene.Route("same", "echo", Rule(Everything, new() { Backends = [new() { Service = KeyOf("echo-v1") }] }));
        using var http = await scene.ClientAsync("echo");
        using var alternative = await scene.ClientAsync("echo", port: 8080);
        Assert.Equal("v1", await ServerAsync(http, "/"));
        Assert.Equal("v1", await ServerAsync(alternative, "/"));
    }

    [Fact]
    public async Task An_invalid_backend_answers_500_for_its_share_and_one_without_servers_503()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        scene.Route("bad", "echo",
            Rule(new() { Path = PathMatch.Segments("/invalid") }, new() { Backends = [new() { Service = KeyOf("none"), Invalid = "there is no such service" }] }),
            Rule(new() { Path = PathMatch.Segments("/empty") }, To(("none", 1))),
            Rule(new() { Path = PathMatch.Segments("/nothing") }, RouteAction.Default));
        using var client = await scene.ClientAsync("echo");
        Assert.Equal(HttpStatusCode.InternalServerError, (await client.GetAsync("/invalid")).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/empty")).StatusCode);
        Assert.Equal(HttpStatusCode.InternalServerError, (await client.GetAsync("/nothing")).StatusCode);
    }

    [Fact]
    public async Task What_does_not_use_the_waypoint_is_refused()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        var node = scene.NodeOf();
        var at = await node.OpenAsync("10.99.0.1:80");
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        await socket.ConnectAsync(at);
        await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(() => socket.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken).AsTask());
        Assert.Equal(404, node.LastRefusal);
    }

    [Fact]
    public async Task The_path_that_is_routed_is_the_path_that_is_forwarded()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo", "echo-v1");
        scene.Route("admin", "echo", Rule(new() { Path = PathMatch.Segments("/public") }, To(("echo-v1", 1))));
        using var client = await scene.ClientAsync("echo");
        Assert.Equal(HttpStatusCode.NotFound, (await client.SendAsync(Raw("/public/../admin"))).StatusCode);
        var seen = await (await client.SendAsync(Raw("//public/./x%41?q=%2e%2e/"))).Content.ReadAsStringAsync();
        Assert.Contains("GET /public/xA?q=%2e%2e/ HTTP/1.1", seen, StringComparison.Ordinal);
    }

    internal static async Task<string> ServerAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return answer.Headers.GetValues("x-server").Single();
    }

    private static HttpRequestMessage Raw(string path) => new(HttpMethod.Get, new Uri($"http://echo{path}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
}
