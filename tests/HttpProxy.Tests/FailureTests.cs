using System.Net;
using System.Net.Sockets;
using Ambient.Http2;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Filters;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Routes;
using Ambient.Model.Traffic;
using Ambient.TestKit;

namespace Ambient.HttpProxy.Tests;

public sealed class FailureTests
{
    private static readonly RoutePlan NoRetries = new() { Retries = RetryPolicy.None };

    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    [Fact]
    public async Task A_server_that_is_not_there_is_503_and_the_client_may_go_on()
    {
        await using var scene = await ProxyScene.StartAsync();
        var (client, _) = await scene.AfterOneExchangeAsync();
        scene.Decide = _ => ProxyScene.To(new(IPAddress.Loopback, 1), NoRetries);

        await client.SendAsync(Get);

        Assert.StartsWith("HTTP/1.1 503 ", await client.ReadHeadAsync());
        Assert.Equal(ExchangeFlag.UpstreamConnectFailed, (await scene.ReportAsync(2)).Flag);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "access-control-allow-origin", true)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n", "content-type", false)]
    public async Task A_field_that_there_is_one_of_is_in_an_answer_once(string request, string name, bool hasOperators)
    {
        await using var scene = await ProxyScene.StartAsync();
        scene.Decide = head => RouteDecision.Answer(new(503, "no")) with
        {
            Plan = new() { ResponseEdits = FieldEdits.Of(new HeaderEdits { Set = [new(name, hasOperators ? "%PROTOCOL%" : "text/html", hasOperators)] }) },
            ResponseFields = hasOperators ? [new(name, "https://foo")] : [],
            Facts = new(head, default) { Client = scene.Endpoint, Peer = scene.Endpoint, Local = scene.Endpoint },
        };
        var client = await scene.ConnectAsync();

        await client.SendAsync(request);

        Assert.Single((await client.ReadHeadAsync()).Split("\r\n"), line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_delay_ends_when_its_client_leaves(bool http2)
    {
        await using var scene = await ProxyScene.StartAsync();
        var delayed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        scene.Decide = _ =>
        {
            delayed.SetResult();
            return RouteDecision.Refuse(500, "too late") with { Delay = TimeSpan.FromHours(1) };
        };
        if (http2)
        {
            var call = (await scene.ConnectHttp2Async()).Get();
            await delayed.Task.WaitAsync(Wire.Limit);
            call.Reset(Http2ErrorCode.Cancel);
        }
        else
        {
            var client = await scene.ConnectAsync();
            await client.SendAsync(Get);
            await delayed.Task.WaitAsync(Wire.Limit);
            client.Reset();
        }

        var report = await scene.ReportAsync();
        Assert.Equal((ExchangeFlag.DownstreamEnded, 0), (report.Flag, report.Status));
    }

    [Theory]
    [InlineData("GET", true)]
    [InlineData("DELETE", true)]
    [InlineData("POST", false)]
    [InlineData("PATCH", false)]
    public async Task A_kept_connection_that_ends_silently_is_replaced_only_if_the_request_may_be_repeated(string method, bool repeated)
    {
        await using var scene = await ProxyScene.StartAsync();
        var (client, server) = await scene.AfterOneExchangeAsync();

        await client.SendAsync($"{method} /again HTTP/1.1\r\nHost: a\r\n\r\n");
        await server.ReadHeadAsync();
        server.Dispose();

        if (repeated)
        {
            var second = await scene.AcceptAsync();
            Assert.StartsWith($"{method} /again ", await second.ReadHeadAsync());
            await second.SendAsync("HTTP/1.1 204 No Content\r\n\r\n");
        }

        Assert.StartsWith(repeated ? "HTTP/1.1 204 " : "HTTP/1.1 503 ", await client.ReadHeadAsync());
        Assert.Equal(1, (await scene.ReportAsync(2)).Attempts); // of servers: a dead connection is no answer of a server
    }

    [Fact]
    public async Task A_new_connection_that_ends_silently_is_not_tried_again()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync(Get);
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        server.Dispose();

        Assert.StartsWith("HTTP/1.1 503 ", await client.ReadHeadAsync());
        Assert.Equal((ExchangeFlag.UpstreamEnded, 1), ((await scene.ReportAsync()).Flag, (await scene.ReportAsync()).Attempts));
    }

    [Fact]
    public async Task A_kept_connection_that_the_server_closed_is_not_used()
    {
        await using var scene = await ProxyScene.StartAsync();
        var (client, server) = await scene.AfterOneExchangeAsync();
        server.Dispose();
        var other = await scene.ConnectAsync(); // its arrival makes the loop turn after the server's end
        await other.SendAsync("POST /new HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");

        var second = await scene.AcceptAsync();

        Assert.StartsWith("POST /new ", await second.ReadHeadAsync());
        client.Dispose();
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")]
    public async Task Half_a_response_never_looks_like_a_whole_one(string half)
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync(Get);
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        await server.SendAsync(half);
        await client.ReadToAsync("half");
        server.Dispose();

        Assert.True(await client.IsResetAsync());
    }

    [Fact]
    public async Task A_response_whose_framing_breaks_is_cut()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync(Get);
        var server = await scene.AcceptAsync();
        await server.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nnonsense\r\n");

        Assert.True(await client.IsResetAsync());
        Assert.Equal(ExchangeFlag.UpstreamRefused, (await scene.ReportAsync()).Flag);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\nContent-Length: 1\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH\r\n")]
    [InlineData("HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n")]
    public async Task A_response_that_could_be_read_in_two_ways_is_502(string response)
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync(Get);
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        await server.SendAsync(response);

        Assert.StartsWith("HTTP/1.1 502 ", await client.ReadHeadAsync());
        Assert.Equal("", await server.ReadToEndAsync()); // and its connection is over
        Assert.Equal(ExchangeFlag.UpstreamRefused, (await scene.ReportAsync()).Flag);
    }

