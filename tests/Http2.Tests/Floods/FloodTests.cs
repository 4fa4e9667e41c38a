using Ambient.Http2.Tests.Wire;
using Xunit;

namespace Ambient.Http2.Tests.Floods;

/// <summary>Each flood that is known, up to its limit and one beyond.</summary>
public class FloodTests
{
    private static readonly RateLimit Ten = new(10, 5);

    private sealed record Flood(string Name, Action<FloodLimits> Limit, Func<FrameBuilder, uint, FrameBuilder> Frame);

    private static readonly Flood[] Known =
    [
        new("ping flood", limits => limits.Pings = Ten, (f, _) => f.Ping(7)),
        new("settings flood", limits => limits.Settings = new(12, 5), (f, _) => f.Settings((4, 1000))), // two came before
        new("settings ack flood", limits => limits.Settings = new(12, 5), (f, _) => f.SettingsAck()),
        new("empty DATA flood", limits => limits.EmptyFrames = Ten, (f, _) => f.Data(1, 0)),
        new("DATA of padding alone", limits => limits.EmptyFrames = Ten, (f, _) => f.Frame(0, 8, 1, [1, 0])),
        new("empty DATA on a closed stream", limits => limits.EmptyFrames = Ten, (f, _) => f.Data(3, 0)),
        new("priority flood", limits => limits.IgnoredFrames = Ten, (f, _) => f.Frame(2, 0, 1, new byte[5])),
        new("PRIORITY_UPDATE flood", limits => limits.IgnoredFrames = Ten, (f, _) => f.Frame(0x10, 0, 0, [0, 0, 0, 1])),
        new("unknown frames", limits => limits.IgnoredFrames = Ten, (f, _) => f.Frame(0x99, 0, 0, [1])),
        new("tiny WINDOW_UPDATE flood", limits => limits.WindowUpdates = Ten, (f, _) => f.WindowUpdate(1, 1)),
        new("tiny WINDOW_UPDATE flood on the connection", limits => limits.WindowUpdates = Ten, (f, _) => f.WindowUpdate(0, 1)),
        new("rapid reset", limits => limits.EarlyResets = Ten, (f, i) => f.Connect(5 + 2 * i).Reset(5 + 2 * i)),
        new("streams that are malformed", limits => limits.StreamFaults = Ten, (f, i) => f.Headers(5 + 2 * i, 5, "a: b")),
        new("streams above the limit", limits => limits.StreamFaults = Ten, (f, i) => f.Connect(5 + 2 * i)),
        new("MadeYouReset by WINDOW_UPDATE of 0", limits => limits.StreamFaults = Ten, (f, i) => f.Get(5 + 2 * i).WindowUpdate(5 + 2 * i, 0)),
        new("MadeYouReset by DATA after the end", limits => limits.StreamFaults = Ten, (f, i) => f.Get(5 + 2 * i).Data(5 + 2 * i, 1)),
        new("MadeYouReset by a window overflow", limits => limits.StreamFaults = Ten, (f, i) => f.Get(5 + 2 * i).WindowUpdate(5 + 2 * i, int.MaxValue)),
        new("header lists that are too large", limits => limits.StreamFaults = Ten,
            (f, i) => f.Headers(5 + 2 * i, 5, [.. FrameBuilder.GetFields, "a: " + new string('x', 2000)])),
    ];

