using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.Upstreams;
using Ambient.TestKit;
using Ambient.Transport;

namespace Ambient.HttpProxy.Tests.Http2;

/// <summary>A slow reader holds its sender back, and nobody else.</summary>
public sealed class FlowControlTests
{
    private const int Window = 65535, OwnWindow = 128 * 1024, OwnConnectionWindow = 512 * 1024;

    private static readonly string[] Post = [":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/p"];
    private static readonly HttpProxyOptions Options = new() { Http2StreamWindow = OwnWindow, Http2ConnectionWindow = OwnConnectionWindow };

    [Fact]
    public async Task A_server_that_does_not_read_holds_its_client_back_and_no_other()
    {
        await using var scene = await ProxyScene.StartAsync(Options, protocol: UpstreamProtocol.Http2);
        var client = await scene.ConnectHttp2Async();
        var call = client.Open(endStream: false, Post);
        var server = await scene.AcceptHttp2Async(new() { StreamWindow = Window });
        var served = await server.AcceptAsync();
        served.Reads = false;

        var sent = 0;
        _ = call.SendAsync(new string('x', 10_000_000)); // never ends
        await client.UntilAsync(() => (sent = call.Sent) >= OwnWindow + Window - OwnWindow / 4, "all that the windows let pass");
        var other = client.Get("/other");
        (await server.AcceptAsync()).SendHead(true, ":status", "204");
        Assert.Equal([":status: 204"], await other.HeadAsync());

        Assert.InRange(call.Sent, sent, OwnWindow + Window);
        await served.BodyAsync(Window);
        Assert.Equal(Window, served.Body.Length);
        Assert.InRange(await HeldAsync(scene), 0, OwnWindow + 5 * Slab);
    }

    [Fact]
    public async Task A_client_that_does_not_read_holds_its_server_back_and_no_other()
    {
        await using var scene = await ProxyScene.StartAsync(Options, protocol: UpstreamProtocol.Http2);
        var client = await scene.ConnectHttp2Async(new() { StreamWindow = Window });
        var call = client.Get();
        call.Reads = false;
        var server = await scene.AcceptHttp2Async();
        var served = await server.AcceptAsync();
        served.SendHead(false, ":status", "200");

        _ = served.SendAsync(new string('x', 10_000_000));
        await call.BodyAsync(Window);
        await server.UntilAsync(() => served.Sent >= OwnWindow + Window - OwnWindow / 4, "all that the windows let pass");
        var other = client.Get("/other");
        (await server.AcceptAsync()).SendHead(true, ":status", "204");
        Assert.Equal([":status: 204"], await other.HeadAsync());

        Assert.InRange(served.Sent, OwnWindow, OwnWindow + Window);
        Assert.Equal(Window, call.Body.Length);
        Assert.InRange(await HeldAsync(scene), 0, OwnWindow + 5 * Slab);
    }

    [Fact]
    public async Task Clients_that_do_not_read_hold_up_no_others_on_their_servers_connection()
    {
        await using var scene = await ProxyScene.StartAsync(Options, protocol: UpstreamProtocol.Http2);
        var silent = await scene.ConnectHttp2Async(new() { StreamWindow = 0 });
        var calls = Enumerable.Range(0, 2 * OwnConnectionWindow / OwnWindow).Select(_ => silent.Get()).ToArray();
        var server = await scene.AcceptHttp2Async();
        List<Http2WireStream> served = [];
        foreach (var _ in calls) served.Add(await server.AcceptAsync());
        foreach (var answer in served)
        {
            answer.SendHead(false, ":status", "200");
            _ = answer.SendAsync(new string('x', 1_000_000)); // never ends
        }

        await server.UntilAsync(() => served.TrueForAll(static answer => answer.Sent >= OwnWindow), "all that the streams' windows let pass");
        var other = (await scene.ConnectHttp2Async()).Get("/other");
        var heard = await server.AcceptAsync();
        heard.SendHead(false, ":status", "200");
        await heard.SendAsync("heard", endStream: true);

        Assert.Equal("heard", await other.BodyAsync());
        Assert.InRange(await HeldAsync(scene), 0, calls.Length * (OwnWindow + Slab) + 5 * Slab);
    }

    [Fact]
    public async Task All_streams_together_hold_no_more_than_the_connections_window()
    {
        await using var scene = await ProxyScene.StartAsync(Options, protocol: UpstreamProtocol.Http2);
        var client = await scene.ConnectHttp2Async();
        var calls = Enumerable.Range(0, 10).Select(_ => client.Open(endStream: false, Post)).ToArray();
        var server = await scene.AcceptHttp2Async(new() { StreamWindow = 0 });
        foreach (var _ in calls) (await server.AcceptAsync()).Reads = false;

        foreach (var call in calls) _ = call.SendAsync(new string('x', 1_000_000));
        var sent = 0;
        await client.UntilAsync(() => client.Http2.SendWindow == 0 && (sent = calls.Sum(call => call.Sent)) >= OwnConnectionWindow, "the end of the connection's window");

        Assert.InRange(sent, OwnConnectionWindow, OwnConnectionWindow + Window); // what was passed on before the server said its window
        Assert.InRange(await HeldAsync(scene), 0, OwnConnectionWindow + (calls.Length + 5) * Slab);
    }

