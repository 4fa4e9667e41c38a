using Ambient.Http2.Tests.Wire;
using Xunit;

namespace Ambient.Http2.Tests;

/// <summary>Owners that act from inside their handlers, and what they may rely on.</summary>
public class HandlerTests
{
    private static readonly HeaderList Ok = FrameBuilder.Fields(":status: 200");

    [Fact]
    public void A_stream_that_is_reset_inside_OnData_hears_nothing_of_the_rest_of_the_frame()
    {
        var scene = Scene.Server(new Http2Options { ConnectionWindow = 65535 });
        scene.Recorder.Data = (stream, _, _) => scene.Connection.Reset(stream, Http2ErrorCode.Cancel);
        byte[] frame = new FrameBuilder().Connect(1).Data(1, 40_000, endStream: true).Ping(1).ToArray();

        for (var at = 0; at < frame.Length; at += 1000)
            Assert.True(scene.Connection.Receive(frame.AsMemory(at, Math.Min(1000, frame.Length - at))));

        Assert.Single(scene.Recorder.Events, line => line.StartsWith("Data"));
        Assert.Equal(["RST_STREAM 1 Cancel", "WINDOW_UPDATE 0 33000", "PING ack 1"], Approximately(scene.Recorder.TakeFrames()));
    }

    [Fact]
    public void A_request_may_be_answered_completely_inside_OnHeaders()
    {
        var scene = Scene.Server();
        scene.Recorder.Headers = (stream, _, _) =>
        {
            Assert.True(scene.Connection.SendHeaders(stream, Ok, endStream: false));
            scene.Connection.SendData(stream, "hi"u8, endStream: true);
            Assert.False(scene.Connection.SendHeaders(stream, Ok, endStream: false));
        };

        scene.Receive(new FrameBuilder().Get(1).Post(3));

        Assert.Equal(["HEADERS 1 :status=200", "DATA 1 2 end", "HEADERS 3 :status=200", "DATA 3 2 end"], scene.Recorder.TakeFrames());
        Assert.Single(scene.Recorder.Events, line => line == "Closed 1");
        Assert.Equal(1, scene.Connection.OpenStreams); // stream 3 waits for the rest of its request
    }

    [Fact]
    public void A_connection_that_is_ended_inside_a_handler_ends_there()
    {
        var scene = Scene.Server();
        scene.Recorder.Headers = (_, _, _) => scene.Connection.GoAway(Http2ErrorCode.NoError);

        Assert.False(scene.Receive(new FrameBuilder().Connect(1).Connect(3).Ping(1)));

        Assert.Equal(["GOAWAY 1 NoError"], scene.Recorder.TakeFrames());
        Assert.Equal(["Reset 1 NoError", "Closed 1"], scene.Recorder.Events.Skip(2));
        Assert.Null(scene.Connection.Error);
        Assert.True(scene.Connection.IsDrained);
    }

    [Fact]
    public void New_streams_may_be_opened_when_one_closes()
    {
        var scene = Scene.Client(null, (3, 1));
        var request = FrameBuilder.Fields(FrameBuilder.GetFields);
        var opened = 0;
        scene.Recorder.Closed = _ => { if (opened++ < 3) Assert.NotNull(scene.Connection.TryOpen(request, endStream: true)); };
        scene.Open();
        Assert.Null(scene.Connection.TryOpen(request, endStream: true));

        scene.Receive(new FrameBuilder().Reset(1).Headers(3, 5, ":status: 200").Headers(5, 5, ":status: 200"));

        Assert.Equal(["HEADERS 1", "HEADERS 3 end", "HEADERS 5 end", "HEADERS 7 end"],
            scene.Recorder.TakeFrames().Select(frame => frame.Split(" :")[0]));
    }

    [Fact]
    public void Receive_inside_a_handler_is_the_owners_mistake()
    {
        var scene = Scene.Server();
        scene.Recorder.Headers = (_, _, _) => scene.Receive(new FrameBuilder().Ping(1));

        Assert.Throws<InvalidOperationException>(() => scene.Receive(new FrameBuilder().Connect(1)));
    }

    [Fact]
    public void Receive_before_Start_is_the_owners_mistake()
    {
        var recorder = new Recorder();
        var connection = new Http2Connection(Http2Role.Server, new Http2Options(), recorder, recorder, TimeProvider.System);

        Assert.Throws<InvalidOperationException>(() => connection.Receive(new FrameBuilder().Preface().ToArray()));
    }

