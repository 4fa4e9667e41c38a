using Ambient.HttpProxy.Tests.Scenes;

namespace Ambient.HttpProxy.Tests;

public sealed class UpgradeTests
{
    private const string Ask = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n";
    private const string Agree = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s\r\n\r\n";

    [Fact]
    public async Task After_the_upgrade_bytes_pass_as_they_are()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync(Ask);
        var server = await scene.AcceptAsync();
        var request = await server.ReadHeadAsync();
        await server.SendAsync(Agree + "first"); // behind the head, in one packet
        var response = await client.ReadHeadAsync();
        Assert.Equal("first", await client.ReadAsync(5));
        await client.SendAsync("GET / HTTP/1.1\r\nno request any more\0");
        Assert.Equal("GET / HTTP/1.1\r\nno request any more\0", await server.ReadAsync(36));
        server.Finish();
        Assert.Equal("", await client.ReadToEndAsync());
        await client.SendAsync("half open");

        Assert.Equal("half open", await server.ReadAsync(9));
        Assert.Equal("GET /chat HTTP/1.1\r\nhost: a\r\nSec-WebSocket-Key: k\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n", request);
        Assert.Equal("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n", response);
    }

    [Fact]
    public async Task A_server_that_declines_answers_like_any_other()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync(Ask);
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        await server.SendAsync("HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno");
        Assert.StartsWith("HTTP/1.1 400 ", await client.ReadHeadAsync());
        await client.ReadAsync(2);
        await client.SendAsync("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.StartsWith("GET /next ", await server.ReadHeadAsync());
    }

    // What a client sends before the 101 must reach the server only as what it is: bytes of the new protocol, or the next request.
    [Fact]
    public async Task Bytes_before_the_answer_wait_for_it()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync(Ask + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        await server.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await client.ReadHeadAsync();

        Assert.Equal("GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n", await server.ReadHeadAsync()); // as a request of its own, routed and checked
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n")]
    [InlineData("GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")]
    public async Task Other_upgrades_are_not_asked_for(string request)
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync(request);

        Assert.Equal("GET / HTTP/1.1\r\nhost: a\r\n\r\n", await (await scene.AcceptAsync()).ReadHeadAsync());
    }
}
