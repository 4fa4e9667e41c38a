using Ambient.Http2;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.Upstreams;

namespace Ambient.HttpProxy.Tests;

/// <summary>What lasts longer than a proxy that drains is told so in the words of its protocol.</summary>
public sealed class ExpiryTests
{
    private const string Ask = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    private const string Agree = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    private const string GoingAway = "\u0088\u0002\u0003\u00E9";

    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(200);
    private static readonly Http2Options Offers = new() { ExtendedConnect = true };

    [Fact]
    public async Task Both_sides_of_a_WebSocket_get_a_close_frame()
    {
        await using var scene = await ProxyScene.StartAsync();
        var (client, server) = await JoinAsync(scene);
        await client.SendAsync("\u0081\u0082\0\0\0\0hi");
        Assert.Equal("\u0081\u0082\0\0\0\0hi", await server.ReadAsync(8));
        await server.SendAsync("\u0081\u0002hi");

        var draining = DrainAsync(scene);

        Assert.Equal("\u0081\u0002hi" + GoingAway, await client.ReadToEndAsync());
        Assert.True(IsMaskedGoingAway(await server.ReadToEndAsync()));
        await client.TrySendAsync(Masked("\u0003\u00E9", opcode: '\u0088')); // their answers are not passed on: each has its close frame
        client.Finish();
        server.Finish();
        Assert.Equal(1, await draining.WaitAsync(Wire.Limit));
    }

    [Fact]
    public async Task Who_drains_a_second_time_waits_with_the_first_and_nobody_is_told_twice()
    {
        await using var scene = await ProxyScene.StartAsync();
        var (client, server) = await JoinAsync(scene);

        var draining = Task.WhenAll(DrainAsync(scene), DrainAsync(scene));

        Assert.Equal(GoingAway, await client.ReadToEndAsync());
        Assert.True(IsMaskedGoingAway(await server.ReadToEndAsync()));
        client.Finish();
        server.Finish();
        await draining.WaitAsync(Wire.Limit);
    }

    [Fact]
    public async Task A_frame_under_way_is_not_broken_into()
    {
        await using var scene = await ProxyScene.StartAsync();
        var (client, server) = await JoinAsync(scene);
        await server.SendAsync("\u0081\u000Ahalf");
        Assert.Equal("\u0081\u000Ahalf", await client.ReadAsync(6));

        var draining = DrainAsync(scene);
        Assert.True(IsMaskedGoingAway(await server.ReadToEndAsync())); // the other direction was between two frames
        await server.SendAsync(" whole\u0081\u0005after");
        server.Finish();

        Assert.Equal(" whole" + GoingAway, await client.ReadToEndAsync());
        client.Finish();
        Assert.Equal(1, await draining.WaitAsync(Wire.Limit));
    }

    [Fact]
    public async Task A_frame_that_does_not_end_is_not_waited_for()
    {
        await using var scene = await ProxyScene.StartAsync();
        var (client, server) = await JoinAsync(scene);
        await server.SendAsync("\u0081\u000Ahalf");
        Assert.Equal("\u0081\u000Ahalf", await client.ReadAsync(6));

        Assert.Equal(1, await DrainAsync(scene).WaitAsync(Wire.Limit));

        var (text, wasReset) = await client.ReadUntilOverAsync();
        Assert.Equal(("", true), (text, wasReset));
    }

    [Fact]
    public async Task Whoever_was_closed_already_is_not_closed_again()
    {
        await using var scene = await ProxyScene.StartAsync();
        var (client, server) = await JoinAsync(scene);
        await server.SendAsync("\u0088\u0002\u0003\u00E8");
        Assert.Equal("\u0088\u0002\u0003\u00E8", await client.ReadAsync(4));

        var draining = DrainAsync(scene);
        Assert.True(IsMaskedGoingAway(await server.ReadToEndAsync()));
        server.Finish();

        Assert.Equal("", await client.ReadToEndAsync());
        client.Finish();
        Assert.Equal(1, await draining.WaitAsync(Wire.Limit));
    }