    [Fact]
    public void Every_stream_hears_of_the_end_of_its_connection_once()
    {
        var scene = Scene.Server();
        scene.Receive(new FrameBuilder().Connect(1).Connect(3).Get(5));

        Assert.False(scene.Receive(new FrameBuilder().WindowUpdate(0, 0)));
        scene.Connection.Abandon(Http2ErrorCode.InternalError);
        scene.Connection.GoAway(Http2ErrorCode.InternalError);

        Assert.Equal(["Reset 1 ProtocolError", "Closed 1", "Reset 3 ProtocolError", "Closed 3", "Reset 5 ProtocolError", "Closed 5"],
            scene.Recorder.Events.Skip(4));
        Assert.Single(scene.Recorder.TakeFrames(), frame => frame.StartsWith("GOAWAY"));
        Assert.False(scene.Receive(new FrameBuilder().Ping(1)));
    }

    [Fact]
    public void Nothing_is_written_on_a_stream_that_the_peer_has_reset()
    {
        var scene = Scene.Server();
        scene.Receive(new FrameBuilder().Connect(1).Reset(1));
        var stream = scene.Recorder.Streams[1];

        Assert.True(stream.IsClosed && stream.WasResetByPeer);
        Assert.False(scene.Connection.SendHeaders(stream, Ok, endStream: false));
        Assert.Equal(0, scene.Connection.Sendable(stream));
        scene.Connection.Credit(stream, 10);
        scene.Connection.Reset(stream, Http2ErrorCode.Cancel);
        Assert.Empty(scene.Recorder.TakeFrames());
    }

    [Fact]
    public void Many_resets_are_cleared_up_after_a_ping_round_trip()
    {
        var scene = Scene.Server();
        scene.Recorder.Headers = (stream, _, _) => scene.Connection.Reset(stream, Http2ErrorCode.Cancel);
        for (var id = 1u; id < 64; id += 2) scene.Receive(new FrameBuilder().Connect(id));
        var probe = Http2Connection.ReservedPings | 2;
        Assert.Contains($"PING {probe}", scene.Recorder.TakeFrames());

        Assert.True(scene.Receive(new FrameBuilder().Data(1, 5).Ping(probe, ack: true)));
        Assert.False(scene.Receive(new FrameBuilder().Data(1, 5)));

        Assert.Equal(Http2ErrorCode.StreamClosed, scene.Connection.Error!.Code);
    }

    [Fact]
    public void Large_header_lists_are_cut_into_frames_that_the_peer_takes()
    {
        var (client, server) = (new Scene(Http2Role.Client), new Scene(Http2Role.Server));
        server.Connection.Receive(client.Recorder.TakeSent());
        client.Connection.Receive(server.Recorder.TakeSent());
        client.Connection.TryOpen(FrameBuilder.Fields([.. FrameBuilder.GetFields, "a: " + new string('\u00ff', 30_000)]), endStream: true);
        var sent = client.Recorder.TakeSent();

        Assert.True(sent.Length > 30_000);
        Assert.True(server.Connection.Receive(sent));
        Assert.Contains(server.Recorder.Events, line => line.StartsWith("Request 1 end"));

        var small = Scene.Client();
        small.Connection.TryOpen(FrameBuilder.Fields([.. FrameBuilder.GetFields, "a: " + new string('\u00ff', 40_000)]), endStream: true);
        Assert.Equal(["Headers", "CONTINUATION", "CONTINUATION"], Types(small.Recorder.TakeSent()));
    }

    [Fact]
    public void Options_out_of_range_are_named_all_at_once()
    {
        var options = new Http2Options { MaxFrameSize = 1, ConnectionWindow = 2 };

        var error = Assert.Throws<ArgumentException>(() => new Http2Connection(Http2Role.Client, options, new Recorder(), new Recorder(), TimeProvider.System));

        Assert.Contains("MaxFrameSize is 1; allowed are 16384 to 16777215.", error.Message);
        Assert.Contains("ConnectionWindow is 2", error.Message);
    }

    private static IEnumerable<string> Approximately(IEnumerable<string> frames) =>
        frames.Select(frame => frame.StartsWith("WINDOW_UPDATE 0 3") ? "WINDOW_UPDATE 0 33000" : frame);

    private static IEnumerable<string> Types(byte[] sent)
    {
        for (var at = 0; at < sent.Length;)
        {
            var header = Http2.Frames.FrameHeader.Read(sent.AsSpan(at));
            yield return header.Type == Http2.Frames.FrameType.Continuation ? "CONTINUATION" : header.Type.ToString();
            at += 9 + header.Length;
        }
    }
}
