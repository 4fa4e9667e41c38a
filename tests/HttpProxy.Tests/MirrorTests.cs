using Ambient.HttpProxy.Tests.Scenes;

namespace Ambient.HttpProxy.Tests;

public sealed class MirrorTests
{
    [Fact]
    public async Task A_copy_that_ends_before_its_request_keeps_nothing_of_the_body()
    {
        await using var scene = await ProxyScene.StartAsync(); // counts what is left
        scene.Decide = _ => ProxyScene.To(scene.Endpoint) with { Mirrors = [new("nobody", [])] };
        var client = await scene.ConnectAsync();

        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
        var server = await scene.AcceptAsync();
        await server.ReadToAsync("hello");
        await client.SendAsync("world");
        await server.ReadToAsync("world");
        await server.SendAsync("HTTP/1.1 204 No Content\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 204 ", await client.ReadHeadAsync());
    }
}
