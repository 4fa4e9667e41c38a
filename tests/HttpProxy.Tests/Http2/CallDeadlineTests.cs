using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Routes;

namespace Ambient.HttpProxy.Tests.Http2;

/// <summary>The deadline of a gRPC call (grpc-timeout): the least of it and the route's holds, and the server is told what is left of it.</summary>
public sealed class CallDeadlineTests
{
    private static readonly RoutePlan NoRetries = new() { Retries = RetryPolicy.None };

    [Theory]
    [InlineData("10S", 0, 10)]
    [InlineData("10000m", 0, 10)]
    [InlineData("1H", 5, 5)]
    [InlineData("2S", 5, 2)]
    public async Task The_server_is_told_what_is_left(string sent, int route, int seconds)
    {
        await using var scene = await ProxyScene.StartAsync(plan: NoRetries with { Timeout = TimeSpan.FromSeconds(route) }, protocol: UpstreamProtocol.Http2);
        Call(await scene.ConnectHttp2Async(), sent);
        var head = await (await (await scene.AcceptHttp2Async()).AcceptAsync()).HeadAsync();

        var told = Assert.Single(head, line => line.StartsWith("grpc-timeout"));
        Assert.Matches("^grpc-timeout: [0-9]{1,8}u$", told);
        Assert.InRange(int.Parse(told[14..^1]), 1, seconds * 1_000_000);
    }

    [Theory]
    [InlineData("soon")]
    [InlineData("123456789S")]
    [InlineData("1")]
    public async Task What_is_no_deadline_passes_as_it_is(string sent)
    {
        await using var scene = await ProxyScene.StartAsync(plan: NoRetries, protocol: UpstreamProtocol.Http2);
        Call(await scene.ConnectHttp2Async(), sent);

        Assert.Contains($"grpc-timeout: {sent}", await (await (await scene.AcceptHttp2Async()).AcceptAsync()).HeadAsync());
    }

    [Fact]
    public async Task Of_other_requests_it_is_a_field_like_any()
    {
        await using var scene = await ProxyScene.StartAsync(plan: NoRetries);
        var client = await scene.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\ngrpc-timeout: 1u\r\n\r\n");
        var server = await scene.AcceptAsync();

        Assert.Contains("grpc-timeout: 1u\r\n", await server.ReadHeadAsync());
        await server.SendAsync("HTTP/1.1 204 No Content\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 204 ", await client.ReadHeadAsync());
    }

    [Theory]
    [InlineData("50m", 0)]
    [InlineData("0n", 0)]
    [InlineData("1H", 50)]
    public async Task When_it_is_over_the_client_is_told_so_and_the_server_too(string sent, int route)
    {
        await using var scene = await ProxyScene.StartAsync(plan: NoRetries with { Timeout = TimeSpan.FromMilliseconds(route) }, protocol: UpstreamProtocol.Http2);
        var client = await scene.ConnectHttp2Async();
        var waits = client.Open(endStream: false, ":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/first"); // so that there is a connection to the server
        var server = await scene.AcceptHttp2Async();
        var served = await server.AcceptAsync();
        served.SendHead(true, ":status", "200");
        await waits.HeadAsync();

        var call = Call(client, sent);

        var head = await call.HeadAsync();
        Assert.Equal(":status: 200", head[0]);
        Assert.Contains("grpc-status: 4", head);
        var report = await scene.ReportAsync(2);
        Assert.Equal((ExchangeFlag.TimedOut, 4), (report.Flag, report.GrpcStatus));
    }

    private static Http2WireStream Call(Http2Wire client, string timeout) => client.Open(
        endStream: true, ":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/shop.Cart/Add", "content-type", "application/grpc", "te", "trailers", "grpc-timeout", timeout);
}
