using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Identities;
using Ambient.Model.Routes;
using Ambient.TestKit;
using Ambient.Waypoint.Inbound;
using Ambient.Waypoint.Tests.Scenes;
using static Ambient.Waypoint.Tests.Scenes.WaypointScene;

namespace Ambient.Waypoint.Tests;

/// <summary>Pods that go and come while the mesh hears of it late. Real tunnels; the news come while a node proxy is being asked.</summary>
public sealed class RestartTests
{
    private static readonly RetryPolicy AtOnce = RetryPolicy.Default with { BackoffBase = TimeSpan.Zero };

    [Fact]
    public async Task A_request_that_no_pod_took_goes_to_the_one_that_comes_next()
    {
        await using var scene = await StartAsync();
        await using var nodes = scene.NodeProxies();
        await using var server = new EchoServer("new", new(IPAddress.Loopback, 0));
        var (old, next) = (await PodAsync(scene, nodes, "old", server), await PodAsync(scene, nodes, "new", server));
        scene.Know("old", old, 80, "echo");
        nodes.Answer = asked =>
        {
            if (asked == 5) Replace(scene, next); // that was the last attempt
            return asked <= 5 ? 503 : 200;
        };
        using var client = await scene.ClientAsync("echo");

        using var answer = await client.PostAsync("/", new StringContent("once"), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.EndsWith("\r\n\r\nonce", server.Seen.Single(), StringComparison.Ordinal);
        Assert.Equal([.. Enumerable.Repeat($"{old}:80", 5), $"{next}:80"], nodes.Asked.Select(static asked => asked.Authority));
    }

    [Fact]
    public async Task A_connection_that_no_pod_took_goes_to_the_one_that_comes_next()
    {
        await using var scene = await StartAsync();
        await using var nodes = scene.NodeProxies();
        await using var server = new EchoServer("new", new(IPAddress.Loopback, 0));
        var (old, next) = (await PodAsync(scene, nodes, "old", server), await PodAsync(scene, nodes, "new", server));
        scene.Know("old", old, 80, "echo");
        nodes.Answer = asked =>
        {
            if (asked == 3) Replace(scene, next);
            return asked <= 3 ? 503 : 200;
        };
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(await scene.NodeOf().OpenAsync($"{VipOf("echo")}:8080"), TestContext.Current.CancellationToken);
        await client.SendAsync("SPEAK / HTTP/1.1\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);

        var buffer = new byte[4096];
        Assert.StartsWith("HTTP/1.1 200 ", Encoding.ASCII.GetString(buffer, 0, await client.ReceiveAsync(buffer, TestContext.Current.CancellationToken)), StringComparison.Ordinal);
        Assert.Equal([.. Enumerable.Repeat($"{old}:80", 3), $"{next}:80"], nodes.Asked.Select(static asked => asked.Authority));
    }

    [Fact]
    public async Task A_services_servers_can_be_waited_for_while_it_is_news_that_they_are_gone()
    {
        var time = new ManualTime();
        await using var scene = await StartAsync(time);
        scene.Know("old", IPAddress.Parse("127.9.7.1"), 80, "echo");
        var target = new DialledTarget(scene.Parts.Rules.Mesh.Current.FindService(KeyOf("echo")), null, IPAddress.Parse(VipOf("echo")), 80);
        UpstreamCluster Now() => scene.Parts.Rules.Services.ServersOf(target, null, "", new(1))!.Current;
        Assert.False(Now().ExpectsNews([], time.GetTimestamp()));

        scene.Forget("old");
        var empty = Now();
        Assert.True(empty.ExpectsNews([], time.GetTimestamp()));
        var (one, other) = (empty.News!.AfterAsync(empty), empty.News.AfterAsync(empty));
        Assert.False(one.IsCompleted);
        scene.Know("elsewhere", IPAddress.Parse("127.9.7.2"), 80, "other");
        Assert.Same(empty, Now());
        Assert.False(one.IsCompleted);
        scene.Know("new", IPAddress.Parse("127.9.7.3"), 80, "echo");
        Assert.Equal("127.9.7.3:80", $"{(await one).Endpoints.Single().Address}");
        Assert.Same(await one, await other);

        scene.Forget("new");
        Assert.True(Now().ExpectsNews([], time.GetTimestamp()));
        time.Advance(TimeSpan.FromSeconds(5.01));
        Assert.False(Now().ExpectsNews([], time.GetTimestamp()));
    }

    [Fact]
    public async Task Nobody_waits_for_servers_of_a_service_that_has_been_forgotten()
    {
        await using var scene = await StartAsync();
        scene.Know("old", IPAddress.Parse("127.9.7.1"), 80, "echo");
        var target = new DialledTarget(scene.Parts.Rules.Mesh.Current.FindService(KeyOf("echo")), null, IPAddress.Parse(VipOf("echo")), 80);
        var known = scene.Parts.Rules.Services.ServersOf(target, null, "", new(1))!.Current;
        scene.Forget("old");
        scene.Parts.Rules.Mesh.Apply(new() { RemovedAddresses = [$"{KeyOf("echo")}"] });
        var gone = scene.Parts.Rules.Services.ServersOf(target, null, "", new(1))!.Current;
        var waiting = gone.News!.AfterAsync(gone);
        Assert.NotSame(known, gone);
        Assert.False(waiting.IsCompleted);

        scene.Parts.Rules.Services.Forget();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System));
    }

