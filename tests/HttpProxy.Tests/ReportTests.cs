using Ambient.HttpProxy.Bodies;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Replies;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.Upstreams;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.HttpProxy.Tests;

/// <summary>What is told of an exchange when it is over: sizes, messages, and how gRPC ended.</summary>
public sealed class ReportTests
{
    private static readonly string[] Call =
        [":method", "POST", ":scheme", "http", ":authority", "shop", ":path", "/Speech/Say", "content-type", "application/grpc", "te", "trailers"];

    [Fact]
    public async Task Bodies_are_counted_without_their_framing_and_heads_as_they_were_written()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();
        const string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        await client.SendAsync(head + ProxyScene.Chunked("hello", "there"));
        var server = await scene.AcceptAsync();
        await server.ReadToAsync("0\r\n\r\n");
        await server.SendAsync(answer + "ok");
        await client.ReadToAsync("ok");

        var report = await scene.ReportAsync();
        Assert.Equal(new MessageSize(head.Length, 10, 0), report.Request);
        Assert.Equal(new MessageSize(answer.Length, 2, 0), report.Response);
        Assert.NotNull(report.ServiceTime);
        Assert.False(report.IsGrpc);
    }

    [Fact]
    public async Task Messages_of_grpc_are_counted_in_both_directions_however_they_are_cut()
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.Http2);
        var client = await scene.ConnectHttp2Async();
        var call = client.Open(endStream: false, Call);
        var served = await (await scene.AcceptHttp2Async()).AcceptAsync();
        foreach (var piece in (string[])["\0\0\0", "\0\u0003ab", "c\0\0\0\0\0\u0001"]) await call.SendAsync(piece);
        await call.SendAsync("\0\0\0\u0005hello", endStream: true);
        Assert.Equal(23, (await served.BodyAsync()).Length);
        served.SendHead(false, ":status", "200", "content-type", "application/grpc");
        await served.SendAsync("\0\0\0\0\u0002ok");
        served.SendHead(true, "grpc-status", "5");
        await call.BodyAsync();

        var report = await scene.ReportAsync();
        Assert.Equal((23, 3), (report.Request.Body, report.Request.Messages));
        Assert.Equal((7, 1), (report.Response.Body, report.Response.Messages));
        Assert.Equal((200, 5), (report.Status, report.GrpcStatus));
    }

    [Fact]
    public async Task A_status_in_the_head_of_an_answer_without_messages_counts_as_one_in_trailers()
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.Http2);
        var call = (await scene.ConnectHttp2Async()).Open(endStream: true, Call);
        var served = await (await scene.AcceptHttp2Async()).AcceptAsync();
        served.SendHead(true, ":status", "200", "content-type", "application/grpc", "grpc-status", "12");
        await call.BodyAsync();
        Assert.Equal((200, 12), ((await scene.ReportAsync()).Status, (await scene.ReportAsync()).GrpcStatus));
    }

    [Theory]
    [InlineData(503, null, 14)]
    [InlineData(503, 4, 4)]
    public async Task An_answer_of_ours_to_a_call_tells_its_grpc_status(int status, int? grpc, int told)
    {
        await using var scene = await ProxyScene.StartAsync();
        scene.Decide = _ => RouteDecision.Answer(new LocalReply(status, "no") { GrpcStatus = grpc });
        var call = (await scene.ConnectHttp2Async()).Open(endStream: true, Call);
        Assert.Contains($"grpc-status: {told}", await call.HeadAsync());
        Assert.Equal((status, told), ((await scene.ReportAsync()).Status, (await scene.ReportAsync()).GrpcStatus));
    }

    [Fact]
    public async Task What_passed_before_a_cut_is_counted()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();
        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
        var server = await scene.AcceptAsync();
        await server.ReadToAsync("half");
        await server.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nanswer");
        await client.ReadToAsync("answer");
        server.Reset();
        await client.ReadUntilEndAsync();

        var report = await scene.ReportAsync();
        Assert.Equal(ExchangeFlag.UpstreamEnded, report.Flag);
        Assert.Equal((4, 6), (report.Request.Body, report.Response.Body));
    }

    [Fact]
    public async Task The_bytes_of_a_request_that_is_sent_twice_came_once()
    {
        var plan = new RoutePlan { Retries = new() { Attempts = 1, On = Model.Routes.RetryOn.GatewayError } };
        await using var scene = await ProxyScene.StartAsync(new() { WritesEnvoyFields = true }, plan);
        var client = await scene.ConnectAsync();
        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nx-envoy-attempts: 7\r\nContent-Length: 5\r\n\r\nhello");
        var server = await scene.AcceptAsync();
        Assert.Contains("x-envoy-attempt-count: 1\r\n", await server.ReadToAsync("hello"));
        await server.SendAsync("HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        server = await scene.AcceptAsync();
        Assert.Contains("x-envoy-attempt-count: 2\r\n", await server.ReadToAsync("hello"));
        await server.SendAsync("HTTP/1.1 200 OK\r\nx-envoy-upstream-service-time: 77777\r\nContent-Length: 0\r\n\r\n");

        Assert.Matches("^HTTP/1.1 200 OK\r\nx-envoy-upstream-service-time: \\d{1,4}\r\n", await client.ReadHeadAsync());
        var report = await scene.ReportAsync();
        Assert.Equal((2, 5), (report.Attempts, report.Request.Body));
    }

    [Fact]
    public void Messages_are_counted_the_same_however_a_body_is_cut() =>
        Prop.ForAll<byte[], int>((lengths, seed) =>
        {
            var body = lengths.SelectMany(static length => (byte[])[0, 0, 0, 0, length, .. new byte[length]]).ToArray();
            var (meter, random) = (new BodyMeter(), new System.Random(seed));
            meter.Begin(hasMessages: true);
            for (var rest = body.AsSpan(); !rest.IsEmpty;)
            {
                var piece = rest[..random.Next(1, Math.Min(rest.Length, 40) + 1)];
                meter.Add(piece);
                rest = rest[piece.Length..];
            }

            return meter.Messages == lengths.Length && meter.Bytes == body.Length;
        }).QuickCheckThrowOnFailure();
}
