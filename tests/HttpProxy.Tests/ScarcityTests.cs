using System.Net;
using System.Net.Sockets;
using Ambient.Http2;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.Upstreams;
using Ambient.Linux;
using Ambient.Model.Routes;
using Ambient.TestKit;
using Ambient.Transport;

namespace Ambient.HttpProxy.Tests;

/// <summary>Descriptors or memory run short while clients are waited for.</summary>
public sealed class ScarcityTests
{
    private const string Answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", HalfAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nok";
    private static readonly string[] Post = [":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/p"];
    private static readonly HttpProxyOptions NeverAsks = new() { Http2PingAfter = TimeSpan.FromDays(1) }; // whose clock runs ahead
    private static readonly Http2Options ReadsNothing = new() { StreamWindow = 0 };

    [Fact]
    public async Task A_connection_that_lies_idle_makes_room_for_one_to_another_server()
    {
        await using var scene = await ProxyScene.StartAsync(dialer: new ScarceDialer(1));
        var (client, server) = await scene.AfterOneExchangeAsync();
        await scene.ReportAsync();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        scene.Decide = _ => ProxyScene.To((IPEndPoint)other.LocalEndpoint);

        await client.SendAsync("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
        using var wire = new Wire(await other.AcceptSocketAsync().WaitAsync(Wire.Limit));
        await wire.ReadHeadAsync();
        await wire.SendAsync(Answer);

        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadHeadAsync());
        Assert.Equal("", await server.ReadToEndAsync());
    }

    [Fact]
    public async Task The_answer_that_its_client_has_not_taken_for_longest_makes_room()
    {
        var time = new ManualTime();
        await using var scene = await ProxyScene.StartAsync(time: time, dialer: new ScarceDialer(2));
        var silent = await scene.ConnectHttp2Async(ReadsNothing);
        var first = await StallAsync(scene, silent, 1);
        time.Advance(TimeSpan.FromMilliseconds(10));
        var second = await StallAsync(scene, silent, 2);
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.StartsWith("HTTP/1.1 200 ", await NextAsync(scene));
        Assert.Equal(Http2ErrorCode.Cancel, await first.WaitForResetAsync());
        Assert.Null(second.ResetCode);
        var report = await scene.ReportAsync();
        Assert.Equal((200, ExchangeFlag.Overloaded), (report.Status, report.Flag));
    }

    [Fact]
    public async Task Where_none_has_waited_for_a_second_the_next_request_is_refused()
    {
        var dialer = new ScarceDialer(1);
        await using var scene = await ProxyScene.StartAsync(plan: new() { Retries = new() { Attempts = 2, On = RetryOn.ConnectFailure } }, time: new ManualTime(), dialer: dialer);
        var stalled = await StallAsync(scene, await scene.ConnectHttp2Async(ReadsNothing), 1);

        var client = await scene.ConnectAsync();
        await client.SendAsync("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
        var head = await client.ReadHeadAsync();

        Assert.StartsWith("HTTP/1.1 503 ", head);
        Assert.Contains("x-envoy-local-overloaded: true", head, StringComparison.Ordinal);
        var report = await scene.ReportAsync();
        Assert.Equal((503, ExchangeFlag.Overloaded, 1), (report.Status, report.Flag, report.Attempts));
        Assert.Equal(1, dialer.Refusals); // another server would not have been reached either
        Assert.False(report.Endpoint!.Reach.IsAvoided(TimeProvider.System)); // it has nothing to do with it
        Assert.Null(stalled.ResetCode);
    }

    [Fact]
    public async Task A_request_whose_rest_does_not_come_makes_room_and_is_answered()
    {
        var time = new ManualTime();
        await using var scene = await ProxyScene.StartAsync(time: time, dialer: new ScarceDialer(1));
        var slow = await scene.ConnectAsync();
        await slow.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
        await (await scene.AcceptAsync()).ReadToAsync("half");
        await WaitsAsync(scene, 1);
        time.Advance(TimeSpan.FromSeconds(2));

        Assert.StartsWith("HTTP/1.1 200 ", await NextAsync(scene));
        Assert.StartsWith("HTTP/1.1 503 ", await slow.ReadUntilEndAsync());
    }

    [Fact]
    public async Task A_websocket_that_says_nothing_is_left_alone()
    {
        var time = new ManualTime();
        await using var scene = await ProxyScene.StartAsync(time: time, dialer: new ScarceDialer(1));
        var socket = (await scene.ConnectHttp2Async()).Open(endStream: false, ":method", "CONNECT", ":protocol", "websocket", ":scheme", "http", ":authority", "a", ":path", "/");
        var server = await scene.AcceptAsync();
        var asked = await server.ReadHeadAsync();
        var key = asked.Split("\r\n").Single(static line => line.StartsWith("sec-websocket-key:", StringComparison.OrdinalIgnoreCase)).Split(": ")[1];
        await server.SendAsync($"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {Accept(key)}\r\n\r\n");
        await socket.HeadAsync();
        await WaitsAsync(scene, 1);
        time.Advance(TimeSpan.FromSeconds(5));

        var client = await scene.ConnectAsync();
        await client.SendAsync("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 503 ", await client.ReadHeadAsync());
        Assert.Null(socket.ResetCode);
    }

    [Fact]
    public async Task Where_memory_runs_short_the_answer_that_has_waited_longest_is_cut()
    {
        var time = new ManualTime();
        await using var scene = await ProxyScene.StartAsync(new() { HeldBytesPerWorker = 4 * SlabPool.BytesOf(SlabSize.Small) }, time: time);
        var silent = await scene.ConnectHttp2Async(ReadsNothing);
        List<Http2WireStream> calls = [];
        do
        {
            calls.Add(await StallAsync(scene, silent, calls.Count + 1));
            time.Advance(TimeSpan.FromSeconds(2));
            await WaitsAsync(scene); // a turn that began before that may not have looked at the clock again
        }
        while (await WaitsAsync(scene) == calls.Count && calls.Count < 10);

        Assert.Equal(Http2ErrorCode.Cancel, await calls[0].WaitForResetAsync());
        Assert.InRange(calls.Count, 3, 6); // each holds one slab, connections of HTTP/2 some
        Assert.All(calls.Skip(1), static call => Assert.Null(call.ResetCode));
        Assert.Equal(ExchangeFlag.Overloaded, (await scene.ReportAsync()).Flag);
    }

    [Fact]
    public async Task What_comes_of_an_answer_while_it_waits_counts()
    {
        var time = new ManualTime();
        var options = NeverAsks with { HeldBytesPerWorker = 6 * SlabPool.BytesOf(SlabSize.Small) };
        await using var scene = await ProxyScene.StartAsync(options, protocol: UpstreamProtocol.Http2, time: time);
        var call = (await scene.ConnectHttp2Async(ReadsNothing)).Get();
        var server = await scene.AcceptHttp2Async();
        var served = await server.AcceptAsync();
        served.SendHead(false, ":status", "200");
        _ = served.SendAsync("x");
        await WaitsAsync(scene, 1);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await WaitsAsync(scene));

        _ = served.SendAsync(new string('x', 10_000_000)); // never ends

        Assert.Equal(Http2ErrorCode.Cancel, await PassAsync(time, call.WaitForResetAsync()));
    }

