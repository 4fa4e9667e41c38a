using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.TestKit;

namespace Ambient.HttpProxy.Tests;

public sealed class LifecycleTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    [Fact]
    public async Task Draining_closes_who_is_idle_and_lets_finish_who_is_not()
    {
        await using var scene = await ProxyScene.StartAsync();
        var (idle, server) = await scene.AfterOneExchangeAsync();
        var busy = await scene.ConnectAsync();
        await busy.SendAsync(Get);
        await server.ReadHeadAsync(); // on the connection that the first exchange left

        var draining = scene.Loop.RunAsync(async () => await scene.Connections.DrainAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal("", await idle.ReadToEndAsync());
        await server.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");

        var response = await busy.ReadToEndAsync();
        Assert.Contains("done", response, StringComparison.Ordinal);
        Assert.Equal(0, await draining.WaitAsync(Wire.Limit)); // nobody had to be aborted
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_request_that_was_on_its_way_when_draining_began_is_served(bool hasServed)
    {
        await using var scene = await ProxyScene.StartAsync();
        var (used, server) = await scene.AfterOneExchangeAsync();
        var client = hasServed ? used : await scene.ConnectAsync();
        var draining = scene.Loop.RunAsync(async () => await scene.Connections.DrainAsync(TimeSpan.FromSeconds(20)));
        await scene.Loop.RunAsync(() => ValueTask.CompletedTask); // it drains

        await client.SendAsync(Get);
        await server.ReadHeadAsync();
        await server.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", await client.ReadToEndAsync());
        Assert.Equal(0, await draining.WaitAsync(Wire.Limit));
    }

    [Fact]
    public async Task A_request_that_comes_while_draining_is_served_and_told_that_it_is_the_last()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHo");
        await scene.Loop.RunAsync(() => ValueTask.CompletedTask);
        var (other, server) = await scene.AfterOneExchangeAsync(); // by then the first one's beginning was read

        var draining = scene.Loop.RunAsync(async () => await scene.Connections.DrainAsync(TimeSpan.FromSeconds(20)));
        await other.ReadToEndAsync();
        await client.SendAsync("st: a\r\n\r\n");
        await server.ReadHeadAsync();
        await server.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");

        Assert.Equal("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", await client.ReadToEndAsync());
        await draining.WaitAsync(Wire.Limit);
    }

    [Fact]
    public async Task An_idle_connection_is_closed_in_time()
    {
        await using var scene = await ProxyScene.StartAsync(new() { IdleTimeout = TimeSpan.FromMilliseconds(50) });
        var client = await scene.ConnectAsync();

        Assert.Equal("", await client.ReadToEndAsync());
    }

    [Fact]
    public async Task A_client_that_says_byte_by_byte_what_it_speaks_has_the_time_of_one_head_for_all_of_them()
    {
        var time = new ManualTime();
        await using var scene = await ProxyScene.StartAsync(time: time);
        scene.Decide = static _ => RouteDecision.Refuse(404, "No such route.");
        var client = await scene.ConnectAsync();
        foreach (var letter in "PRI")
        {
            await client.SendAsync($"{letter}");
            var other = await scene.ConnectAsync();
            await other.SendAsync(Get);
            await other.ReadHeadAsync(); // by then the letter was read
            time.Advance(HttpProxyOptions.Default.HeaderTimeout / 3);
        }

        Assert.Equal("", await client.ReadToEndAsync());
    }

    [Fact]
    public async Task Connections_to_servers_are_shared_by_clients_and_close_when_nobody_wants_them()
    {
        await using var scene = await ProxyScene.StartAsync(new() { UpstreamIdleTimeout = TimeSpan.FromMilliseconds(50) });
        var (_, server) = await scene.AfterOneExchangeAsync();

        Assert.Equal("", await server.ReadToEndAsync());
    }

    [Fact]
    public async Task An_idle_connection_holds_no_buffer()
    {
        await using var scene = await ProxyScene.StartAsync();
        await scene.AfterOneExchangeAsync();
        await scene.ReportAsync();

        Assert.Equal(0, await scene.Loop.RunAsync(() => new ValueTask<int>(scene.Loop.Slabs.Rented)));
    }
}