    public static TheoryData<string> Names => [.. Known.Select(flood => flood.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_flood_ends_the_connection_above_its_limit_only(string name)
    {
        var (flood, scene) = Begin(name);

        for (var i = 0u; i < 10; i++)
            Assert.True(scene.Receive(flood.Frame(new FrameBuilder(), i)), $"{scene.Connection.Error} at {i}");
        Assert.False(scene.Receive(flood.Frame(new FrameBuilder(), 10)));

        Assert.Equal(Http2ErrorCode.EnhanceYourCalm, scene.Connection.Error!.Code);
        Assert.Contains("allows", scene.Connection.Error.Message);
        Assert.Contains("EnhanceYourCalm", scene.Recorder.TakeFrames().Last(frame => frame.StartsWith("GOAWAY")));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void At_the_rate_that_is_allowed_it_goes_on_for_ever(string name)
    {
        var (flood, scene) = Begin(name);

        for (var i = 0u; i < 100; i++)
        {
            Assert.True(scene.Receive(flood.Frame(new FrameBuilder(), i)), $"{scene.Connection.Error} at {i}");
            scene.Time.Advance(TimeSpan.FromMilliseconds(201)); // five in a second
        }
    }

    [Fact]
    public void Resets_of_requests_that_were_answered_are_no_flood()
    {
        var scene = Scene.Server(new Http2Options { Floods = new FloodLimits { EarlyResets = new(10, 0) } });
        var answer = FrameBuilder.Fields(":status: 200");
        scene.Recorder.Headers = (stream, _, _) => scene.Connection.SendHeaders(stream, answer, endStream: false);

        for (var id = 1u; id < 4000; id += 2)
            Assert.True(scene.Receive(new FrameBuilder().Connect(id).Reset(id)));
    }

    [Fact]
    public void As_many_answered_requests_make_up_for_early_resets()
    {
        var scene = Scene.Server(new Http2Options { Floods = new FloodLimits { EarlyResets = new(2, 0) } });
        var answer = FrameBuilder.Fields(":status: 204");

        for (var id = 1u; id < 400; id += 4)
        {
            Assert.True(scene.Receive(new FrameBuilder().Connect(id).Reset(id).Get(id + 2)));
            scene.Connection.SendHeaders(scene.Recorder.Streams[id + 2], answer, endStream: true);
        }
    }

    [Fact]
    public void Window_updates_for_what_we_sent_are_no_flood()
    {
        var scene = Scene.Server(new Http2Options { Floods = new FloodLimits { WindowUpdates = new(10, 0) } });
        scene.Receive(new FrameBuilder().Connect(1));

        for (var i = 0; i < 1000; i++)
        {
            scene.Connection.SendData(scene.Recorder.Streams[1], new byte[1000], endStream: false);
            Assert.True(scene.Receive(new FrameBuilder().WindowUpdate(1, 1000).WindowUpdate(0, 1000)));
        }
    }

    [Fact]
    public void Interim_responses_without_end_are_a_flood()
    {
        var scene = Scene.Client(new Http2Options { Floods = new FloodLimits { EmptyFrames = Ten } });
        scene.Open();
        var interim = new FrameBuilder().Headers(1, 4, ":status: 103");

        for (var i = 0; i < 10; i++) Assert.True(scene.Receive(interim));
        Assert.False(scene.Receive(interim));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public void Continuations_without_end_are_a_flood(int bytesEach)
    {
        var scene = Scene.Server(new Http2Options { Floods = new FloodLimits { MaxContinuations = 10 } });
        scene.Receive(new FrameBuilder().Headers(1, 1, FrameBuilder.GetFields));
        var more = new FrameBuilder().Frame(9, 0, 1, new byte[bytesEach]);

        for (var i = 0; i < 10; i++) Assert.True(scene.Receive(more));
        Assert.False(scene.Receive(more));

        Assert.Equal(Http2ErrorCode.EnhanceYourCalm, scene.Connection.Error!.Code);
    }

    [Fact]
    public void A_header_block_that_is_too_large_is_refused_before_it_is_gathered()
    {
        var scene = Scene.Server(new Http2Options { MaxHeaderBlockBytes = 20000 });
        scene.Receive(new FrameBuilder().Frame(1, 1, 1, new byte[16000]));

        Assert.False(scene.Receive(new FrameBuilder().Raw([0, 0x10, 0, 9, 0, 0, 0, 0, 1]))); // 4096 more, only announced

        Assert.Equal(Http2ErrorCode.EnhanceYourCalm, scene.Connection.Error!.Code);
    }

    [Fact]
    public void Answers_to_a_peer_that_does_not_read_are_bounded()
    {
        var scene = Scene.Server(new Http2Options { Floods = new FloodLimits { Pings = new(int.MaxValue, 0), MaxUnsentControlBytes = 4096 } });
        var ping = new FrameBuilder().Ping(1);
        for (var i = 0; i < 10_000; i++) Assert.True(scene.Receive(ping)); // it reads
        Assert.Equal(0, scene.Connection.UnsentControlBytes);

        scene.Recorder.Flows = false;
        var received = 0;
        while (scene.Receive(ping)) received++;

        Assert.InRange(received * 17, 2048, 3 * 4096);
        Assert.Contains("does not read", scene.Connection.Error!.Message);
    }

    [Fact]
    public void An_output_that_knows_only_when_it_is_empty_is_enough()
    {
        var scene = Scene.Server(new Http2Options { Floods = new FloodLimits { Pings = new(int.MaxValue, 0), MaxUnsentControlBytes = 4096 } });
        scene.Recorder.Flows = false;

        for (var turn = 0; turn < 2000; turn++)
        {
            Assert.True(scene.Receive(new FrameBuilder().Ping(1).Ping(2)));
            scene.Recorder.Flush();
        }
    }

    [Fact]
    public void A_window_that_stays_shut_resets_its_stream_where_that_is_wanted()
    {
        var scene = Scene.Server(new Http2Options { Floods = new FloodLimits { MaxSendBlock = TimeSpan.FromSeconds(60) } }, (4, 0));
        scene.Receive(new FrameBuilder().Connect(1).Connect(3));
        Assert.Equal(0, scene.Connection.Sendable(scene.Recorder.Streams[1]));

        scene.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.True(scene.Connection.CheckTimeouts());
        Assert.Equal(2, scene.Connection.OpenStreams);
        scene.Time.Advance(TimeSpan.FromSeconds(1.1));
        Assert.True(scene.Connection.CheckTimeouts());

        Assert.Equal(1, scene.Connection.OpenStreams);
        Assert.Contains("Reset 1 EnhanceYourCalm", scene.Recorder.Events);
    }

    [Fact]
    public void Bytes_that_are_announced_cost_no_memory_before_they_come()
    {
        var scenes = Enumerable.Range(0, 2).Select(_ => Scene.Server()).ToArray();
        ReadOnlyMemory<byte> announcement = new byte[] { 1, 0xff, 0, 1, 0, 0, 0, 0, 1, 0 }; // HEADERS of 130816 bytes, one of them here
        scenes[0].Connection.Receive(announcement);

        var before = GC.GetAllocatedBytesForCurrentThread();
        scenes[1].Connection.Receive(announcement);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200);
    }

    // Stream 1 is open; stream 3 was reset by us.
    private static (Flood, Scene) Begin(string name)
    {
        var flood = Known.Single(flood => flood.Name == name);
        var options = new Http2Options { MaxHeaderListBytes = 1024, MaxConcurrentStreams = name == "streams above the limit" ? 1 : 100 };
        flood.Limit(options.Floods);
        var scene = Scene.Server(options);
        scene.Receive(new FrameBuilder().Connect(1));
        if (options.MaxConcurrentStreams == 1) return (flood, scene);
        scene.Receive(new FrameBuilder().Connect(3));
        scene.Connection.Reset(scene.Recorder.Streams[3], Http2ErrorCode.Cancel);
        return (flood, scene);
    }
}
