using Ambient.Http2;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Routes;

namespace Ambient.HttpProxy.Tests.Http2;

/// <summary>WebSockets where at least one side speaks HTTP/2 (RFC 8441): asked for, answered, carried and ended as the other side's protocol has it.</summary>
public sealed class WebSocketTests
{
    private const string Ask = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    private static readonly string[] Connect =
        [":method", "CONNECT", ":protocol", "websocket", ":scheme", "http", ":authority", "a", ":path", "/chat", "sec-websocket-version", "13"];

    private static readonly RoutePlan NoRetries = new() { Retries = RetryPolicy.None };
    private static readonly Http2Options Offers = new() { ExtendedConnect = true };

    [Fact]
    public async Task A_client_of_http2_gets_one_from_a_server_of_http1()
    {
        await using var scene = await ProxyScene.StartAsync();
        var call = (await scene.ConnectHttp2Async()).Open(endStream: false, Connect);
        await call.SendAsync("before the answer ");
        var server = await scene.AcceptAsync();

        var request = await server.ReadHeadAsync();
        await server.SendAsync(AgreeTo(request) + "first");
        Assert.Equal([":status: 200", "x: y"], await call.HeadAsync());
        await call.BodyAsync(5);
        await call.SendAsync("and behind it", endStream: true);

        Assert.Matches("^GET /chat HTTP/1.1\r\nhost: a\r\nsec-websocket-key: [A-Za-z0-9+/]{22}==\r\nsec-websocket-version: 13\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n$", request);
        Assert.Equal("before the answer and behind it", await server.ReadToEndAsync());
        await server.SendAsync(" last");
        server.Finish();
        Assert.Equal("first last", await call.BodyAsync());
        Assert.Equal(101, (await scene.ReportAsync()).Status);
    }

