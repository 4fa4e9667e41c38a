using Ambient.Http2.Tests.Wire;
using Xunit;

namespace Ambient.Http2.Tests;

/// <summary>What RFC 9113 demands of a receiver, rule by rule.</summary>
public class ProtocolRulesTests
{
    private const byte EndStream = 1, EndHeaders = 4, Padded = 8, Priority = 0x20;

    private sealed record Rule(string Name, Func<FrameBuilder, FrameBuilder> Frames, string Expected, Http2Role Role = Http2Role.Server);

    // Expected: "GOAWAY <code>" ends the connection, "RST <code>" the stream 1, "fine" neither.
    private static readonly Rule[] Rules =
    [
        new("4.1 a frame of unknown type is ignored", f => f.Frame(0x77, 0xff, 5, [1, 2, 3]).Get(1), "fine"),
        new("4.1 undefined flags are ignored", f => f.Frame(0x6, 0xfe, 0, new byte[8]), "fine"),
        new("4.1 the reserved bit of the stream is ignored", f => f.Raw([0, 0, 4, 8, 0, 0x80, 0, 0, 0, 0, 0, 0, 1]), "fine"),
        new("4.2 a frame above SETTINGS_MAX_FRAME_SIZE", f => f.Connect(1).Raw([0x10, 0, 1, 0, 0, 0, 0, 0, 1]), "GOAWAY FrameSizeError"),
        new("4.2 a frame of 2^14 bytes is taken", f => f.Connect(1).Data(1, 16384), "fine"),
        new("4.2 a large frame of the announced size is taken", f => f.Connect(1).Data(1, 1024 * 1024), "fine"),
        new("4.3 an invalid header block", f => f.Frame(1, EndHeaders | EndStream, 1, [0x40]), "GOAWAY CompressionError"),
        new("4.3 an index in no table", f => f.Frame(1, EndHeaders | EndStream, 1, [0xff, 0x7f]), "GOAWAY CompressionError"),
        new("4.3 another frame inside a header block", f => f.Headers(1, EndStream, FrameBuilder.GetFields).Ping(1), "GOAWAY ProtocolError"),
        new("4.3 another stream inside a header block", f => f.Headers(1, EndStream, FrameBuilder.GetFields).Headers(3, 5, FrameBuilder.GetFields), "GOAWAY ProtocolError"),
        new("4.3 an unknown frame inside a header block", f => f.Headers(1, EndStream, FrameBuilder.GetFields).Frame(0x77, 0, 0, []), "GOAWAY ProtocolError"),

        new("5.1 idle: DATA", f => f.Data(1, 1), "GOAWAY ProtocolError"),
        new("5.1 idle: RST_STREAM", f => f.Reset(1), "GOAWAY ProtocolError"),
        new("5.1 idle: WINDOW_UPDATE", f => f.WindowUpdate(1, 1), "GOAWAY ProtocolError"),
        new("5.1 idle: PRIORITY is ignored", f => f.Frame(2, 0, 1, new byte[5]), "fine"),
        new("5.1 idle: CONTINUATION", f => f.Frame(9, EndHeaders, 1, [0x82]), "GOAWAY ProtocolError"),
        new("5.1 half-closed (remote): DATA", f => f.Get(1).Data(1, 1), "RST StreamClosed"),
        new("5.1 half-closed (remote): HEADERS", f => f.Get(1).Headers(1, 5, "a: b"), "RST StreamClosed"),
        new("5.1 half-closed (remote): WINDOW_UPDATE", f => f.Get(1).WindowUpdate(1, 1), "fine"),
        new("5.1 half-closed (remote): PRIORITY", f => f.Get(1).Frame(2, 0, 1, new byte[5]), "fine"),
        new("5.1 closed by RST_STREAM: DATA", f => f.Connect(1).Reset(1).Data(1, 1), "GOAWAY StreamClosed"),
        new("5.1 closed by RST_STREAM: HEADERS", f => f.Connect(1).Reset(1).Get(1), "GOAWAY StreamClosed"),
        new("5.1 closed by RST_STREAM: CONTINUATION", f => f.Connect(1).Reset(1).Frame(9, EndHeaders, 1, []), "GOAWAY ProtocolError"),
        new("5.1 closed: late WINDOW_UPDATE, RST_STREAM and PRIORITY", f => f.Connect(1).Reset(1).WindowUpdate(1, 1).Reset(1).Frame(2, 0, 1, new byte[5]), "fine"),
        new("5.1.1 a client opens an even stream", f => f.Get(2), "GOAWAY ProtocolError"),
        new("5.1.1 a stream below one that was opened", f => f.Get(5).Get(3), "GOAWAY ProtocolError"),
        new("5.1.1 numbers may be left out", f => f.Get(7).Get(9), "fine"),
        new("5.3.2 PRIORITY fields in HEADERS are ignored", f => f.Frame(1, EndHeaders | EndStream | Priority, 1, [0x80, 0, 0, 1, 7, .. FrameBuilder.Block(FrameBuilder.GetFields)]), "fine"),
        new("5.4.2 a stream error leaves other streams alone", f => f.Connect(1).Connect(3).WindowUpdate(1, 0).Data(3, 5), "RST ProtocolError"),

        new("6.1 DATA on stream 0", f => f.Data(0, 1), "GOAWAY ProtocolError"),
        new("6.1 padding as long as the payload", f => f.Connect(1).Frame(0, Padded, 1, [4, 0, 0, 0]), "GOAWAY ProtocolError"),
        new("6.1 padding that fills the payload", f => f.Connect(1).Frame(0, Padded, 1, [3, 0, 0, 0]), "fine"),
        new("6.1 padded without a pad length", f => f.Connect(1).Frame(0, Padded, 1, []), "GOAWAY FrameSizeError"),
        new("6.2 HEADERS on stream 0", f => f.Get(0), "GOAWAY ProtocolError"),
        new("6.2 padding longer than the payload", f => f.Frame(1, EndHeaders | Padded, 1, [5, 0x82, 0x84]), "GOAWAY ProtocolError"),
        new("6.2 padded and prioritised HEADERS", f => f.Frame(1, EndHeaders | EndStream | Padded | Priority, 1, [2, 0, 0, 0, 0, 7, .. FrameBuilder.Block(FrameBuilder.GetFields), 0, 0]), "fine"),
        new("6.2 no room for the priority", f => f.Frame(1, EndHeaders | Priority, 1, [0, 0, 0, 0]), "GOAWAY FrameSizeError"),
        new("6.3 PRIORITY on stream 0", f => f.Frame(2, 0, 0, new byte[5]), "GOAWAY ProtocolError"),
        new("6.3 PRIORITY of 4 bytes", f => f.Connect(1).Frame(2, 0, 1, new byte[4]), "GOAWAY FrameSizeError"),
        new("6.4 RST_STREAM on stream 0", f => f.Reset(0), "GOAWAY ProtocolError"),
        new("6.4 RST_STREAM of 3 bytes", f => f.Connect(1).Frame(3, 0, 1, new byte[3]), "GOAWAY FrameSizeError"),
        new("6.5 SETTINGS ack with a payload", f => f.Frame(4, 1, 0, new byte[6]), "GOAWAY FrameSizeError"),
        new("6.5 SETTINGS on a stream", f => f.Frame(4, 0, 1, new byte[6]), "GOAWAY ProtocolError"),
        new("6.5 SETTINGS of 5 bytes", f => f.Frame(4, 0, 0, new byte[5]), "GOAWAY FrameSizeError"),
        new("6.5.2 ENABLE_PUSH of 2", f => f.Settings((2, 2)), "GOAWAY ProtocolError"),
        new("6.5.2 ENABLE_PUSH from a server", f => f.Settings((2, 1)), "GOAWAY ProtocolError", Http2Role.Client),
        new("6.5.2 ENABLE_PUSH of 0 from a server", f => f.Settings((2, 0)), "fine", Http2Role.Client),
        new("6.5.2 INITIAL_WINDOW_SIZE of 2^31", f => f.Settings((4, 1L << 31)), "GOAWAY FlowControlError"),
        new("6.5.2 MAX_FRAME_SIZE of 16383", f => f.Settings((5, 16383)), "GOAWAY ProtocolError"),
        new("6.5.2 MAX_FRAME_SIZE of 2^24", f => f.Settings((5, 1 << 24)), "GOAWAY ProtocolError"),
        new("6.5.2 an unknown setting is ignored", f => f.Settings((0x99, 7)), "fine"),
        new("RFC 8441 3 ENABLE_CONNECT_PROTOCOL of 2", f => f.Settings((8, 2)), "GOAWAY ProtocolError", Http2Role.Client),
        new("RFC 8441 3 ENABLE_CONNECT_PROTOCOL taken back", f => f.Settings((8, 1)).Settings((8, 0)), "GOAWAY ProtocolError", Http2Role.Client),
        new("6.6 PUSH_PROMISE from a client", f => f.Frame(5, EndHeaders, 1, [0, 0, 0, 2, 0x82]), "GOAWAY ProtocolError"),
        new("6.6 PUSH_PROMISE though we disabled push", f => f.Frame(5, EndHeaders, 1, [0, 0, 0, 2, 0x82]), "GOAWAY ProtocolError", Http2Role.Client),
        new("6.7 PING on a stream", f => f.Frame(6, 0, 1, new byte[8]), "GOAWAY ProtocolError"),
        new("6.7 PING of 7 bytes", f => f.Frame(6, 0, 0, new byte[7]), "GOAWAY FrameSizeError"),
        new("6.7 an unasked PING ack", f => f.Ping(7, ack: true), "fine"),
        new("6.8 GOAWAY on a stream", f => f.Frame(7, 0, 1, new byte[8]), "GOAWAY ProtocolError"),
        new("6.8 GOAWAY of 7 bytes", f => f.Frame(7, 0, 0, new byte[7]), "GOAWAY FrameSizeError"),
        new("6.8 GOAWAY with debug data", f => f.GoAway(0, 0, new string('x', 5000)).Ping(1), "fine"),
        new("6.8 GOAWAY that raises the last stream", f => f.GoAway(0).GoAway(1), "GOAWAY ProtocolError"),
        new("6.9 WINDOW_UPDATE of 0 on a stream", f => f.Connect(1).WindowUpdate(1, 0), "RST ProtocolError"),
        new("6.9 WINDOW_UPDATE of 0 on the connection", f => f.WindowUpdate(0, 0), "GOAWAY ProtocolError"),
        new("6.9 WINDOW_UPDATE of 3 bytes", f => f.Frame(8, 0, 0, new byte[3]), "GOAWAY FrameSizeError"),
        new("6.9.1 a stream's window above 2^31-1", f => f.Connect(1).WindowUpdate(1, int.MaxValue), "RST FlowControlError"),
        new("6.9.1 the connection's window above 2^31-1", f => f.WindowUpdate(0, int.MaxValue), "GOAWAY FlowControlError"),
        new("6.9.2 SETTINGS that raises a window above 2^31-1", f => f.Connect(1).WindowUpdate(1, 1000).Settings((4, int.MaxValue)), "GOAWAY FlowControlError"),
        new("6.10 CONTINUATION without HEADERS", f => f.Get(1).Frame(9, EndHeaders, 1, [0x82]), "GOAWAY ProtocolError"),
        new("6.10 CONTINUATION of another stream", f => f.Headers(1, 0, FrameBuilder.GetFields).Frame(9, EndHeaders, 3, []), "GOAWAY ProtocolError"),
        new("6.10 a block in many frames", f => f.Headers(1, EndStream, ":method: GET", ":scheme: http").Frame(9, 0, 1, FrameBuilder.Block(":path: /")).Frame(9, EndHeaders, 1, FrameBuilder.Block("x: y")), "fine"),

        new("8.1 a second HEADERS that does not end the stream", f => f.Post(1).Headers(1, EndHeaders, "a: b"), "RST ProtocolError"),
        new("8.1 trailers", f => f.Post(1).Data(1, 5).Headers(1, 5, "a: b"), "fine"),
        new("8.1 trailers with a pseudo-header", f => f.Post(1).Headers(1, 5, ":path: /"), "RST ProtocolError"),
        new("8.1.1 content-length above the content", f => f.Post(1, "content-length: 5").Data(1, 4, endStream: true), "RST ProtocolError"),
        new("8.1.1 content-length below the content", f => f.Post(1, "content-length: 3").Data(1, 4), "RST ProtocolError"),
        new("8.1.1 content-length over several frames", f => f.Post(1, "content-length: 5").Data(1, 2).Data(1, 3, endStream: true), "fine"),
        new("8.1.1 content-length met before trailers", f => f.Post(1, "content-length: 5").Data(1, 5).Headers(1, 5, "a: b"), "fine"),
        new("8.1.1 content-length not met before trailers", f => f.Post(1, "content-length: 5").Data(1, 4).Headers(1, 5, "a: b"), "RST ProtocolError"),
        new("8.1.1 content-length without content", f => f.Headers(1, 5, [.. FrameBuilder.GetFields, "content-length: 1"]), "RST ProtocolError"),
        new("8.1.1 content-length that is no number", f => f.Post(1, "content-length: +1"), "RST ProtocolError"),
        new("8.1.1 content-length twice", f => f.Post(1, "content-length: 1", "content-length: 2"), "RST ProtocolError"),
        Malformed("8.2 an upper case name", "Abc: d"),
        Malformed("8.2.1 a space in a name", "a b: c"),
        Malformed("8.2.1 a control character in a name", "a\u0001: c"),
        Malformed("8.2.1 DEL in a name", "a\u007f: c"),
        Malformed("8.2.1 a name above ASCII", "\u00e4: c"),
        Malformed("8.2.1 a colon in a name", "a:b: c", split: 3),
        Malformed("8.2.1 NUL in a value", "a: b\0c"),
        Malformed("8.2.1 LF in a value", "a: b\nc"),
        Malformed("8.2.1 CR in a value", "a: b\rc"),
        Malformed("8.2.1 a space at the end of a value", "a: b "),
        Malformed("8.2.1 a tab at the end of a value", "a: b\t"),
        Malformed("8.2.2 connection", "connection: close"),
        Malformed("8.2.2 proxy-connection", "proxy-connection: close"),
        Malformed("8.2.2 keep-alive", "keep-alive: 1"),
        Malformed("8.2.2 transfer-encoding", "transfer-encoding: chunked"),
        Malformed("8.2.2 upgrade", "upgrade: h2c"),
        Malformed("8.2.2 te other than trailers", "te: gzip"),
        new("8.2.2 te: trailers", f => f.Headers(1, 5, [.. FrameBuilder.GetFields, "te: trailers"]), "fine"),
        new("8.2.1 obsolete text and tabs inside a value", f => f.Headers(1, 5, [.. FrameBuilder.GetFields, "a: b\tc\u00e4"]), "fine"),
        Malformed("8.3 an unknown pseudo-header", ":foo: bar"),
        Malformed("8.3 a response's pseudo-header", ":status: 200"),
        new("8.3 a pseudo-header after a field", f => f.Headers(1, 5, ":method: GET", ":scheme: http", "a: b", ":path: /"), "RST ProtocolError"),
        new("8.3 a pseudo-header twice", f => f.Headers(1, 5, ":method: GET", ":scheme: http", ":path: /", ":path: /"), "RST ProtocolError"),
        new("8.3.1 no :method", f => f.Headers(1, 5, ":scheme: http", ":path: /"), "RST ProtocolError"),
        new("8.3.1 an empty :method", f => f.Headers(1, 5, ":method:", ":scheme: http", ":path: /"), "RST ProtocolError"),
        new("8.3.1 no :scheme", f => f.Headers(1, 5, ":method: GET", ":path: /"), "RST ProtocolError"),
        new("8.3.1 no :path", f => f.Headers(1, 5, ":method: GET", ":scheme: http"), "RST ProtocolError"),
        new("8.3.1 an empty :path", f => f.Headers(1, 5, ":method: GET", ":scheme: http", ":path:"), "RST ProtocolError"),
        new("8.3.1 a relative :path", f => f.Headers(1, 5, ":method: GET", ":scheme: http", ":path: a"), "RST ProtocolError"),
        new("8.3.1 OPTIONS *", f => f.Headers(1, 5, ":method: OPTIONS", ":scheme: http", ":path: *"), "fine"),
        new("8.3.1 GET *", f => f.Headers(1, 5, ":method: GET", ":scheme: http", ":path: *"), "RST ProtocolError"),
        new("8.3.1 user information", f => f.Headers(1, 5, ":method: GET", ":scheme: http", ":path: /", ":authority: u@a"), "RST ProtocolError"),
        new("8.3.1 host that differs", f => f.Headers(1, 5, [.. FrameBuilder.GetFields, "host: b"]), "RST ProtocolError"),
        new("8.3.1 host that does not differ", f => f.Headers(1, 5, [.. FrameBuilder.GetFields, "host: A"]), "fine"),
        new("8.5 CONNECT", f => f.Connect(1), "fine"),
        new("8.5 CONNECT with :scheme", f => f.Headers(1, 4, ":method: CONNECT", ":authority: a:1", ":scheme: http"), "RST ProtocolError"),
        new("8.5 CONNECT with :path", f => f.Headers(1, 4, ":method: CONNECT", ":authority: a:1", ":path: /"), "RST ProtocolError"),
        new("8.5 CONNECT without :authority", f => f.Headers(1, 4, ":method: CONNECT"), "RST ProtocolError"),
        new("8.5 CONNECT with an empty :authority", f => f.Headers(1, 4, ":method: CONNECT", ":authority:"), "RST ProtocolError"),
        new("8.5 HEADERS on a connected stream", f => f.Connect(1).Data(1, 3).Headers(1, 5, "a: b"), "RST ProtocolError"),
        new("RFC 8441 4 :protocol that was not offered", f => f.Headers(1, 4, ":method: CONNECT", ":protocol: websocket", ":scheme: http", ":path: /", ":authority: a"), "RST ProtocolError"),

        new("8.1 HEADERS of a server on an idle stream", f => f.Headers(7, 4, ":status: 200"), "GOAWAY ProtocolError", Http2Role.Client),
        new("8.1 HEADERS of a server on an even stream", f => f.Headers(2, 4, ":status: 200"), "GOAWAY ProtocolError", Http2Role.Client),
        new("8.1 DATA before the response", f => f.Data(1, 1), "RST ProtocolError", Http2Role.Client),
        new("8.1 a response", f => f.Headers(1, 4, ":status: 200").Data(1, 1, endStream: true), "fine", Http2Role.Client),
        new("8.1 interim responses", f => f.Headers(1, 4, ":status: 100").Headers(1, 4, ":status: 103").Headers(1, 5, ":status: 200"), "fine", Http2Role.Client),
        new("8.1 an interim response that ends the stream", f => f.Headers(1, 5, ":status: 100"), "RST ProtocolError", Http2Role.Client),
        new("8.1 DATA after an interim response", f => f.Headers(1, 4, ":status: 100").Data(1, 1), "RST ProtocolError", Http2Role.Client),
        new("8.1 a second final response", f => f.Headers(1, 4, ":status: 200").Headers(1, 4, ":status: 200"), "RST ProtocolError", Http2Role.Client),
        new("8.3.2 no :status", f => f.Headers(1, 4, "a: b"), "RST ProtocolError", Http2Role.Client),
        new("8.3.2 a :status of two digits", f => f.Headers(1, 4, ":status: 20"), "RST ProtocolError", Http2Role.Client),
        new("8.3.2 a :status that is no number", f => f.Headers(1, 4, ":status: 2x0"), "RST ProtocolError", Http2Role.Client),
        new("8.3.2 a request's pseudo-header", f => f.Headers(1, 4, ":status: 200", ":path: /"), "RST ProtocolError", Http2Role.Client),
        new("8.6 101", f => f.Headers(1, 4, ":status: 101"), "RST ProtocolError", Http2Role.Client),
    ];

