using Ambient.Http2.Tests.Wire;
using Ambient.TestKit;
using Xunit;

namespace Ambient.Http2.Tests;

public class AllocationTests
{
    [Fact]
    public void Receiving_content_and_giving_credit_allocates_nothing()
    {
        var quiet = new Quiet(Http2Role.Server);
        quiet.Connection.Receive(new FrameBuilder().Preface().Settings().SettingsAck().Connect(1));
        ReadOnlyMemory<byte> frames = new FrameBuilder().Data(1, 60_000).Frame(0, 8, 1, [5, .. new byte[100]]);
        var written = quiet.Written;

        Assert.Equal(0, Allocations.Of(() =>
        {
            quiet.Connection.Receive(frames[..11]); // a header that was cut, too
            quiet.Connection.Receive(frames[11..50_000]);
            quiet.Connection.Receive(frames[50_000..]);
        }));
        Assert.True(quiet.Written > written); // window updates
    }

    [Fact]
    public void Sending_content_and_taking_window_updates_allocates_nothing()
    {
        var quiet = new Quiet(Http2Role.Client);
        quiet.Connection.Receive(new FrameBuilder().Settings().SettingsAck());
        var stream = quiet.Connection.TryOpen(FrameBuilder.Fields(":method: CONNECT", ":authority: a:1"), false)!;
        var header = new byte[9];
        ReadOnlyMemory<byte> updates = new FrameBuilder().WindowUpdate(1, 16384).WindowUpdate(0, 16384);

        Assert.Equal(0, Allocations.Of(() =>
        {
            while (quiet.Connection.Sendable(stream) is > 0 and var n) quiet.Connection.BeginData(stream, header, n, false);
            quiet.Connection.Receive(updates[..20]);
            quiet.Connection.Receive(updates[20..]);
        }));
    }

    [Fact]
    public void Pings_and_settings_allocate_nothing()
    {
        var quiet = new Quiet(Http2Role.Server);
        quiet.Connection.Receive(new FrameBuilder().Preface().Settings().SettingsAck());
        ReadOnlyMemory<byte> frames = new FrameBuilder().Ping(1).Ping(2, ack: true).Settings((4, 70000)).GoAway(0);

        Assert.Equal(0, Allocations.Of(() => quiet.Connection.Receive(frames), times: 20, warmUp: 20));
    }

    [Fact]
    public void A_stream_with_five_headers_costs_one_small_object_on_each_side()
    {
        var client = new Quiet(Http2Role.Client);
        client.Connection.Receive(new FrameBuilder().Settings().SettingsAck());
        var server = new Quiet(Http2Role.Server);
        server.Connection.Receive(new FrameBuilder().Preface().Settings().SettingsAck());
        var request = FrameBuilder.Fields(":method: CONNECT", ":authority: 10.0.0.1:8080", "baggage: k8s.cluster.name=a,k8s.namespace.name=b",
            "forwarded: for=\"10.0.0.2:4000\"", "traceparent: 00-0123456789abcdef0123456789abcdef-0123456789abcdef-00");
        var requests = Enumerable.Range(0, 300).Select(i => (ReadOnlyMemory<byte>)Request((uint)(i * 2 + 1), request)).ToArray();
        var at = 0;
        var answer = FrameBuilder.Fields(":status: 200");
        server.Answer = stream => server.Connection.SendHeaders(stream, answer, endStream: true);

        var serverBytes = Allocations.Of(() => server.Connection.Receive(requests[at++]), times: 100);
        var clientBytes = Allocations.Of(() => client.Connection.Reset(client.Connection.TryOpen(request, false)!, Http2ErrorCode.NoError), times: 20);

        Assert.InRange(serverBytes / 100, 1, 80);
        Assert.InRange(clientBytes / 20, 1, 110); // and its entry among the recent resets
    }

    [Fact]
    public void An_idle_connection_is_less_than_a_kibibyte()
    {
        var connections = new Http2Connection[200];
        var (handler, options) = (new Quiet(Http2Role.Server), new Http2Options());
        ReadOnlyMemory<byte> opening = new FrameBuilder().Preface().Settings((4, 70000)).SettingsAck();
        ReadOnlyMemory<byte> request = new FrameBuilder().Get(1);
        Make(0);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < connections.Length; i++) Make(i);
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / connections.Length;

        Assert.InRange(each, 100, 1024); // including a stream that came and went

        void Make(int i)
        {
            connections[i] = new Http2Connection(Http2Role.Server, options, handler, handler, TimeProvider.System);
            connections[i].Start();
            connections[i].Receive(opening);
            connections[i].Receive(request);
            connections[i].Reset(connections[i].Find(1)!, Http2ErrorCode.NoError);
        }
    }

    [Fact]
    public void Splitting_control_frames_allocates_nothing_in_the_long_run()
    {
        var quiet = new Quiet(Http2Role.Server);
        quiet.Connection.Receive(new FrameBuilder().Preface().Settings().SettingsAck());
        ReadOnlyMemory<byte> frames = new FrameBuilder().Ping(1);

        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < frames.Length; i++) quiet.Connection.Receive(frames.Slice(i, 1));
        }));
    }

    private static byte[] Request(uint id, HeaderList fields)
    {
        var block = new byte[1000];
        return new FrameBuilder().Frame(1, 5, id, block.AsSpan(0, Http2.Hpack.HpackEncoder.Encode(fields, block))).ToArray();
    }

    private sealed class Quiet : IHttp2Handler, IHttp2Output
    {
        public Quiet(Http2Role role)
        {
            var most = new RateLimit(int.MaxValue, 0);
            Connection = new Http2Connection(role, new Http2Options
            {
                Floods = new FloodLimits { Pings = most, Settings = most, StreamFaults = most, EarlyResets = most, WindowUpdates = most },
            }, this, this, TimeProvider.System);
            Connection.Start();
        }

        public Http2Connection Connection { get; }
        public Action<Http2Stream>? Answer { get; set; }
        public long Written { get; private set; }
        public long SentBytes => Connection.BytesWritten;

        public void Write(ReadOnlySpan<byte> frameBytes) => Written += frameBytes.Length;
        public void OnHeaders(Http2Stream stream, HeaderList headers, bool endStream) => Answer?.Invoke(stream);
        public void OnData(Http2Stream stream, ReadOnlyMemory<byte> chunk, bool endStream) => Connection.Credit(stream, chunk.Length);
        public void OnReset(Http2Stream stream, Http2ErrorCode code) { }
        public void OnSendable(Http2Stream stream) { }
        public void OnGoAway(uint lastStreamId, Http2ErrorCode code) { }
        public void OnPingAck(ulong opaque) { }
        public void OnPeerSettings() { }
        public void OnStreamClosed(Http2Stream stream) { }
    }
}