    [Fact]
    public async Task A_server_of_http_1_is_read_only_as_fast_as_the_client_reads()
    {
        await using var scene = await ProxyScene.StartAsync(Options);
        var client = await scene.ConnectHttp2Async(new() { StreamWindow = Window });
        var call = client.Get();
        call.Reads = false;
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();

        var sending = server.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n{new string('x', 50_000_000)}");
        await call.BodyAsync(Window);
        Assert.InRange(await HeldAsync(scene), 0, 5 * Slab);
        Assert.False(sending.IsCompleted); // the kernel's buffers hold some of it, we do not
        call.Reads = true;
        client.Do(() => client.Http2.Credit(call.Http2, call.Body.Length));
        await sending;
        await call.BodyAsync();
        Assert.Equal(50_000_000, call.Body.Length);
    }

    [Theory]
    [InlineData(UpstreamProtocol.Http1)]
    [InlineData(UpstreamProtocol.Http2)]
    public async Task A_client_that_does_not_read_has_no_longer_than_the_route_allows(UpstreamProtocol protocol)
    {
        var time = new ManualTime();
        await using var scene = await ProxyScene.StartAsync(Options, new() { Timeout = TimeSpan.FromSeconds(5) }, protocol, time);
        var client = await scene.ConnectHttp2Async(new() { StreamWindow = Window });
        var call = client.Get();
        call.Reads = false;
        if (protocol == UpstreamProtocol.Http2) _ = SendAsync(await (await scene.AcceptHttp2Async()).AcceptAsync());
        else _ = (await scene.AcceptAsync()).TrySendAsync($"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n{new string('x', 50_000_000)}");
        await call.BodyAsync(Window);

        time.Advance(TimeSpan.FromSeconds(5));

        await call.WaitForResetAsync();
        var report = await scene.ReportAsync();
        Assert.Equal((200, ExchangeFlag.TimedOut), (report.Status, report.Flag));

        static Task SendAsync(Http2WireStream served)
        {
            served.SendHead(false, ":status", "200");
            return served.SendAsync(new string('x', 10_000_000));
        }
    }

    [Fact]
    public async Task A_client_of_http_1_that_does_not_read_has_no_longer_than_the_route_allows()
    {
        var time = new ManualTime();
        await using var scene = await ProxyScene.StartAsync(Options, new() { Timeout = TimeSpan.FromSeconds(5) }, time: time);
        var client = await scene.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        var server = await scene.AcceptAsync();
        var sending = server.TrySendAsync($"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n{new string('x', 50_000_000)}");
        await client.ReadHeadAsync();
        while (await HeldAsync(scene) == 0) await Task.Yield(); // the proxy waits for the client

        time.Advance(TimeSpan.FromSeconds(5));

        var report = await scene.ReportAsync();
        Assert.Equal((200, ExchangeFlag.TimedOut), (report.Status, report.Flag));
        Assert.True(await client.IsResetAsync());
        await sending;
    }

    [Fact]
    public async Task A_client_that_asks_and_does_not_read_the_answers_is_not_read_from()
    {
        await using var scene = await ProxyScene.StartAsync(new() { Http2Streams = 10_000 });
        scene.Decide = _ => Routing.RouteDecision.Refuse(404, new string('x', 2000));
        var client = await Wire.ConnectAsync(scene.Address);
        using (client)
        {
            await client.SendAsync(Frames.Preface + Frames.Settings((4, 1 << 20)) + Frames.WindowUpdate(0, 1 << 30)); // and never reads
            var flooding = Task.Run(async () =>
            {
                for (uint id = 1; id < 2_000_000; id += 2000) // far more than the kernel's buffers hold
                    await client.SendAsync(string.Concat(Enumerable.Range(0, 1000).Select(i => Frames.Get(id + 2 * (uint)i))));
            });
            await scene.ReportAsync(1000);
            await Task.WhenAny(flooding, StalledAsync(scene));

            Assert.False(flooding.IsCompleted);
            Assert.InRange(await HeldAsync(scene), 0, 1024 * 1024);
        }
    }

    private const int Slab = 32 * 1024;

    /// <summary>Bytes of buffers in use.</summary>
    private static Task<int> HeldAsync(ProxyScene scene) => scene.Loop.RunAsync(() => new ValueTask<int>(scene.Loop.Slabs.Rented * SlabPool.BytesOf(SlabSize.Small)));

    // No further exchange in as many turns of the loop.
    private static async Task StalledAsync(ProxyScene scene)
    {
        for (var (before, quiet) = (0, 0); quiet < 200; before = scene.Reports.Count)
        {
            await scene.Loop.RunAsync(async () => await scene.Loop.DelayAsync(TimeSpan.FromMilliseconds(2)));
            quiet = scene.Reports.Count == before ? quiet + 1 : 0;
        }
    }
}