    public static TheoryData<string> RuleNames => [.. Rules.Select(rule => rule.Name)];

    [Theory]
    [MemberData(nameof(RuleNames))]
    public void A_receiver_keeps_to(string name)
    {
        var rule = Rules.Single(rule => rule.Name == name);
        var scene = rule.Role == Http2Role.Server ? Scene.Server() : Scene.Client();
        if (rule.Role == Http2Role.Client) scene.Open();
        scene.Recorder.TakeSent();

        var open = scene.Receive(rule.Frames(new FrameBuilder()));

        var errors = scene.Recorder.TakeFrames().Where(frame => frame.StartsWith("GOAWAY") || frame.StartsWith("RST"));
        Assert.Equal(rule.Expected, Summary(errors));
        Assert.Equal(!rule.Expected.StartsWith("GOAWAY"), open);
        Assert.Equal(open, scene.Connection.Error is null);
    }

    [Fact]
    public void Each_rule_stands_once() => Assert.Equal(Rules.Length, Rules.Select(rule => rule.Name).Distinct().Count());

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")]
    public void Section_3_4_a_wrong_preface_ends_the_connection(string preface)
    {
        var scene = new Scene(Http2Role.Server);

        Assert.False(scene.Receive(new FrameBuilder().Raw(System.Text.Encoding.ASCII.GetBytes(preface))));
        Assert.Equal(Http2ErrorCode.ProtocolError, scene.Connection.Error!.Code);
    }