    [Fact]
    public async Task A_WebSocket_of_a_client_of_http2_gets_a_close_frame()
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.Http2);
        var call = (await scene.ConnectHttp2Async()).Open(
            endStream: false, ":method", "CONNECT", ":protocol", "websocket", ":scheme", "http", ":authority", "a", ":path", "/chat", "sec-websocket-version", "13");
        var served = await (await scene.AcceptHttp2Async(Offers)).AcceptAsync();
        served.SendHead(false, ":status", "200");
        await call.HeadAsync();
        await served.SendAsync("\u0081\u000Ahalf");
        await call.BodyAsync(6);

        var draining = DrainAsync(scene);
        Assert.True(IsMaskedGoingAway(await served.BodyAsync()));
        await served.SendAsync(" whole\u0081\u0005after", endStream: true);

        Assert.Equal("\u0081\u000Ahalf whole" + GoingAway, await call.BodyAsync());
        await call.SendAsync("", endStream: true);
        Assert.Equal(1, await draining.WaitAsync(Wire.Limit));
        Assert.Equal(ExchangeFlag.Drained, (await scene.ReportAsync()).Flag);
    }

    [Fact]
    public async Task A_WebSocket_between_http1_and_http2_gets_a_close_frame()
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.Http2);
        var client = await scene.ConnectAsync();
        await client.SendAsync(Ask);
        var served = await (await scene.AcceptHttp2Async(Offers)).AcceptAsync();
        served.SendHead(false, ":status", "200");
        await client.ReadHeadAsync();

        var draining = DrainAsync(scene);
        Assert.True(IsMaskedGoingAway(await served.BodyAsync()));
        await served.SendAsync("", endStream: true);

        Assert.Equal(GoingAway, await client.ReadToEndAsync());
        client.Finish();
        Assert.Equal(1, await draining.WaitAsync(Wire.Limit));
    }

    [Fact]
    public async Task A_call_of_gRPC_ends_with_UNAVAILABLE_and_its_server_hears_that_it_is_over()
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.Http2);
        var client = await scene.ConnectHttp2Async();
        var (call, served) = await CallAsync(scene, client);
        await served.SendAsync("\0\0\0\0\u0002hi");
        await call.BodyAsync(7);

        var draining = DrainAsync(scene);

        Assert.Equal("\0\0\0\0\u0002hi", await call.BodyAsync());
        Assert.Equal("grpc-status: 14", call.Trailers![0]);
        Assert.Equal((null, false), (call.ResetCode, client.HasEnded)); // the client is given the time to end its side
        await call.SendAsync("", endStream: true);
        Assert.Equal(1, await draining.WaitAsync(Wire.Limit));
        Assert.NotEmpty(client.GoAways);
        Assert.Equal(Http2ErrorCode.Cancel, await served.WaitForResetAsync());
        var report = await scene.ReportAsync();
        Assert.Equal((14, ExchangeFlag.Drained), (report.GrpcStatus, report.Flag));
    }

    [Fact]
    public async Task A_message_of_gRPC_that_is_half_passed_does_not_look_whole()
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.Http2);
        var (call, served) = await CallAsync(scene, await scene.ConnectHttp2Async());
        await served.SendAsync("\0\0\0\0\u0009half");
        await call.BodyAsync(9);

        Assert.Equal(1, await DrainAsync(scene).WaitAsync(Wire.Limit));

        await call.WaitForResetAsync();
        Assert.Null(call.Trailers);
    }

    [Fact]
    public async Task A_request_that_waits_for_its_answer_gets_one()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await (await scene.AcceptAsync()).ReadHeadAsync();
        var call = (await scene.ConnectHttp2Async()).Get();
        await (await scene.AcceptAsync()).ReadHeadAsync();

        var draining = DrainAsync(scene);

        Assert.StartsWith("HTTP/1.1 503 ", await client.ReadToEndAsync());
        Assert.Contains(":status: 503", await call.HeadAsync());
        client.Finish();
        Assert.Equal(2, await draining.WaitAsync(Wire.Limit));
    }

    [Fact]
    public async Task A_request_that_is_being_delayed_gets_an_answer()
    {
        await using var scene = await ProxyScene.StartAsync();
        var delayed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        scene.Decide = _ =>
        {
            delayed.SetResult();
            return ProxyScene.To(scene.Endpoint) with { Delay = TimeSpan.FromHours(1) };
        };
        var client = await scene.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await delayed.Task.WaitAsync(Wire.Limit);

        var draining = DrainAsync(scene);

        Assert.StartsWith("HTTP/1.1 503 ", await client.ReadToEndAsync());
        client.Finish();
        Assert.Equal(1, await draining.WaitAsync(Wire.Limit));
    }

    [Fact]
    public async Task An_answer_that_is_half_passed_does_not_look_whole()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        await server.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        await client.ReadToAsync("half");

        Assert.Equal(1, await DrainAsync(scene).WaitAsync(Wire.Limit));

        Assert.True(await client.IsResetAsync());
    }

    private static async Task<(Wire Client, Wire Server)> JoinAsync(ProxyScene scene)
    {
        var client = await scene.ConnectAsync();
        await client.SendAsync(Ask);
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        await server.SendAsync(Agree);
        await client.ReadHeadAsync();
        return (client, server);
    }

    private static async Task<(Http2WireStream Call, Http2WireStream Served)> CallAsync(ProxyScene scene, Http2Wire client)
    {
        var call = client.Open(
            endStream: false, ":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/chat.Chat/Talk", "content-type", "application/grpc", "te", "trailers");
        var served = await (await scene.AcceptHttp2Async()).AcceptAsync();
        served.SendHead(false, ":status", "200", "content-type", "application/grpc");
        await call.HeadAsync();
        return (call, served);
    }

    private static Task<int> DrainAsync(ProxyScene scene) => scene.Loop.RunAsync(async () => await scene.Connections.DrainAsync(Soon));

    private static string Masked(string content, char opcode) => $"{opcode}{(char)(0x80 | content.Length)}\0\0\0\0{content}";

    private static bool IsMaskedGoingAway(string frame) =>
        frame.Length == 8 && frame[..2] == "\u0088\u0082" && (frame[6] ^ frame[2]) == 0x03 && (frame[7] ^ frame[3]) == 0xE9;
}