    [Fact]
    public async Task A_request_that_waits_for_its_client_holds_no_memory_worth_ending_it()
    {
        var time = new ManualTime();
        await using var scene = await ProxyScene.StartAsync(NeverAsks with { HeldBytesPerWorker = 0 }, time: time);
        var speaker = (await scene.ConnectHttp2Async()).Open(endStream: false, Post);
        await (await scene.AcceptAsync()).ReadHeadAsync();
        await WaitsAsync(scene, 1);
        time.Advance(TimeSpan.FromSeconds(5));

        var stalled = await StallAsync(scene, await scene.ConnectHttp2Async(ReadsNothing), 2);

        Assert.Equal(Http2ErrorCode.Cancel, await PassAsync(time, stalled.WaitForResetAsync()));
        Assert.Null(speaker.ResetCode);
    }

    [Fact]
    public async Task Descriptors_of_the_reserve_are_not_used_for_servers()
    {
        await using var scene = await ProxyScene.StartAsync(dialer: new TcpDialer(TimeSpan.FromSeconds(10), new DescriptorReserve(0)));
        var client = await scene.ConnectAsync();

        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 503 ", await client.ReadHeadAsync());
        Assert.Equal(ExchangeFlag.Overloaded, (await scene.ReportAsync()).Flag);
    }

    /// <summary>The head of what the next client is answered, whose request reaches the server.</summary>
    private static async Task<string> NextAsync(ProxyScene scene)
    {
        var client = await scene.ConnectAsync();
        await client.SendAsync("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        await server.SendAsync(Answer);
        return await client.ReadHeadAsync();
    }

    /// <summary>A call whose answer is there and is not taken.</summary>
    /// <param name="waits">That there are then.</param>
    private static async Task<Http2WireStream> StallAsync(ProxyScene scene, Http2Wire client, int waits)
    {
        var call = client.Get();
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        await server.SendAsync(HalfAnswer);
        await call.HeadAsync();
        await WaitsAsync(scene, waits);
        return call;
    }

    /// <summary>Lets time pass until <paramref name="task"/> is done.</summary>
    private static async Task<T> PassAsync<T>(ManualTime time, Task<T> task)
    {
        while (!task.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.WhenAny(task, Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System));
        }

        return await task;
    }

    private static async Task WaitsAsync(ProxyScene scene, int count)
    {
        for (var began = TimeProvider.System.GetTimestamp(); await WaitsAsync(scene) != count;)
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Wire.Limit, $"{count} exchanges did not come to wait for their clients");
    }

    private static Task<int> WaitsAsync(ProxyScene scene) => scene.Loop.RunAsync(() => new ValueTask<int>(scene.Proxy.ClientWaits.Count));

    private static string Accept(string key) => System.Text.Encoding.Latin1.GetString(Messages.WebSocketKey.AcceptOf(ProxyScene.Bytes(key)));
}