    [Fact]
    public void Section_3_4_the_first_frame_is_SETTINGS_for_both_roles()
    {
        var server = new Scene(Http2Role.Server);
        Assert.False(server.Receive(new FrameBuilder().Preface().Get(1)));
        Assert.Equal(Http2ErrorCode.ProtocolError, server.Connection.Error!.Code);

        var client = new Scene(Http2Role.Client);
        Assert.False(client.Receive(new FrameBuilder().SettingsAck()));
        Assert.Equal(Http2ErrorCode.ProtocolError, client.Connection.Error!.Code);
    }

    [Fact]
    public void Section_3_4_both_roles_start_with_SETTINGS_and_a_client_forbids_push()
    {
        var client = new Scene(Http2Role.Client);
        var sent = client.Recorder.TakeSent();
        Assert.StartsWith("505249202A20485454502F322E300D0A0D0A534D0D0A0D0A", Convert.ToHexString(sent));
        Assert.Contains("000200000000", Convert.ToHexString(sent));

        var server = new Scene(Http2Role.Server);
        Assert.Equal(["SETTINGS", $"WINDOW_UPDATE 0 {16 * 1024 * 1024 - 65535}"], server.Recorder.TakeFrames());
    }

    [Fact]
    public void Section_5_1_2_streams_above_the_limit_are_refused()
    {
        var scene = Scene.Server(new Http2Options { MaxConcurrentStreams = 2 });

        scene.Receive(new FrameBuilder().Connect(1).Connect(3).Connect(5).Data(5, 10));
        Assert.Equal(["RST_STREAM 5 RefusedStream"], scene.Recorder.TakeFrames());

        scene.Receive(new FrameBuilder().Reset(1).Connect(7));
        Assert.Empty(scene.Recorder.TakeFrames());
        Assert.Equal(2, scene.Connection.OpenStreams);
    }

