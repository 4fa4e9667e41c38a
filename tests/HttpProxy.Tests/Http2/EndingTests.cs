using Ambient.Http2;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Routes;
using Ambient.TestKit;

namespace Ambient.HttpProxy.Tests.Http2;

/// <summary>Half a message never looks like a whole one, and what ends on one side ends on the other.</summary>
public sealed class EndingTests
{
    private static readonly string[] Post = [":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/p"];
    private static readonly RoutePlan NoRetries = new() { Retries = RetryPolicy.None };

    [Fact]
    public async Task A_client_that_resets_its_stream_takes_its_request_with_it()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectHttp2Async();
        var call = client.Get();
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();

        call.Reset(Http2ErrorCode.Cancel);

        Assert.True(await server.IsResetAsync());
        Assert.Equal(ExchangeFlag.DownstreamEnded, (await scene.ReportAsync()).Flag);
    }

    [Fact]
    public async Task A_reset_reaches_the_servers_stream_and_no_other()
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.Http2);
        var client = await scene.ConnectHttp2Async();
        var gone = client.Open(endStream: false, Post);
        await gone.SendAsync("half");
        var server = await scene.AcceptHttp2Async();
        var served = await server.AcceptAsync();
        await served.BodyAsync(4);
        var other = client.Get("/other");
        var servedOther = await server.AcceptAsync();

        gone.Reset(Http2ErrorCode.Cancel);

        Assert.Equal(Http2ErrorCode.Cancel, await served.WaitForResetAsync());
        Assert.False(served.HasEnded);
        servedOther.SendHead(true, ":status", "204");
        Assert.Equal([":status: 204"], await other.HeadAsync());
    }

    [Fact]
    public async Task A_clients_connection_that_breaks_ends_all_its_requests()
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.Http2);
        var client = await scene.ConnectHttp2Async();
        client.Get("/1");
        client.Get("/2");
        var server = await scene.AcceptHttp2Async();
        var (first, second) = (await server.AcceptAsync(), await server.AcceptAsync());

        client.Reset();

        Assert.Equal(Http2ErrorCode.Cancel, await first.WaitForResetAsync());
        Assert.Equal(Http2ErrorCode.Cancel, await second.WaitForResetAsync());
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", ExchangeFlag.UpstreamEnded)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", ExchangeFlag.UpstreamEnded)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n", ExchangeFlag.UpstreamRefused)]
    public async Task Half_a_response_of_http_1_ends_in_a_reset(string half, ExchangeFlag flag)
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectHttp2Async();
        var call = client.Get();
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        await server.SendAsync(half);
        await call.BodyAsync(4);
        server.Dispose();

        Assert.Equal(Http2ErrorCode.InternalError, await call.WaitForResetAsync());
        Assert.False(call.HasEnded);
        Assert.Equal((200, flag), ((await scene.ReportAsync()).Status, (await scene.ReportAsync()).Flag));
    }

    [Fact]
    public async Task A_servers_reset_behind_the_head_is_the_clients_too()
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.Http2);
        var (client, old) = (await scene.ConnectHttp2Async(), await scene.ConnectAsync());
        var call = client.Get();
        var server = await scene.AcceptHttp2Async();
        await old.SendAsync("GET /old HTTP/1.1\r\nHost: a\r\n\r\n");
        foreach (var served in new[] { await server.AcceptAsync(), await server.AcceptAsync() })
        {
            served.SendHead(false, ":status", "200");
            await served.SendAsync("half");
            served.Reset(Http2ErrorCode.InternalError);
        }

        Assert.Equal(Http2ErrorCode.InternalError, await call.WaitForResetAsync());
        Assert.False(call.HasEnded);
        Assert.True(await old.IsResetAsync());
    }

    [Theory]
    [InlineData(Http2ErrorCode.RefusedStream, true)]
    [InlineData(Http2ErrorCode.InternalError, false)]
    public async Task A_stream_that_the_server_refuses_is_tried_again_by_default(Http2ErrorCode code, bool again)
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.Http2);
        var client = await scene.ConnectHttp2Async();
        var call = client.Open(endStream: false, Post);
        await call.SendAsync("body", endStream: true);
        var server = await scene.AcceptHttp2Async();
        var served = await server.AcceptAsync();
        await served.BodyAsync();
        served.Reset(code);
        if (again)
        {
            var second = await server.AcceptAsync();
            Assert.Equal("body", await second.BodyAsync());
            second.SendHead(true, ":status", "204");
        }

        Assert.Equal(again ? ":status: 204" : ":status: 503", (await call.HeadAsync())[0]);
        Assert.Equal(again ? 2 : 1, (await scene.ReportAsync()).Attempts);
    }

    [Fact]
    public async Task What_a_goaway_leaves_out_is_sent_on_another_connection_whatever_the_method()
    {
        await using var scene = await ProxyScene.StartAsync(plan: NoRetries, protocol: UpstreamProtocol.Http2);
        var client = await scene.ConnectHttp2Async();
        var call = client.Open(endStream: true, Post);
        var server = await scene.AcceptHttp2Async();
        await server.AcceptAsync();

        server.Send([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]); // GOAWAY, last stream 0, NO_ERROR
        var second = await (await scene.AcceptHttp2Async()).AcceptAsync();
        second.SendHead(true, ":status", "204");

        Assert.Equal([":status: 204"], await call.HeadAsync());
        Assert.Equal(1, (await scene.ReportAsync()).Attempts);
    }

    [Theory]
    [InlineData("GET", true)]
    [InlineData("POST", false)]
    public async Task A_connection_that_served_and_is_lost_is_replaced_only_if_the_request_may_be_repeated(string method, bool repeated)
    {
        await using var scene = await ProxyScene.StartAsync(plan: NoRetries, protocol: UpstreamProtocol.Http2);
        var client = await scene.ConnectHttp2Async();
        var first = client.Get();
        var server = await scene.AcceptHttp2Async();
        (await server.AcceptAsync()).SendHead(true, ":status", "204");
        await first.HeadAsync();

        var call = client.Open(endStream: true, ":method", method, ":scheme", "http", ":authority", "a", ":path", "/again");
        await server.AcceptAsync();
        server.Reset();
        if (repeated) (await (await scene.AcceptHttp2Async()).AcceptAsync()).SendHead(true, ":status", "204");

        Assert.Equal(repeated ? ":status: 204" : ":status: 503", (await call.HeadAsync())[0]);
    }

    [Theory]
    [InlineData(UpstreamProtocol.Http1)]
    [InlineData(UpstreamProtocol.Http2)]
    public async Task An_answer_that_does_not_wait_for_the_body_is_whole_and_the_rest_is_declined(UpstreamProtocol protocol)
    {
        await using var scene = await ProxyScene.StartAsync(protocol: protocol);
        var client = await scene.ConnectHttp2Async();
        var call = client.Open(endStream: false, [.. Post, "content-length", "1000"]);
        await call.SendAsync("some");
        if (protocol == UpstreamProtocol.Http1)
        {
            var server = await scene.AcceptAsync();
            await server.ReadToAsync("some");
            await server.SendAsync("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
            await EndedAsync();
            Assert.True(await server.IsResetAsync()); // half a request
            return;
        }

        var served = await (await scene.AcceptHttp2Async()).AcceptAsync();
        await served.BodyAsync(4);
        served.SendHead(false, ":status", "413");
        await served.SendAsync("no", endStream: true);
        await EndedAsync();
        Assert.Equal(Http2ErrorCode.Cancel, await served.WaitForResetAsync());

        async Task EndedAsync()
        {
            Assert.Equal("no", await call.BodyAsync());
            Assert.Equal(Http2ErrorCode.NoError, await call.WaitForResetAsync());
        }
    }

    [Fact]
    public async Task A_route_has_its_time()
    {
        var time = new ManualTime();
        await using var scene = await ProxyScene.StartAsync(plan: NoRetries with { Timeout = TimeSpan.FromMilliseconds(50) }, protocol: UpstreamProtocol.Http2, time: time);
        var client = await scene.ConnectHttp2Async();

        var call = client.Get();
        var served = await (await scene.AcceptHttp2Async()).AcceptAsync();
        time.Advance(TimeSpan.FromMilliseconds(50));

        Assert.Equal(":status: 504", (await call.HeadAsync())[0]);
        Assert.Equal(Http2ErrorCode.Cancel, await served.WaitForResetAsync());
    }

    [Fact]
    public async Task Draining_takes_two_steps_and_loses_nothing()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectHttp2Async();
        var before = client.Get("/before");
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();

        var draining = scene.Loop.RunAsync(async () => await scene.Connections.DrainAsync(TimeSpan.FromSeconds(20)));
        await client.UntilAsync(() => client.GoAways.Count == 2, "both steps");
        Assert.Equal([(0x7FFF_FFFFu, Http2ErrorCode.NoError), (before.Http2.Id, Http2ErrorCode.NoError)], client.GoAways);
        await server.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");

        Assert.Equal("done", await before.BodyAsync());
        await client.UntilAsync(() => client.HasEnded, "the connection's end");
        client.Dispose();
        Assert.Equal(0, await draining.WaitAsync(Wire.Limit)); // nobody had to be aborted
    }

    [Fact]
    public async Task An_idle_connection_is_drained_in_time()
    {
        await using var scene = await ProxyScene.StartAsync(new() { IdleTimeout = TimeSpan.FromMilliseconds(50) });
        var client = await scene.ConnectHttp2Async();

        await client.UntilAsync(() => client.HasEnded, "the connection's end");

        Assert.Equal(Http2ErrorCode.NoError, client.GoAways[0].Code);
    }
}
