using System.Text;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Resilience;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.TestKit;

namespace Ambient.HttpProxy.Tests.Http2;

/// <summary>A client that makes us work and moves nothing is sent away, and nobody else notices.</summary>
public sealed class FloodTests
{
    public static TheoryData<string> Floods => [.. Flood.Excessive.Select(flood => flood.Name)];

    [Theory]
    [MemberData(nameof(Floods))]
    public async Task A_flood_ends_the_connection_that_it_came_on(string name)
    {
        await using var scene = await ProxyScene.StartAsync(new() { FloodPause = TimeSpan.FromMilliseconds(100), LingerTimeout = TimeSpan.FromMilliseconds(200) });
        var good = await scene.ConnectHttp2Async();
        var waits = good.Get("/waits");
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        var flooder = await scene.ConnectAsync();

        var answer = flooder.ReadUntilEndAsync();
        await flooder.TrySendAsync(Flood.Excessive.Single(flood => flood.Name == name).Bytes);

        var goAway = await answer;
        Assert.Contains("\0\0\0\u000b", goAway, StringComparison.Ordinal); // ENHANCE_YOUR_CALM
        await server.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        Assert.Equal("ok", await waits.BodyAsync());
        Assert.True(scene.Reports.Count < 2000, $"{name}: {scene.Reports.Count} requests were worked on");
    }

    [Fact]
    public async Task Who_floods_hears_so_only_after_a_pause()
    {
        var time = new ManualTime();
        await using var scene = await ProxyScene.StartAsync(time: time);
        var flooder = await scene.ConnectAsync();

        var answer = flooder.ReadUntilEndAsync();
        await flooder.TrySendAsync(Flood.Excessive[0].Bytes);
        var waited = TimeSpan.Zero;
        for (; !answer.IsCompleted && waited < 10 * HttpProxyOptions.Default.FloodPause; waited += TimeSpan.FromMilliseconds(10))
        {
            await Task.Delay(5);
            time.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.True(answer.IsCompletedSuccessfully, $"not ended after {waited}");
        Assert.Contains("\0\0\0\u000b", await answer, StringComparison.Ordinal);
        Assert.True(waited >= HttpProxyOptions.Default.FloodPause, $"after {waited}");
    }

    [Fact]
    public async Task A_client_is_heard_before_all_that_others_have_sent_is_dealt_with()
    {
        await using var scene = await ProxyScene.StartAsync();
        var heard = new List<string>();
        scene.Decide = request =>
        {
            heard.Add(Encoding.ASCII.GetString(request.Path));
            return RouteDecision.Answer(new(200, ""));
        };
        List<Wire> busy = [];
        for (var i = 0; i < 8; i++) busy.Add(await GreetAsync(scene));
        var good = await GreetAsync(scene);
        using var isHeld = new ManualResetEventSlim();
        using var goesOn = new ManualResetEventSlim();
        scene.Loop.Post(() =>
        {
            isHeld.Set();
            goesOn.Wait();
        });
        isHeld.Wait();
        foreach (var wire in busy) await wire.SendAsync(string.Concat(Numbers(20).Select(id => Ask(id + 2, "/busy", new string('y', 4000)))));
        await good.SendAsync(Ask(3, "/good", "y"));

        goesOn.Set();
        await scene.ReportAsync(9 + 8 * 20 + 1);

        Assert.InRange(heard.IndexOf("/good") - 9, 0, 16 + 6 + 16); // two batches, a little of the others, and what the next turn begins with
    }

    [Fact]
    public async Task Who_sends_no_requests_is_answered_at_once_unless_there_are_many()
    {
        var time = new ManualTime();
        await using var scene = await ProxyScene.StartAsync(time: time);
        for (var i = 0; i < RefusalPace.Prompt; i++) Assert.StartsWith("HTTP/1.1 400 ", await RefusedAsync(scene));

        List<Task<string>> paused = [];
        for (var i = 0; i < RefusalPace.MostPaused; i++)
        {
            paused.Add(RefusedAsync(scene));
            if (i % 100 == 99) await Task.WhenAny(Task.Delay(1), paused[^1]);
        }

        await UntilAsync(scene, static scene => scene.Proxy.Refusals.Paused == RefusalPace.MostPaused);
        Assert.All(paused, static answer => Assert.False(answer.IsCompleted));
        Assert.StartsWith("HTTP/1.1 400 ", await RefusedAsync(scene)); // more are not held
        time.Advance(HttpProxyOptions.Default.FloodPause);
        foreach (var answer in paused) Assert.StartsWith("HTTP/1.1 400 ", await answer);
        Assert.StartsWith("HTTP/1.1 400 ", await RefusedAsync(scene)); // a second later it may be a mistake again
    }

    private static async Task<string> RefusedAsync(ProxyScene scene)
    {
        using var wire = await Wire.ConnectAsync(scene.Address);
        await wire.SendAsync("no HTTP\r\n\r\n");
        return await wire.ReadHeadAsync();
    }

    private static async Task UntilAsync(ProxyScene scene, Func<ProxyScene, bool> condition)
    {
        for (var began = TimeProvider.System.GetTimestamp(); !await scene.Loop.RunAsync(() => new ValueTask<bool>(condition(scene)));)
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Wire.Limit, "did not come to that");
    }

    private static async Task<Wire> GreetAsync(ProxyScene scene)
    {
        var (wire, reports) = (await scene.ConnectAsync(), scene.Reports.Count);
        await wire.SendAsync(Frames.Preface + Frames.Settings() + Ask(1, "/greet", "y"));
        await scene.ReportAsync(reports + 1);
        return wire;
    }

    private static string Ask(uint id, string path, string filler) =>
        Frames.Headers(id, true, ":method", "GET", ":scheme", "http", ":authority", "a", ":path", path, "x", filler);

    [Fact]
    public async Task Requests_taken_back_in_the_same_breath_reach_no_server()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync(Frames.Preface + Frames.Settings() + string.Concat(Numbers(50).Select(id => Frames.Get(id) + Frames.Reset(id))) + Frames.Headers(
            999, true, ":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/last"));
        var server = await scene.AcceptAsync();

        Assert.StartsWith("GET /last ", await server.ReadHeadAsync());
    }

    [Fact]
    public async Task More_streams_than_allowed_are_refused_and_cost_no_server()
    {
        await using var scene = await ProxyScene.StartAsync(new() { Http2Streams = 2 });
        var client = await scene.ConnectAsync();

        await client.SendAsync(Frames.Preface + Frames.Settings() + Frames.Get(1) + Frames.Get(3) + Frames.Get(5)); // before the settings could say so
        var reset = await client.ReadFrameAsync(type: 3, stream: 5);
        client.Dispose();

        Assert.Equal("\0\0\0\u0007", reset.Payload); // REFUSED_STREAM
        await scene.ReportAsync(2);
        Assert.Equal(2, scene.Reports.Count);
    }

    private static IEnumerable<uint> Numbers(int count) => Enumerable.Range(0, count).Select(i => (uint)(2 * i + 1));
}
