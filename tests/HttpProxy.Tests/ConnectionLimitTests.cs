using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Traffic;
using Ambient.TestKit;

namespace Ambient.HttpProxy.Tests;

/// <summary>What a policy says of the connections to servers.</summary>
public sealed class ConnectionLimitTests
{
    [Fact]
    public async Task A_connection_of_http_1_carries_no_more_requests_than_its_server_allows()
    {
        await using var scene = await ProxyScene.StartAsync();
        Limit(scene, new() { MaxRequestsPerConnection = 2 }, UpstreamProtocol.Http1);
        var (client, first) = await scene.AfterOneExchangeAsync();

        await client.SendAsync("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
        await first.ReadHeadAsync();
        await first.SendAsync("HTTP/1.1 204 No Content\r\n\r\n");
        await client.ReadHeadAsync();
        Assert.Equal("", await first.ReadToEndAsync());
        await client.SendAsync("GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
        var second = await scene.AcceptAsync();

        Assert.StartsWith("GET /3 ", await second.ReadHeadAsync());
    }

    [Fact]
    public async Task A_connection_of_http_2_carries_no_more_requests_than_its_server_allows()
    {
        await using var scene = await ProxyScene.StartAsync();
        Limit(scene, new() { MaxRequestsPerConnection = 2 }, UpstreamProtocol.Http2);
        var client = await scene.ConnectHttp2Async();

        var calls = Enumerable.Range(1, 3).Select(number => client.Get($"/{number}")).ToArray();
        var first = await scene.AcceptHttp2Async();
        var second = await scene.AcceptHttp2Async();
        foreach (var server in (Http2Wire[])[first, first, second]) (await server.AcceptAsync()).SendHead(true, ":status", "204");

        foreach (var call in calls) Assert.Equal([":status: 204"], await call.HeadAsync());
        await first.UntilAsync(() => first.HasEnded, "the end of the connection that has carried its two");
    }

    [Theory]
    [InlineData(UpstreamProtocol.Http1)]
    [InlineData(UpstreamProtocol.Http2)]
    public async Task A_connection_lies_idle_no_longer_than_its_server_allows(UpstreamProtocol protocol)
    {
        var time = new ManualTime();
        await using var scene = await ProxyScene.StartAsync(time: time);
        Limit(scene, new() { IdleTimeout = TimeSpan.FromSeconds(10) }, protocol);
        if (protocol == UpstreamProtocol.Http1)
        {
            var (_, server) = await scene.AfterOneExchangeAsync();
            await scene.ReportAsync();
            var ended = server.ReadToEndAsync();
            await PassAsync(time, ended);
            Assert.Equal("", await ended);
            return;
        }

        var call = (await scene.ConnectHttp2Async()).Get();
        var shared = await scene.AcceptHttp2Async();
        (await shared.AcceptAsync()).SendHead(true, ":status", "204");
        await call.HeadAsync();
        await scene.ReportAsync();
        await PassAsync(time, shared.UntilAsync(() => shared.HasEnded, "the connection's end"));
    }

    // Second by second, since it is looked at once in each: a look that began before a leap of the clock would set its next one after it.
    private static async Task PassAsync(ManualTime time, Task ended)
    {
        for (var second = 0; second < 12; second++)
        {
            await Task.WhenAny(time.WhenPendingAsync(1), ended);
            time.Advance(TimeSpan.FromSeconds(1));
        }
        await ended;
    }

    private static void Limit(ProxyScene scene, ConnectionLimits limits, UpstreamProtocol protocol)
    {
        var cluster = new UpstreamCluster("limited", [new(scene.Endpoint) { Protocol = protocol, Limits = limits }]);
        scene.Decide = _ => RouteDecision.To(cluster);
    }
}
