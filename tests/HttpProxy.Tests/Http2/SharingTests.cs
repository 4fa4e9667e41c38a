using Ambient.Http2;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Routes;

namespace Ambient.HttpProxy.Tests.Http2;

/// <summary>Many exchanges on few connections to a server.</summary>
public sealed class SharingTests
{
    private static readonly RoutePlan NoRetries = new() { Retries = RetryPolicy.None };

    [Fact]
    public async Task Clients_of_both_protocols_share_one_connection()
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.Http2);
        var first = (await scene.ConnectHttp2Async()).Get("/1");
        var server = await scene.AcceptHttp2Async();
        var served = await server.AcceptAsync();
        var second = (await scene.ConnectHttp2Async()).Get("/2");
        var old = await scene.ConnectAsync();
        await old.SendAsync("GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");

        (await server.AcceptAsync()).SendHead(true, ":status", "204");
        (await server.AcceptAsync()).SendHead(true, ":status", "204");
        served.SendHead(true, ":status", "204");

        await first.HeadAsync();
        await second.HeadAsync();
        Assert.StartsWith("HTTP/1.1 204 ", await old.ReadHeadAsync());
    }

    [Fact]
    public async Task A_server_gets_no_more_streams_than_it_allows()
    {
        await using var scene = await ProxyScene.StartAsync(plan: NoRetries, protocol: UpstreamProtocol.Http2);
        var client = await scene.ConnectHttp2Async();
        var limit = new Http2Options { MaxConcurrentStreams = 2 };
        var warm = client.Get("/warm");
        var first = await scene.AcceptHttp2Async(limit);
        var warmed = await first.AcceptAsync();

        var calls = Enumerable.Range(0, 3).Select(number => client.Get($"/{number}")).ToArray(); // one more fits on the first connection
        var second = await scene.AcceptHttp2Async(limit);
        foreach (var served in new[] { await first.AcceptAsync(), await second.AcceptAsync(), await second.AcceptAsync(), warmed })
            served.SendHead(true, ":status", "204");

        await warm.HeadAsync();
        foreach (var call in calls) Assert.Equal([":status: 204"], await call.HeadAsync());
    }

    [Fact]
    public async Task A_connection_that_drains_is_not_lent()
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.Http2);
        var client = await scene.ConnectHttp2Async();
        var before = client.Get("/before");
        var first = await scene.AcceptHttp2Async();
        var served = await first.AcceptAsync();
        first.Do(first.Http2.GoAwayGraceful);
        await first.UntilAsync(() => first.Http2.IsDraining, "draining");
        served.SendHead(false, ":status", "200"); // behind the GOAWAY
        await before.HeadAsync();

        var after = client.Get("/after");
        (await (await scene.AcceptHttp2Async()).AcceptAsync()).SendHead(true, ":status", "204");
        await after.HeadAsync();
        await served.SendAsync("late", endStream: true);

        Assert.Equal("late", await before.BodyAsync()); // and what was under way goes on
        await first.UntilAsync(() => first.HasEnded, "the end of the connection that drained");
    }

    [Fact]
    public async Task An_idle_connection_is_closed_in_time()
    {
        await using var scene = await ProxyScene.StartAsync(new() { UpstreamIdleTimeout = TimeSpan.FromMilliseconds(50) }, protocol: UpstreamProtocol.Http2);
        var call = (await scene.ConnectHttp2Async()).Get();
        var server = await scene.AcceptHttp2Async();
        (await server.AcceptAsync()).SendHead(true, ":status", "204");
        await call.HeadAsync();

        await server.UntilAsync(() => server.HasEnded, "the connection's end");
    }

    [Fact]
    public async Task A_server_that_vanished_is_noticed_by_its_silence()
    {
        await using var scene = await ProxyScene.StartAsync(
            new() { Http2PingAfter = TimeSpan.FromMilliseconds(50), Http2PingTimeout = TimeSpan.FromMilliseconds(50) }, NoRetries, UpstreamProtocol.Http2);
        var client = await scene.ConnectHttp2Async();

        var call = client.Get();
        var silent = await scene.AcceptAsync(); // takes everything and never says a word

        Assert.Equal(":status: 503", (await call.HeadAsync())[0]);
        Assert.True(await silent.IsResetAsync());
    }

    [Fact]
    public async Task Many_requests_at_once_wait_for_one_connection()
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.Http2);
        var client = await scene.ConnectHttp2Async();

        var calls = Enumerable.Range(0, 100).Select(number => client.Get($"/{number}")).ToArray();
        var server = await scene.AcceptHttp2Async();
        for (var i = 0; i < 100; i++) (await server.AcceptAsync()).SendHead(true, ":status", "204");

        foreach (var call in calls) await call.HeadAsync();
    }

    [Theory]
    [InlineData(":status", "101")]
    [InlineData(":status", "700")]
    [InlineData(":status", "200", "connection", "close")]
    [InlineData(":status", "200", "transfer-encoding", "chunked")]
    [InlineData(":status", "200", "x", "a\r\nset-cookie: b")]
    [InlineData(":status", "200", "X-Upper", "a")]
    [InlineData(":status", "200", "content-length", "1", "content-length", "2")]
    [InlineData("x", "y")]
    public async Task A_response_that_breaks_the_rules_is_502_for_a_client_of_either_protocol(params string[] head)
    {
        await using var scene = await ProxyScene.StartAsync(plan: NoRetries, protocol: UpstreamProtocol.Http2);
        var (client, old) = (await scene.ConnectHttp2Async(), await scene.ConnectAsync());
        var call = client.Get();
        var server = await scene.AcceptHttp2Async();
        await old.SendAsync("GET /old HTTP/1.1\r\nHost: a\r\n\r\n");

        foreach (var served in new[] { await server.AcceptAsync(), await server.AcceptAsync() }) served.SendHead(false, head);

        Assert.Equal(":status: 502", (await call.HeadAsync())[0]);
        Assert.StartsWith("HTTP/1.1 502 ", await old.ReadHeadAsync());
        Assert.Equal(ExchangeFlag.UpstreamRefused, (await scene.ReportAsync()).Flag);
    }
}