    [Fact]
    public void Section_5_1_what_is_under_way_after_our_reset_is_ignored_and_credited()
    {
        var scene = Scene.Server(new Http2Options { ConnectionWindow = 65535 });
        scene.Receive(new FrameBuilder().Connect(1));
        scene.Connection.Reset(scene.Recorder.Streams[1], Http2ErrorCode.Cancel);
        scene.Recorder.TakeSent();
        var events = scene.Recorder.Events.Count;

        Assert.True(scene.Receive(new FrameBuilder().Data(1, 40000).WindowUpdate(1, 5).Headers(1, 5, "a: b")));

        Assert.Equal(["WINDOW_UPDATE 0 40000"], scene.Recorder.TakeFrames());
        Assert.Equal(events, scene.Recorder.Events.Count);
        Assert.False(scene.Receive(new FrameBuilder().Data(1, 1))); // it ended the stream before
    }

    [Fact]
    public void Section_6_5_3_settings_are_acknowledged_after_they_are_applied()
    {
        var scene = Scene.Server();

        scene.Receive(new FrameBuilder().Settings((5, 20000), (3, 7)));

        Assert.Equal(["SETTINGS ack"], scene.Recorder.TakeFrames());
        Assert.Equal(20000, scene.Connection.PeerMaxFrameSize);
    }