    [Theory]
    [InlineData("Content-Length: 9\r\n\r\nhalf", "")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "nonsense\r\n")]
    public async Task What_a_client_does_wrong_is_not_held_against_the_server(string half, string rest)
    {
        await using var scene = await ProxyScene.StartAsync();
        var rule = new OutlierDetection(1, 0, false, 0, TimeSpan.FromHours(1), TimeSpan.FromHours(1), MaxEjectionPercent: 100, 0);
        var cluster = new UpstreamCluster("one", [new(scene.Endpoint)], new(TrafficPolicy.Default with { Outlier = rule }, TimeProvider.System));
        scene.Decide = _ => RouteDecision.To(cluster, NoRetries);
        var client = await scene.ConnectAsync();

        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\n" + half);
        var server = await scene.AcceptAsync();
        await server.ReadToAsync("half");
        await client.SendAsync(rest);
        client.Finish();
        Assert.NotEqual(ExchangeFlag.UpstreamEnded, (await scene.ReportAsync()).Flag);
        await (await scene.ConnectAsync()).SendAsync(Get);

        Assert.StartsWith("GET / ", await (await scene.AcceptAsync()).ReadHeadAsync());
    }

    [Theory]
    [InlineData(UpstreamProtocol.Http1)]
    [InlineData(UpstreamProtocol.Http2)]
    public async Task A_route_has_its_time_also_for_a_server_that_cannot_be_connected_to(UpstreamProtocol protocol)
    {
        var (time, routed) = (new ManualTime(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        server.Listen(0);
        using var only = await Wire.ConnectAsync((IPEndPoint)server.LocalEndPoint!); // there is no room for another
        await using var scene = await ProxyScene.StartAsync(time: time);
        scene.Decide = _ =>
        {
            routed.TrySetResult();
            return ProxyScene.To((IPEndPoint)server.LocalEndPoint!, NoRetries with { Timeout = TimeSpan.FromSeconds(1) }, protocol);
        };
        var client = await scene.ConnectAsync();

        await client.SendAsync(Get);
        await routed.Task.WaitAsync(Wire.Limit);
        await scene.Loop.RunAsync(static () => ValueTask.CompletedTask); // by now it is being connected to
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.StartsWith("HTTP/1.1 504 ", await client.ReadHeadAsync());
        Assert.Equal(ExchangeFlag.TimedOut, (await scene.ReportAsync()).Flag);
    }

    [Fact]
    public async Task A_route_has_its_time()
    {
        await using var scene = await ProxyScene.StartAsync();
        scene.Decide = _ => ProxyScene.To(scene.Endpoint, NoRetries with { Timeout = TimeSpan.FromMilliseconds(50) });
        var client = await scene.ConnectAsync();

        await client.SendAsync(Get);

        Assert.StartsWith("HTTP/1.1 504 ", await client.ReadHeadAsync());
        Assert.Equal(ExchangeFlag.TimedOut, (await scene.ReportAsync()).Flag);
    }

    [Fact]
    public async Task A_response_that_is_late_in_its_middle_is_cut()
    {
        var time = new ManualTime();
        await using var scene = await ProxyScene.StartAsync(time: time);
        scene.Decide = _ => ProxyScene.To(scene.Endpoint, NoRetries with { Timeout = TimeSpan.FromMilliseconds(300) });
        var client = await scene.ConnectAsync();

        await client.SendAsync(Get);
        var server = await scene.AcceptAsync();
        await server.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
        await client.ReadToAsync("half");
        time.Advance(TimeSpan.FromMilliseconds(300));

        Assert.True(await client.IsResetAsync());
        Assert.Equal((200, ExchangeFlag.TimedOut), ((await scene.ReportAsync()).Status, (await scene.ReportAsync()).Flag));
    }

    [Fact]
    public async Task A_head_that_does_not_come_in_time_is_408()
    {
        await using var scene = await ProxyScene.StartAsync(new() { HeaderTimeout = TimeSpan.FromMilliseconds(50) });
        var client = await scene.ConnectAsync();

        await client.SendAsync("GET / HTTP/1.1\r\nHos");

        Assert.StartsWith("HTTP/1.1 408 ", await client.ReadToEndAsync());
    }

    [Fact]
    public async Task A_client_that_leaves_takes_its_request_with_it()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync(Get);
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        client.Reset();

        Assert.True(await server.IsResetAsync());
        Assert.Equal((0, ExchangeFlag.DownstreamEnded), ((await scene.ReportAsync()).Status, (await scene.ReportAsync()).Flag));
    }

    [Theory]
    [InlineData("Content-Length: 9\r\n\r\nhalf")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")]
    public async Task Half_a_request_never_looks_like_a_whole_one(string body)
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\n" + body);
        var server = await scene.AcceptAsync();
        await server.ReadToAsync("half");
        client.Finish();

        Assert.True(await server.IsResetAsync());
    }

    [Fact]
    public async Task A_body_that_breaks_its_framing_is_refused_on_both_sides()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
        var server = await scene.AcceptAsync();
        await server.ReadToAsync("ab");
        await client.SendAsync("zz\r\n");

        Assert.StartsWith("HTTP/1.1 400 ", await client.ReadHeadAsync());
        Assert.True(await server.IsResetAsync());
        Assert.Equal(ExchangeFlag.DownstreamRefused, (await scene.ReportAsync()).Flag);
    }

    [Fact]
    public async Task An_answer_that_does_not_wait_for_the_body_arrives_and_ends_the_connection()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        await server.SendAsync("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");

        Assert.Contains("connection: close\r\n", await client.ReadHeadAsync());
        Assert.Equal("no", await client.ReadAsync(2));
        client.Finish();
        Assert.Equal("", await client.ReadToEndAsync());
    }
}
