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