    [Fact]
    public void Section_6_5_3_settings_that_are_never_acknowledged_end_the_connection()
    {
        var scene = new Scene(Http2Role.Server, new Http2Options { SettingsTimeout = TimeSpan.FromSeconds(3) });
        scene.Receive(new FrameBuilder().Preface().Settings());

        scene.Time.Advance(TimeSpan.FromMilliseconds(2999));
        Assert.True(scene.Connection.CheckTimeouts());
        scene.Time.Advance(TimeSpan.FromMilliseconds(2));
        Assert.False(scene.Connection.CheckTimeouts());

        Assert.Equal(Http2ErrorCode.SettingsTimeout, scene.Connection.Error!.Code);
    }

    [Fact]
    public void Section_6_8_a_server_drains_in_two_steps()
    {
        var scene = Scene.Server();
        scene.Receive(new FrameBuilder().Connect(1));

        scene.Connection.GoAwayGraceful();
        scene.Receive(new FrameBuilder().Connect(3)); // was under way
        Assert.Equal(["GOAWAY 2147483647 NoError", $"PING {Http2Connection.ReservedPings | 1}"], scene.Recorder.TakeFrames());
        Assert.Equal(2, scene.Connection.OpenStreams);

        scene.Receive(new FrameBuilder().Ping(Http2Connection.ReservedPings | 1, ack: true));
        Assert.Equal(["GOAWAY 3 NoError"], scene.Recorder.TakeFrames());

        Assert.True(scene.Receive(new FrameBuilder().Connect(5).Data(5, 10).WindowUpdate(5, 1).Reset(5)));
        Assert.Empty(scene.Recorder.TakeFrames());
        Assert.Equal(2, scene.Connection.OpenStreams);
        Assert.False(scene.Connection.IsDrained);

        scene.Receive(new FrameBuilder().Data(1, 3, endStream: true).Reset(3));
        scene.Connection.SendData(scene.Recorder.Streams[1], "x"u8, endStream: true);
        Assert.True(scene.Connection.IsDrained);
    }