    [Fact]
    public async Task A_client_of_http1_gets_one_from_a_server_of_http2()
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.Http2);
        var client = await scene.ConnectAsync();
        await client.SendAsync(Ask + "before the answer ");
        var call = await (await scene.AcceptHttp2Async(Offers)).AcceptAsync();

        call.SendHead(false, ":status", "200", "x", "y");
        var response = await client.ReadHeadAsync();
        await client.SendAsync("and behind it");
        client.Finish();

        Assert.Equal([":method: CONNECT", ":scheme: http", ":authority: a", ":path: /chat", ":protocol: websocket"], (await call.HeadAsync()).Take(5));
        Assert.DoesNotContain(await call.HeadAsync(), line => line.StartsWith("sec-websocket-key"));
        Assert.Equal("HTTP/1.1 101 Switching Protocols\r\nx: y\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n", response);
        Assert.Equal("before the answer and behind it", await call.BodyAsync());
        await call.SendAsync("last", endStream: true);
        Assert.Equal("last", await client.ReadToEndAsync());
    }

    [Fact]
    public async Task Over_http2_on_both_sides_it_passes_as_it_is()
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.Http2);
        var call = (await scene.ConnectHttp2Async()).Open(endStream: false, Connect);
        var served = await (await scene.AcceptHttp2Async(Offers)).AcceptAsync();

        served.SendHead(false, ":status", "200");
        await call.HeadAsync();
        await call.SendAsync("there", endStream: true);
        Assert.Equal("there", await served.BodyAsync());
        await served.SendAsync("and back", endStream: true);

        Assert.Equal("and back", await call.BodyAsync());
        Assert.Contains(":protocol: websocket", await served.HeadAsync());
    }

    [Fact]
    public async Task A_server_that_ends_the_connection_before_it_speaks_http2_is_dialled_once()
    {
        await using var scene = await ProxyScene.StartAsync(plan: NoRetries, protocol: UpstreamProtocol.Http2);
        var client = await scene.ConnectAsync();
        await client.SendAsync(Ask);

        var server = await scene.AcceptAsync();
        await server.SendAsync("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        server.Dispose();

        Assert.StartsWith("HTTP/1.1 503 ", await client.ReadHeadAsync());
        Assert.Equal(ExchangeFlag.UpstreamConnectFailed, (await scene.ReportAsync()).Flag);
    }

    [Theory]
    [InlineData(UpstreamProtocol.Http1)]
    [InlineData(UpstreamProtocol.Http2)]
    public async Task Both_directions_carry_more_than_any_window(UpstreamProtocol protocol)
    {
        var much = new string('w', 3_000_000);
        await using var scene = await ProxyScene.StartAsync(protocol: protocol);
        var call = (await scene.ConnectHttp2Async()).Open(endStream: false, Connect);
        ISwitched server = protocol == UpstreamProtocol.Http1 ? await SwitchedWire.AcceptAsync(scene) : await SwitchedStream.AcceptAsync(scene);
        await call.HeadAsync();

        var sending = call.SendAsync(much, endStream: true);
        var answering = server.SendAsync(much);

        Assert.Equal(much.Length, await server.ReadToEndAsync());
        Assert.Equal(much.Length, (await call.BodyAsync()).Length);
        await sending;
        await answering;
    }

    // A 2xx to CONNECT would tell the client that its bytes go to the server from here on.
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "502")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", "502")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "502")]
    [InlineData("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno", "403")]
    public async Task A_server_that_does_not_switch_never_gets_the_clients_bytes(string answer, string status)
    {
        await using var scene = await ProxyScene.StartAsync(plan: NoRetries);
        var call = (await scene.ConnectHttp2Async()).Open(endStream: false, Connect);
        await call.SendAsync("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();

        await server.SendAsync(answer);

        Assert.Equal($":status: {status}", (await call.HeadAsync())[0]);
        Assert.Equal("", await server.ReadUntilEndAsync());
    }

    [Fact]
    public async Task A_server_of_http2_that_does_not_offer_it_is_not_asked()
    {
        await using var scene = await ProxyScene.StartAsync(plan: NoRetries, protocol: UpstreamProtocol.Http2);
        var call = (await scene.ConnectHttp2Async()).Open(endStream: false, Connect);
        await scene.AcceptHttp2Async();

        Assert.Equal(":status: 502", (await call.HeadAsync())[0]);
    }

    [Fact]
    public async Task Other_protocols_are_501()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectHttp2Async();

        var call = client.Open(endStream: false, ":method", "CONNECT", ":protocol", "connect-udp", ":scheme", "http", ":authority", "a", ":path", "/");

        Assert.Equal(":status: 501", (await call.HeadAsync())[0]);
    }

    [Fact]
    public async Task A_reset_of_either_side_resets_the_other()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectHttp2Async();
        var (first, second) = (client.Open(endStream: false, Connect), client.Open(endStream: false, Connect));
        using var one = await scene.AcceptAsync();
        await one.SendAsync(AgreeTo(await one.ReadHeadAsync()));
        using var two = await scene.AcceptAsync();
        await two.SendAsync(AgreeTo(await two.ReadHeadAsync()));
        await first.HeadAsync();
        await second.HeadAsync();

        first.Reset(Http2ErrorCode.Cancel);
        var isFirst = await Task.WhenAny(one.IsResetAsync(), two.IsResetAsync());
        Assert.True(await isFirst);
        one.Reset();
        two.Reset();

        await second.WaitForResetAsync();
    }

    private static string AgreeTo(string request)
    {
        var key = request.Split("sec-websocket-key: ")[1].Split("\r\n")[0];
        var accept = Convert.ToBase64String(System.Security.Cryptography.SHA1.HashData(ProxyScene.Bytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
        return $"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\nX: y\r\n\r\n";
    }

    /// <summary>A server that speaks the WebSocket's bytes.</summary>
    private interface ISwitched
    {
        Task SendAsync(string all);

        /// <returns>Bytes that came.</returns>
        Task<int> ReadToEndAsync();
    }

    private sealed class SwitchedWire(Wire wire) : ISwitched
    {
        public static async Task<ISwitched> AcceptAsync(ProxyScene scene)
        {
            var wire = await scene.AcceptAsync();
            await wire.SendAsync(AgreeTo(await wire.ReadHeadAsync()));
            return new SwitchedWire(wire);
        }

        public async Task SendAsync(string all)
        {
            await wire.SendAsync(all);
            wire.Finish();
        }

        public async Task<int> ReadToEndAsync() => (await wire.ReadToEndAsync()).Length;
    }

    private sealed class SwitchedStream(Http2WireStream stream) : ISwitched
    {
        public static async Task<ISwitched> AcceptAsync(ProxyScene scene)
        {
            var stream = await (await scene.AcceptHttp2Async(Offers)).AcceptAsync();
            stream.SendHead(false, ":status", "200");
            return new SwitchedStream(stream);
        }

        public Task SendAsync(string all) => stream.SendAsync(all, endStream: true);

        public async Task<int> ReadToEndAsync() => (await stream.BodyAsync()).Length;
    }
}
