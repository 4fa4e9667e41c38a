using Ambient.Http2;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Traffic;
using Ambient.TestKit;
using Ambient.Transport;

namespace Ambient.HttpProxy.Tests;

/// <summary>Answers that their clients do not take: whose servers wait for that, and whose do not.</summary>
public sealed class KeptBodyTests
{
    private const int Window = 500;
    private static readonly Http2Options TakesLittle = new() { StreamWindow = Window };
    private static readonly string Short = Letters(5000), Long = Letters(100_000);

    public static TheoryData<string> ShortAnswers => new()
    {
        OfLength(Short),
        $"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{ProxyScene.Chunked(Short[..700], Short[700..])}",
    };

    [Theory]
    [MemberData(nameof(ShortAnswers))]
    public async Task A_server_that_has_answered_is_asked_again_before_the_client_has_all(string answer)
    {
        await using var scene = await ProxyScene.StartAsync();
        var (call, server) = await AskAsync(scene);
        await server.SendAsync(answer[..1000]);
        await StallsAsync(scene, call);
        await server.SendAsync(answer[1000..]);

        Assert.Equal("other", await OtherAsync(scene, server));
        Assert.Equal(Window, call.Body.Length);
        Assert.Equal(Short, await TakeAsync(call));
        var report = await scene.ReportAsync(2);
        Assert.Equal((200, ExchangeFlag.None, Short.Length), (report.Status, report.Flag, report.Response.Body));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(20_000)]
    public async Task The_same_over_http_1(int rest)
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        await server.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        var sent = 0;
        for (var (chunk, taken) = (Letters(8000), true); taken; sent += chunk.Length) // as much as the kernel holds for it
        {
            await server.SendAsync($"{chunk.Length:x}\r\n{chunk}\r\n");
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System);
            taken = await scene.Loop.RunAsync(() => new ValueTask<bool>(scene.Proxy.ClientWaits.Count == 0));
        }

        await server.SendAsync(ProxyScene.Chunked(Letters(rest)));

        Assert.Equal("other", await OtherAsync(scene, server));
        var answer = await client.ReadToAsync("\r\n0\r\n\r\n");
        Assert.InRange(answer.Length, sent + rest, sent + rest + 1_000_000);
        Assert.Equal(sent + rest, (await scene.ReportAsync(2)).Response.Body);
    }

    [Fact]
    public async Task An_answer_that_ends_with_its_connection_does_not_keep_that_open()
    {
        await using var scene = await ProxyScene.StartAsync();
        var (call, server) = await AskAsync(scene);
        await server.SendAsync($"HTTP/1.1 200 OK\r\n\r\n{Short}");
        await StallsAsync(scene, call);
        server.Finish();

        Assert.Equal("", await server.ReadToEndAsync());
        Assert.Equal(Short, await TakeAsync(call));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_long_answer_stays_with_its_server(bool isLengthKnown)
    {
        await using var scene = await ProxyScene.StartAsync();
        var (call, server) = await AskAsync(scene);
        await server.SendAsync(isLengthKnown ? OfLength(Long) : $"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{ProxyScene.Chunked(Long)}");
        await StallsAsync(scene, call);

        Assert.Equal("other", await OtherAsync(scene, null));
        Assert.InRange(await KeptAsync(scene), 0, isLengthKnown ? 0 : 2 * Bodies.KeptBody.Most);
        Assert.Equal(Long, await TakeAsync(call));
    }

    [Fact]
    public async Task Trailers_come_behind_what_was_kept()
    {
        await using var scene = await ProxyScene.StartAsync();
        var (call, server) = await AskAsync(scene);
        await server.SendAsync($"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{Short.Length:x}\r\n{Short[..1000]}");
        await StallsAsync(scene, call);
        await server.SendAsync($"{Short[1000..]}\r\n0\r\nSum: 7\r\n\r\n");

        Assert.Equal("other", await OtherAsync(scene, null)); // they lie with the connection
        Assert.Equal(Short, await TakeAsync(call));
        Assert.Equal(["sum: 7"], call.Trailers!);
    }

    [Fact]
    public async Task What_was_kept_does_not_wait_for_the_rest()
    {
        await using var scene = await ProxyScene.StartAsync();
        var (call, server) = await AskAsync(scene);
        await server.SendAsync(OfLength(Short)[..^1000]);
        await StallsAsync(scene, call);
        await KeepsAsync(scene, Short.Length - 1000 - Window);

        call.Take();
        await call.BodyAsync(Short.Length - 1000);
        await server.SendAsync(Short[^1000..]);

        Assert.Equal(Short, await call.BodyAsync());
    }

    [Fact]
    public async Task What_a_server_breaks_off_is_not_taken_for_whole()
    {
        await using var scene = await ProxyScene.StartAsync();
        var (call, server) = await AskAsync(scene);
        await server.SendAsync(OfLength(Short)[..1000]);
        await StallsAsync(scene, call);
        server.Finish();

        await Assert.ThrowsAsync<IOException>(() => TakeAsync(call));
        Assert.Equal((200, ExchangeFlag.UpstreamEnded), (await scene.ReportAsync() is var report ? (report.Status, report.Flag) : default));
    }

    [Fact]
    public async Task A_client_that_leaves_takes_what_was_kept_for_it_along()
    {
        await using var scene = await ProxyScene.StartAsync();
        var (call, server) = await AskAsync(scene);
        await server.SendAsync(OfLength(Short));
        await KeepsAsync(scene, Short.Length - Window);

        call.Reset(Http2ErrorCode.Cancel);

        Assert.Equal(ExchangeFlag.DownstreamEnded, (await scene.ReportAsync()).Flag);
        Assert.Equal(0, await KeptAsync(scene));
    }

    [Fact]
    public async Task Its_place_behind_the_gate_is_free_for_the_next()
    {
        await using var scene = await ProxyScene.StartAsync();
        var cluster = new UpstreamCluster("gated", [new(scene.Endpoint)], new(TrafficPolicy.Default with { Limits = new() { MaxConnections = 1 } }, TimeProvider.System));
        scene.Decide = _ => RouteDecision.To(cluster);
        var (call, server) = await AskAsync(scene);
        await server.SendAsync(OfLength(Short));
        await StallsAsync(scene, call);

        Assert.Equal("other", await OtherAsync(scene, server));
        Assert.Equal(0, cluster.Endpoints[0].Active);
        Assert.Equal(Short, await TakeAsync(call));
    }

    [Fact]
    public async Task Where_memory_runs_short_what_was_kept_counts()
    {
        var time = new ManualTime();
        var options = HttpProxyOptions.Default with { HeldBytesPerWorker = 20 * SlabPool.BytesOf(SlabSize.Small), Http2PingAfter = TimeSpan.FromDays(1) };
        await using var scene = await ProxyScene.StartAsync(options, time: time);
        var answer = Letters(Bodies.KeptBody.Most);
        var client = await scene.ConnectHttp2Async(new() { StreamWindow = 0 });
        List<Http2WireStream> calls = [client.Get()];
        var server = await scene.AcceptAsync();
        for (var kept = 0L; calls.Count < 40; calls.Add(client.Get()))
        {
            await server.ReadHeadAsync();
            await server.SendAsync(OfLength(answer));
            await KeepsAsync(scene, kept += answer.Length);
        }

        for (var waited = 0; calls[0].ResetCode is null && waited < 10_000; waited++)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }

        Assert.Equal(Http2ErrorCode.Cancel, calls[0].ResetCode);
        Assert.Equal(ExchangeFlag.Overloaded, (await scene.ReportAsync()).Flag);
    }

    [Fact]
    public async Task However_it_comes_and_is_taken_it_arrives_whole()
    {
        var random = new Random(7);
        await using var scene = await ProxyScene.StartAsync();
        for (var i = 0; i < 60; i++)
        {
            var client = await scene.ConnectHttp2Async(new() { StreamWindow = random.Next(1000, 20_000) });
            var call = client.Get();
            var server = await scene.AcceptAsync();
            await server.ReadHeadAsync();
            var body = Letters(random.Next(1, 3 * Bodies.KeptBody.Most));
            var answer = random.Next(2) == 0 ? OfLength(body) : $"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{ProxyScene.Chunked(body[..(body.Length / 2)], body[(body.Length / 2)..])}";
            call.Reads = random.Next(2) == 0;
            for (int at = 0, piece; at < answer.Length; at += piece) await server.SendAsync(answer.Substring(at, piece = Math.Min(random.Next(1, 30_000), answer.Length - at)));

            Assert.Equal(body, await TakeAsync(call));
            server.Reset();
        }
    }

    private static string OfLength(string body) => $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}";

    private static string Letters(int count) => string.Create(count, 0, static (letters, _) =>
    {
        for (var i = 0; i < letters.Length; i++) letters[i] = (char)('a' + i % 23);
    });

    private static async Task<(Http2WireStream Call, Wire Server)> AskAsync(ProxyScene scene)
    {
        var call = (await scene.ConnectHttp2Async(TakesLittle)).Get();
        call.Reads = false;
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        return (call, server);
    }

    /// <summary>Another client's request, answered by that connection of the server; null: by a new one.</summary>
    private static async Task<string> OtherAsync(ProxyScene scene, Wire? server)
    {
        if (server is not null) await UntilAsync(scene, static proxy => proxy.Upstreams.Idle == 1, "the server's connection was not given back");
        var other = await scene.ConnectAsync();
        await other.SendAsync("GET /other HTTP/1.1\r\nHost: a\r\n\r\n");
        server ??= await scene.AcceptAsync();
        Assert.StartsWith("GET /other ", await server.ReadHeadAsync());
        await server.SendAsync(OfLength("other"));
        await other.ReadHeadAsync();
        return await other.ReadAsync(5);
    }

    private static async Task StallsAsync(ProxyScene scene, Http2WireStream call)
    {
        await call.BodyAsync(Window);
        await UntilAsync(scene, static proxy => proxy.ClientWaits.Count == 1, "the answer did not come to wait for its client");
    }

    private static Task KeepsAsync(ProxyScene scene, long bytes) => UntilAsync(scene, proxy => proxy.ClientWaits.KeptBytes >= bytes, $"{bytes} bytes were not kept");

    private static async Task UntilAsync(ProxyScene scene, Func<HttpProxyContext, bool> condition, string otherwise)
    {
        for (var began = TimeProvider.System.GetTimestamp(); !await scene.Loop.RunAsync(() => new ValueTask<bool>(condition(scene.Proxy)));)
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Wire.Limit, otherwise);
    }

    private static Task<long> KeptAsync(ProxyScene scene) => scene.Loop.RunAsync(() => new ValueTask<long>(scene.Proxy.ClientWaits.KeptBytes));

    /// <summary>The client takes the rest.</summary>
    private static async Task<string> TakeAsync(Http2WireStream call)
    {
        call.Take();
        return await call.BodyAsync();
    }
}