    [Fact]
    public void Section_6_8_a_client_gives_back_what_the_server_did_not_take()
    {
        var scene = Scene.Client();
        Assert.Equal((1u, 3u, 5u), (scene.Open().Id, scene.Open().Id, scene.Open().Id));

        scene.Receive(new FrameBuilder().GoAway(int.MaxValue));
        Assert.Null(scene.Connection.TryOpen(FrameBuilder.Fields(FrameBuilder.GetFields), false));
        Assert.True(scene.Connection.IsDraining);
        scene.Receive(new FrameBuilder().GoAway(3));

        Assert.Equal(["GoAway 2147483647 NoError", "GoAway 3 NoError", "Reset 5 RefusedStream", "Closed 5"],
            scene.Recorder.Events.Skip(1));
        Assert.Equal(2, scene.Connection.OpenStreams);
    }

    [Fact]
    public void Section_8_8_4_HEAD_and_304_have_a_length_and_no_content()
    {
        var scene = Scene.Client();
        scene.Open(":method: HEAD", ":scheme: http", ":path: /");
        scene.Open();
        scene.Open();

        scene.Receive(new FrameBuilder().Headers(1, 5, ":status: 200", "content-length: 10").Headers(3, 5, ":status: 304", "content-length: 10")
            .Headers(5, 5, ":status: 200", "content-length: 10"));

        Assert.Equal(["RST_STREAM 5 ProtocolError"], scene.Recorder.TakeFrames().Where(frame => frame.StartsWith("RST")));
    }

