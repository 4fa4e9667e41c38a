using Ambient.Http2;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.Upstreams;

namespace Ambient.HttpProxy.Tests.Http2;

public sealed class ForwardingTests
{
    private static readonly string[] Get = [":method", "GET", ":scheme", "http", ":authority", "shop", ":path", "/a?b=c"];
    private static readonly string[] Post = [":method", "POST", ":scheme", "http", ":authority", "shop", ":path", "/p"];

    [Fact]
    public async Task A_request_of_http_2_reaches_a_server_of_http_1()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectHttp2Async();

        var stream = client.Open(endStream: true, [.. Get, "cookie", "a=1", "x-one", "1", "cookie", "b=2", "te", "trailers"]);
        var server = await scene.AcceptAsync();
        var request = await server.ReadHeadAsync();
        await server.SendAsync("HTTP/1.1 201 Made\r\nServer: x\r\nContent-Length: 3\r\nKeep-Alive: 9\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\nyes");

        Assert.Equal("GET /a?b=c HTTP/1.1\r\nhost: shop\r\ncookie: a=1; b=2\r\nx-one: 1\r\nte: trailers\r\n\r\n", request);
        Assert.Equal([":status: 201", "server: x", "content-length: 3"], await stream.HeadAsync());
        Assert.Equal("yes", await stream.BodyAsync());
        Assert.Equal((201, ExchangeFlag.None), ((await scene.ReportAsync()).Status, (await scene.ReportAsync()).Flag));
    }

    [Fact]
    public async Task A_request_of_http_1_reaches_a_server_of_http_2()
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.Http2);
        var client = await scene.ConnectAsync();

        await client.SendAsync("POST /p HTTP/1.1\r\nHost: shop\r\nX-One: 1\r\nConnection: x-hop, upgrade\r\nUpgrade: h2c\r\nX-Hop: gone\r\nTransfer-Encoding: chunked\r\n\r\n" +
            "3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n");
        var stream = await (await scene.AcceptHttp2Async()).AcceptAsync();
        Assert.Equal([":method: POST", ":scheme: http", ":authority: shop", ":path: /p", "x-one: 1"], await stream.HeadAsync());
        Assert.Equal("abc", await stream.BodyAsync());
        Assert.Equal(["x-sum: 7"], stream.Trailers!);
        stream.SendHead(false, ":status", "200", "x-two", "2");
        await stream.SendAsync("hello");
        stream.SendHead(true, "grpc-status", "0");

        Assert.Equal("HTTP/1.1 200 OK\r\nx-two: 2\r\ntransfer-encoding: chunked\r\n\r\n", await client.ReadHeadAsync());
        var body = await client.ReadToAsync("grpc-status: 0\r\n\r\n");
        Assert.Equal("5\r\nhello\r\n0\r\ngrpc-status: 0\r\n\r\n", body);
    }

    [Fact]
    public async Task Streams_of_a_connection_do_not_wait_for_each_other()
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.Http2);
        var client = await scene.ConnectHttp2Async();

        var requests = Enumerable.Range(0, 50).Select(number => client.Get($"/{number}")).ToArray();
        var server = await scene.AcceptHttp2Async();
        var served = new Dictionary<string, Http2WireStream>();
        for (var i = 0; i < 50; i++)
        {
            var stream = await server.AcceptAsync();
            served[(await stream.HeadAsync())[3]] = stream;
        }

        for (var number = 49; number >= 0; number--) // in the other order
        {
            served[$":path: /{number}"].SendHead(false, ":status", "200");
            await served[$":path: /{number}"].SendAsync($"{number}", endStream: true);
            Assert.Equal($"{number}", await requests[number].BodyAsync());
        }
    }

    [Fact]
    public async Task Bytes_pass_in_both_directions_while_both_are_open()
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.SameAsClient);
        var client = await scene.ConnectHttp2Async();

        var call = client.Open(endStream: false, [.. Post, "content-type", "application/grpc", "te", "trailers"]);
        var served = await (await scene.AcceptHttp2Async()).AcceptAsync();
        Assert.Equal("te: trailers", (await served.HeadAsync())[^1]);
        served.SendHead(false, ":status", "200", "content-type", "application/grpc");
        for (var round = 1; round <= 5; round++)
        {
            await call.SendAsync("ping");
            await served.BodyAsync(4 * round);
            await served.SendAsync("pong");
            await call.BodyAsync(4 * round);
        }

        await call.SendAsync("", endStream: true);
        await served.BodyAsync();
        served.SendHead(true, "grpc-status", "0");
        Assert.Equal("pongpongpongpongpong", await call.BodyAsync());
        Assert.Equal(["grpc-status: 0"], call.Trailers!);
    }

    [Theory]
    [InlineData(UpstreamProtocol.Http1)]
    [InlineData(UpstreamProtocol.Http2)]
    public async Task Interim_responses_pass_before_the_final_one(UpstreamProtocol protocol)
    {
        await using var scene = await ProxyScene.StartAsync(protocol: protocol);
        var client = await scene.ConnectHttp2Async();

        var call = client.Open(endStream: false, [.. Post, "expect", "100-continue", "content-length", "2"]);
        await AnswerAsync(scene, protocol);

        Assert.Equal([":status: 103", "link: </x>"], await call.HeadAsync(1));
        Assert.Equal([":status: 100"], await call.HeadAsync(2));
        Assert.Equal([":status: 204"], await call.HeadAsync(3));
        return;

        static async Task AnswerAsync(ProxyScene scene, UpstreamProtocol protocol)
        {
            if (protocol == UpstreamProtocol.Http1)
            {
                var server = await scene.AcceptAsync();
                Assert.Contains("expect: 100-continue\r\n", await server.ReadHeadAsync());
                await server.SendAsync("HTTP/1.1 103 E\r\nLink: </x>\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 204 N\r\n\r\n");
                return;
            }

            var stream = await (await scene.AcceptHttp2Async()).AcceptAsync();
            stream.SendHead(false, ":status", "103", "link", "</x>");
            stream.SendHead(false, ":status", "100");
            stream.SendHead(true, ":status", "204");
        }
    }

    [Theory]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "content-length: 9")]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\n\r\n", null)]
    [InlineData("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "content-length: 9")]
    [InlineData("GET", "HTTP/1.1 204 No Content\r\n\r\n", null)]
    [InlineData("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "content-length: 0")]
    public async Task What_has_no_body_ends_with_its_head(string method, string answer, string? length)
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectHttp2Async();

        var call = client.Open(endStream: true, ":method", method, ":scheme", "http", ":authority", "a", ":path", "/");
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        await server.SendAsync(answer);

        Assert.Equal(length is null ? [] : [length], (await call.HeadAsync())[1..]);
        Assert.Equal("", await call.BodyAsync());
        Assert.Null(call.ResetCode);
    }

    [Fact]
    public async Task Our_own_answers_come_as_the_client_expects_them()
    {
        await using var scene = await ProxyScene.StartAsync();
        scene.Decide = _ => RouteDecision.Refuse(403, "No.");
        var client = await scene.ConnectHttp2Async();

        var page = client.Get();
        var call = client.Open(endStream: false, [.. Post, "content-type", "application/grpc"]);

        Assert.Equal([":status: 403", "content-type: text/plain; charset=utf-8", "content-length: 4"], await page.HeadAsync());
        Assert.Equal("No.\n", await page.BodyAsync());
        Assert.Equal([":status: 200", "content-type: application/grpc", "grpc-status: 7", "grpc-message: No."], await call.HeadAsync());
        Assert.Equal(Http2ErrorCode.NoError, await call.WaitForResetAsync()); // the rest of its request is not needed
        Assert.True(call.HasEnded);
    }

    [Fact]
    public async Task An_answer_of_ours_waits_for_the_window_of_its_client()
    {
        await using var scene = await ProxyScene.StartAsync();
        scene.Decide = _ => RouteDecision.Refuse(404, "Nothing here.");
        var client = await scene.ConnectHttp2Async(new() { StreamWindow = 0 });
        await client.UntilAsync(() => client.Http2.PeerSettingsKnown, "settings");

        var call = client.Get();
        await call.HeadAsync();
        Assert.Equal("", call.Body);
        client.Do(() => client.Http2.ResizeReceiveWindow(call.Http2, 5));
        await call.BodyAsync(5);
        client.Do(() => client.Http2.ResizeReceiveWindow(call.Http2, 1000));

        Assert.Equal("Nothing here.\n", await call.BodyAsync());
    }

    [Fact]
    public async Task Megabytes_pass_unchanged_in_both_directions_at_once()
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.Http2);
        var client = await scene.ConnectHttp2Async();
        var body = new string([.. Enumerable.Range(0, 3_000_000).Select(i => (char)('a' + i * 7 % 26))]);

        var call = client.Open(endStream: false, Post);
        var sending = call.SendAsync(body, endStream: true);
        var served = await (await scene.AcceptHttp2Async()).AcceptAsync();
        served.SendHead(false, ":status", "200");
        await served.SendAsync(body);
        await sending;

        Assert.Equal(body, await served.BodyAsync());
        await served.SendAsync("", endStream: true); // an answer that ends before the request would cut it short
        Assert.Equal(body, await call.BodyAsync());
    }
}
