using System.Net;
using Ambient.Waypoint.Tests.Scenes;

namespace Ambient.Waypoint.Tests;

/// <summary>A service uses this waypoint no longer.</summary>
public sealed class DetachmentTests
{
    [Fact]
    public async Task What_nodes_still_send_is_served_and_connections_are_asked_to_end()
    {
        await using var scene = await WaypointScene.StartAsync();
        var server = scene.Serve("v1", "echo");
        using var early = await scene.ClientAsync("echo");
        Assert.Null((await early.GetAsync("/", TestContext.Current.CancellationToken)).Headers.ConnectionClose);

        scene.Detach("echo");

        await scene.UntilAsync(async () => (await early.GetAsync("/")).Headers.ConnectionClose == true);
        using var late = await scene.ClientAsync("echo");
        Assert.Equal(HttpStatusCode.OK, (await late.GetAsync("/", TestContext.Current.CancellationToken)).StatusCode);
        Assert.True(server.Requests >= 3);
    }

    [Fact]
    public async Task What_never_used_it_is_refused_before_and_after()
    {
        await using var scene = await WaypointScene.StartAsync();
        scene.Serve("v1", "echo");
        scene.Detach("other");
        var node = scene.NodeOf();
        var at = await node.OpenAsync($"{WaypointScene.VipOf("other")}:80");
        using var client = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        await client.ConnectAsync(at, TestContext.Current.CancellationToken);
        await scene.UntilAsync(() => Task.FromResult(node.LastRefusal == 404));
    }
}