    [Fact]
    public void Section_8_5_a_refused_CONNECT_is_an_ordinary_response()
    {
        var scene = Scene.Client();
        scene.Open(":method: CONNECT", ":authority: a:1");
        scene.Open(":method: CONNECT", ":authority: a:1");

        scene.Receive(new FrameBuilder().Headers(1, 4, ":status: 503").Data(1, 3).Headers(1, 5, "a: b")
            .Headers(3, 4, ":status: 200").Data(3, 3).Headers(3, 5, "a: b"));

        Assert.Contains("Trailers 1 end a=b", scene.Recorder.Events);
        Assert.Contains("Reset 3 ProtocolError", scene.Recorder.Events);
    }

    [Fact]
    public void Section_10_5_1_a_header_list_that_is_too_large_is_answered_431_and_compression_stays_in_step()
    {
        var scene = Scene.Server(new Http2Options { MaxHeaderListBytes = 1024, HeaderTableBytes = 4096 });
        string[] large = [.. FrameBuilder.GetFields, "a: " + new string('x', 1200)];
        byte[] learns = [0x40, 1, (byte)'k', 1, (byte)'v'];

        scene.Receive(new FrameBuilder().Frame(1, 5, 1, [.. FrameBuilder.Block(large), .. learns])
            .Frame(1, 4, 3, [.. FrameBuilder.Block(large), .. learns])
            .Frame(1, 5, 5, [.. FrameBuilder.Block(FrameBuilder.GetFields), 0xbe]));

        Assert.Equal(["HEADERS 1 end :status=431", "HEADERS 3 end :status=431", "RST_STREAM 3 NoError"], scene.Recorder.TakeFrames());
        Assert.Equal(["Refused 1 EnhanceYourCalm", "Refused 3 EnhanceYourCalm", "Request 5 end :method=GET; :scheme=http; :path=/; :authority=a; k=v"],
            scene.Recorder.Events.Skip(1));
    }

