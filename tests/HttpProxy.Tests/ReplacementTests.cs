using System.Collections.Concurrent;
using System.Net.Sockets;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.Upstreams;

namespace Ambient.HttpProxy.Tests;

/// <summary>A proxy that drains while another takes over: requests never fail, and what lasts may end by itself for as long as there is time.</summary>
public sealed class ReplacementTests
{
    private const int Clients = 10, RequestsOfEach = 120;

    // Together they ask about 500 times a second, each on one connection until it is told that it is the last response, or that no more streams are taken.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentQueue<string> _failures = new();
    private int _served;

    [Fact]
    public async Task No_request_fails_under_load()
    {
        using var server = new RecordingServer();
        await using var old = await ProxyScene.StartAsync();
        await using var next = await ProxyScene.StartAsync();
        old.Decide = next.Decide = _ => ProxyScene.To(server.Endpoint);
        var now = old;

        var clients = Enumerable.Range(0, Clients).Select(number => number % 2 == 0 ? AskHttp1Async(() => now) : AskHttp2Async(() => now)).ToList();
        while (Volatile.Read(ref _served) < Clients * RequestsOfEach / 3) await Task.Delay(Pause, TimeProvider.System);
        now = next;
        var left = await DrainAsync(old, TimeSpan.FromSeconds(20));
        await Task.WhenAll(clients).WaitAsync(Wire.Limit);

        Assert.Empty(_failures);
        Assert.Equal(Clients * RequestsOfEach, _served);
        Assert.Equal(0, left);
        Assert.NotEmpty(old.Reports);
        Assert.NotEmpty(next.Reports);

        async Task AskHttp1Async(Func<ProxyScene> proxy)
        {
            Wire? wire = null;
            for (var i = 0; i < RequestsOfEach; i++)
            {
                try
                {
                    wire ??= await proxy().ConnectAsync();
                    await wire.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
                    var head = await wire.ReadHeadAsync();
                    if (!head.StartsWith("HTTP/1.1 200 ")) _failures.Enqueue(head);
                    if (await wire.ReadAsync(2) == "ok") Interlocked.Increment(ref _served);
                    if (head.Contains("connection: close\r\n")) wire = null;
                }
                catch (Exception e) when (e is IOException or SocketException)
                {
                    _failures.Enqueue($"HTTP/1.1: {e.Message}");
                    wire = null;
                }

                await Task.Delay(Pause, TimeProvider.System);
            }
        }

        async Task AskHttp2Async(Func<ProxyScene> proxy)
        {
            Http2Wire? wire = null;
            for (var i = 0; i < RequestsOfEach; i++)
            {
                try
                {
                    Http2WireStream? call = null;
                    while (call is null)
                    {
                        wire ??= await proxy().ConnectHttp2Async();
                        call = TryGet(wire);
                        if (call is null) wire = null; // it takes no more streams: nothing was asked
                    }

                    if (await call.BodyAsync() == "ok") Interlocked.Increment(ref _served);
                }
                catch (Exception e) when (e is IOException or SocketException)
                {
                    _failures.Enqueue($"HTTP/2: {e.Message}");
                }

                await Task.Delay(Pause, TimeProvider.System);
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stream_and_a_WebSocket_go_on_until_they_end_or_are_told_that_the_time_is_over(bool endInTime)
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.SameAsClient);
        var call = (await scene.ConnectHttp2Async()).Open(
            endStream: false, ":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/chat.Chat/Talk", "content-type", "application/grpc", "te", "trailers");
        var served = await (await scene.AcceptHttp2Async()).AcceptAsync();
        served.SendHead(false, ":status", "200", "content-type", "application/grpc");
        await call.HeadAsync();
        var socket = await scene.ConnectAsync();
        await socket.SendAsync("GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n");
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        await server.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        await socket.ReadHeadAsync();

        var draining = DrainAsync(scene, endInTime ? TimeSpan.FromSeconds(20) : TimeSpan.FromMilliseconds(500));
        await socket.SendAsync("\u0081\u008C\0\0\0\0still there?");
        Assert.Equal("\u0081\u008C\0\0\0\0still there?", await server.ReadAsync(18));
        await call.SendAsync("here too?");
        await served.BodyAsync(9);

        if (endInTime)
        {
            server.Finish();
            socket.Finish();
            await served.SendAsync("bye");
            served.SendHead(true, "grpc-status", "0");
            Assert.Equal("bye", await call.BodyAsync());
            Assert.Equal(["grpc-status: 0"], call.Trailers ?? []);
            Assert.Equal("", await socket.ReadToEndAsync());
            Assert.Equal(0, await draining.WaitAsync(Wire.Limit));
        }
        else
        {
            Assert.Equal("\u0088\u0002\u0003\u00E9", await socket.ReadToEndAsync()); // a close frame: going away
            socket.Finish();
            server.Finish();
            Assert.Equal("", await call.BodyAsync());
            Assert.Equal("grpc-status: 14", call.Trailers?[0]);
            Assert.Equal(2, await draining.WaitAsync(Wire.Limit));
        }
    }

    private static Http2WireStream? TryGet(Http2Wire wire)
    {
        try
        {
            return wire.Get();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static Task<int> DrainAsync(ProxyScene scene, TimeSpan limit) => scene.Loop.RunAsync(async () => await scene.Connections.DrainAsync(limit));
}