    [Fact]
    public async Task A_pod_that_is_silent_is_given_two_seconds()
    {
        var time = new ManualTime();
        await using var scene = await StartAsync(time);
        await using var nodes = scene.NodeProxies();
        await using var server = new EchoServer("new", new(IPAddress.Loopback, 0));
        var silent = NewPodAddress();
        using var listener = new TcpListener(silent, 15008); // its node takes the connection and says nothing
        listener.Start();
        scene.Know("old", silent, 80, "echo");
        scene.Route("at-once", "echo", Rule(RouteMatch.Everything, To(("echo", 1)) with { Retries = AtOnce }));
        var next = await PodAsync(scene, nodes, "new", server);
        using var client = await scene.ClientAsync("echo");

        var asking = client.PostAsync("/", new StringContent("once"), TestContext.Current.CancellationToken);
        using var connection = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        Assert.True(await connection.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken) > 0); // of the handshake
        Replace(scene, next);
        time.Advance(TimeSpan.FromSeconds(2)); // the clock stands still but for this

        using var answer = await asking;
        Assert.Equal((HttpStatusCode.OK, 1), (answer.StatusCode, server.Requests));
        Assert.Equal([$"{next}:80"], nodes.Asked.Select(static asked => asked.Authority));
    }

    [Fact]
    public async Task A_pod_that_hears_late_that_we_are_its_waypoint_is_asked_again_until_it_agrees()
    {
        await using var scene = await StartAsync();
        await using var nodes = scene.NodeProxies();
        await using var server = new EchoServer("web", new(IPAddress.Loopback, 0));
        var pod = await PodAsync(scene, nodes, "web", server);
        scene.Know("web", pod, 80, "echo");
        scene.Route("once", "echo", Rule(RouteMatch.Everything, To(("echo", 1)) with { Retries = RetryPolicy.None })); // it is the dialler that asks again
        nodes.Answer = static asked => asked < 3 ? 421 : 200;
        using var client = await scene.ClientAsync("echo");

        using var answer = await client.PostAsync("/", new StringContent("once"), TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.OK, 1), (answer.StatusCode, server.Requests));
        Assert.Equal(Enumerable.Repeat($"{pod}:80", 3), nodes.Asked.Select(static asked => asked.Authority));
    }

    [Fact]
    public async Task A_pod_that_never_agrees_is_given_up()
    {
        await using var scene = await StartAsync();
        await using var nodes = scene.NodeProxies();
        await using var server = new EchoServer("web", new(IPAddress.Loopback, 0));
        scene.Know("web", await PodAsync(scene, nodes, "web", server), 80, "echo");
        scene.Route("once", "echo", Rule(RouteMatch.Everything, To(("echo", 1)) with { Retries = RetryPolicy.None }));
        nodes.Answer = static _ => 421;
        using var client = await scene.ClientAsync("echo");

        using var answer = await client.PostAsync("/", new StringContent("once"), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("421", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal((6, 0), (nodes.Asked.Count, server.Requests));
    }

    /// <summary>A pod's node proxy; what it is asked for goes to <paramref name="server"/>. The mesh does not know of it yet.</summary>
    private static async Task<IPAddress> PodAsync(WaypointScene scene, NodeProxies nodes, string name, EchoServer server)
    {
        var address = NewPodAddress();
        await nodes.ListenAsync(new(address, 15008), new SpiffeId("cluster.local", Namespace, name), server.Address);
        return address;
    }

    private static void Replace(WaypointScene scene, IPAddress next)
    {
        scene.Forget("old");
        scene.Know("new", next, 80, "echo");
    }
}