    [Fact]
    public void Section_10_5_1_a_response_that_is_too_large_resets_its_stream()
    {
        var scene = Scene.Client(new Http2Options { MaxHeaderListBytes = 1024 });
        scene.Open();

        scene.Receive(new FrameBuilder().Headers(1, 5, ":status: 200", "a: " + new string('x', 1200)));

        Assert.Contains("RST_STREAM 1 EnhanceYourCalm", scene.Recorder.TakeFrames());
        Assert.Equal(["Reset 1 EnhanceYourCalm", "Closed 1"], scene.Recorder.Events.Skip(1));
    }

    [Fact]
    public void Rfc_8441_extended_CONNECT_is_taken_where_it_is_offered()
    {
        var scene = Scene.Server(new Http2Options { ExtendedConnect = true });

        scene.Receive(new FrameBuilder().Headers(1, 4, ":method: CONNECT", ":protocol: websocket", ":scheme: http", ":path: /", ":authority: a")
            .Data(1, 3).Headers(3, 4, ":method: GET", ":protocol: websocket", ":scheme: http", ":path: /", ":authority: a"));

        Assert.False(scene.Recorder.Streams[1].IsConnect);
        Assert.Equal(["RST_STREAM 3 ProtocolError"], scene.Recorder.TakeFrames());
    }

    private static Rule Malformed(string name, string field, int split = 0) => split == 0
        ? new(name, f => f.Headers(1, EndHeaders | EndStream, [.. FrameBuilder.GetFields, field]), "RST ProtocolError")
        : new(name, f => f.Frame(1, EndHeaders | EndStream, 1,
            [.. FrameBuilder.Block(FrameBuilder.GetFields), 0, (byte)split, .. System.Text.Encoding.ASCII.GetBytes(field[..split]), 1, (byte)'x']), "RST ProtocolError");

    private static string Summary(IEnumerable<string> errors)
    {
        var words = errors.FirstOrDefault()?.Split(' ');
        return words is null ? "fine" : words[0] == "GOAWAY" ? $"GOAWAY {words[2]}" : $"RST {words[2]}";
    }
}
