using Ambient.Http2.Tests.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Ambient.Http2.Tests;

/// <summary>RFC 9113 §5.2 and §6.9.</summary>
public class FlowControlTests
{
    [Fact]
    public void A_stream_may_send_the_least_of_both_windows_and_the_frame_size()
    {
        var scene = Scene.Client(null, (4, 100_000), (5, 20_000));
        var stream = scene.Open();

        Assert.Equal(20_000, scene.Connection.Sendable(stream));
        for (var i = 0; i < 3; i++) scene.Connection.SendData(stream, new byte[20_000], false);
        Assert.Equal(5_535, scene.Connection.Sendable(stream)); // the connection's 65535
        scene.Receive(new FrameBuilder().WindowUpdate(0, 1_000_000));
        Assert.Equal(20_000, scene.Connection.Sendable(stream));
        scene.Connection.SendData(stream, new byte[20_000], false);
        scene.Connection.SendData(stream, new byte[20_000], false);
        Assert.Equal(0, scene.Connection.Sendable(stream));
    }

    [Fact]
    public void More_than_is_sendable_is_the_owners_mistake()
    {
        var scene = Scene.Client(null, (4, 10));
        var stream = scene.Open();

        Assert.Throws<InvalidOperationException>(() => scene.Connection.SendData(stream, new byte[11], false));
        scene.Connection.SendData(stream, new byte[10], true);
        Assert.Throws<InvalidOperationException>(() => scene.Connection.SendData(stream, [], true));
    }

    [Fact]
    public void An_empty_frame_may_end_a_stream_that_is_blocked()
    {
        var scene = Scene.Client(null, (4, 0));
        var stream = scene.Open();
        Assert.Equal(0, scene.Connection.Sendable(stream));

        scene.Connection.SendData(stream, [], endStream: true);

        Assert.True(stream.LocalEnded);
        scene.Receive(new FrameBuilder().WindowUpdate(1, 10));
        Assert.DoesNotContain("Sendable 1", scene.Recorder.Events);
    }

    [Fact]
    public void A_lower_initial_window_makes_windows_negative_until_they_are_paid_back()
    {
        var scene = Scene.Client(null, (4, 1000));
        var stream = scene.Open();
        scene.Connection.SendData(stream, new byte[800], false);

        scene.Receive(new FrameBuilder().Settings((4, 100)));
        Assert.Equal(-700, stream.SendWindow);
        Assert.Equal(0, scene.Connection.Sendable(stream));

        scene.Receive(new FrameBuilder().WindowUpdate(1, 700));
        Assert.DoesNotContain("Sendable 1", scene.Recorder.Events);
        scene.Receive(new FrameBuilder().WindowUpdate(1, 1));
        Assert.Contains("Sendable 1", scene.Recorder.Events);
        Assert.Equal(1, scene.Connection.Sendable(stream));
    }

    [Fact]
    public void A_higher_initial_window_wakes_streams()
    {
        var scene = Scene.Client(null, (4, 0));
        Assert.Equal(0, scene.Connection.Sendable(scene.Open()));

        scene.Receive(new FrameBuilder().Settings((4, 5)));

        Assert.Contains("Sendable 1", scene.Recorder.Events);
    }

    [Fact]
    public void Streams_that_wait_for_the_connection_take_turns()
    {
        var scene = Scene.Client(null, (4, 1_000_000));
        var streams = Enumerable.Range(0, 4).Select(_ => scene.Open()).ToArray();
        while (scene.SendFrame(streams[0])) { }
        foreach (var stream in streams) Assert.Equal(0, scene.Connection.Sendable(stream));
        scene.Recorder.Sendable = stream => { while (scene.SendFrame(stream)) { } };
        scene.Recorder.TakeSent();

        for (var i = 0; i < 8; i++) scene.Receive(new FrameBuilder().WindowUpdate(0, 10));

        Assert.Equal(["DATA 1 10", "DATA 3 10", "DATA 5 10", "DATA 7 10", "DATA 1 10", "DATA 3 10", "DATA 5 10", "DATA 7 10"],
            scene.Recorder.TakeFrames());
    }

    [Fact]
    public void Stream_credit_is_announced_when_a_quarter_of_the_window_is_due()
    {
        var scene = Scene.Server(new Http2Options { StreamWindow = 100_000 });
        scene.Receive(new FrameBuilder().Connect(1).Data(1, 60_000));
        var stream = scene.Recorder.Streams[1];

        scene.Connection.Credit(stream, 24_999);
        Assert.Empty(scene.Recorder.TakeFrames());
        scene.Connection.Credit(stream, 1);
        Assert.Equal(["WINDOW_UPDATE 1 25000"], scene.Recorder.TakeFrames());
        Assert.Equal(65_000, stream.ReceiveWindow);
        Assert.Throws<InvalidOperationException>(() => scene.Connection.Credit(stream, 35_001));
    }

    [Fact]
    public void Connection_credit_is_given_on_receipt_or_on_consumption()
    {
        var onReceipt = Scene.Server(new Http2Options { ConnectionWindow = 100_000 });
        onReceipt.Receive(new FrameBuilder().Connect(1).Data(1, 60_000));
        Assert.Equal(["WINDOW_UPDATE 0 60000"], onReceipt.Recorder.TakeFrames());

        var onConsumption = Scene.Server(new Http2Options { ConnectionWindow = 100_000, ConnectionCredit = ConnectionCredit.OnConsumption });
        onConsumption.Receive(new FrameBuilder().Connect(1).Data(1, 60_000));
        Assert.Empty(onConsumption.Recorder.TakeFrames());
        onConsumption.Connection.Credit(onConsumption.Recorder.Streams[1], 60_000);
        Assert.Equal(["WINDOW_UPDATE 0 60000"], onConsumption.Recorder.TakeFrames());
    }

    [Fact]
    public void Padding_is_given_back_without_the_owner()
    {
        var scene = Scene.Server(new Http2Options { StreamWindow = 400, ConnectionWindow = 65535 });
        scene.Receive(new FrameBuilder().Connect(1).Frame(0, 8, 1, [200, 7, .. new byte[200]]));

        Assert.Equal(["WINDOW_UPDATE 1 201"], scene.Recorder.TakeFrames());
        Assert.Contains("Data 1 07", scene.Recorder.Events);
    }

    [Fact]
    public void A_window_that_grows_is_announced_at_once()
    {
        var scene = Scene.Server(new Http2Options { StreamWindow = 100_000 });
        scene.Receive(new FrameBuilder().Connect(1));

        scene.Connection.ResizeReceiveWindow(scene.Recorder.Streams[1], 150_000);

        Assert.Equal(["WINDOW_UPDATE 1 50000"], scene.Recorder.TakeFrames());
        Assert.Equal(150_000, scene.Recorder.Streams[1].ReceiveWindow);
    }

    [Fact]
    public void A_window_that_shrinks_gives_no_credit_until_it_has_shrunk()
    {
        var scene = Scene.Server(new Http2Options { StreamWindow = 100_000 });
        scene.Receive(new FrameBuilder().Connect(1).Data(1, 90_000));
        var stream = scene.Recorder.Streams[1];

        scene.Connection.ResizeReceiveWindow(stream, 40_000);
        scene.Connection.Credit(stream, 69_999);
        Assert.Empty(scene.Recorder.TakeFrames());
        scene.Connection.Credit(stream, 1);

        Assert.Equal(["WINDOW_UPDATE 1 10000"], scene.Recorder.TakeFrames());
        scene.Connection.Credit(stream, 20_000);
        Assert.Equal(["WINDOW_UPDATE 1 20000"], scene.Recorder.TakeFrames());
        Assert.Equal(40_000, stream.ReceiveWindow); // all is consumed: what may come is the window
    }

    [Fact]
    public void A_stream_window_below_the_default_holds_once_it_is_acknowledged()
    {
        var scene = new Scene(Http2Role.Server, new Http2Options { StreamWindow = 100 });
        scene.Receive(new FrameBuilder().Preface().Settings().Connect(1).Data(1, 50)); // the peer still goes by 65535
        Assert.Equal(65485, scene.Recorder.Streams[1].ReceiveWindow);

        scene.Receive(new FrameBuilder().SettingsAck());

        Assert.Equal(50, scene.Recorder.Streams[1].ReceiveWindow);
        Assert.True(scene.Receive(new FrameBuilder().Data(1, 51)));
        Assert.Contains("Reset 1 FlowControlError", scene.Recorder.Events);
    }

    // RFC 9113 §6.9: an empty frame that ends the stream may be sent whatever the window.
    [Fact]
    public void A_stream_ends_by_an_empty_frame_though_its_window_has_become_negative()
    {
        var scene = new Scene(Http2Role.Server, new Http2Options { StreamWindow = 100 });
        scene.Receive(new FrameBuilder().Preface().Settings().Connect(1).Data(1, 200).SettingsAck());
        Assert.Equal(-100, scene.Recorder.Streams[1].ReceiveWindow);

        Assert.True(scene.Receive(new FrameBuilder().Data(1, 0, endStream: true)));

        Assert.DoesNotContain("Reset 1 FlowControlError", scene.Recorder.Events);
        Assert.True(scene.Recorder.Streams[1].RemoteEnded);
    }

    [Fact]
    public void The_connection_window_is_enforced()
    {
        var scene = Scene.Server(new Http2Options { ConnectionWindow = 65535, ConnectionCredit = ConnectionCredit.OnConsumption });

        Assert.True(scene.Receive(new FrameBuilder().Connect(1).Data(1, 65535)));
        Assert.False(scene.Receive(new FrameBuilder().Data(1, 1)));

        Assert.Equal(Http2ErrorCode.FlowControlError, scene.Connection.Error!.Code);
    }

    // Sends on four streams, window updates, settings: against sums that keep every term.
    [Fact]
    public void Send_windows_agree_with_plain_bookkeeping() => Prop.ForAll<(byte, ushort)[]>(steps =>
    {
        var scene = Scene.Client(new Http2Options { Floods = new FloodLimits { Settings = new(int.MaxValue, 0) } }, (4, 1000));
        var streams = Enumerable.Range(0, 4).Select(_ => scene.Open()).ToArray();
        var initial = 1000L;
        var updates = new long[5];
        var sent = new long[5];
        foreach (var (kind, amount) in steps)
        {
            var i = kind % 4;
            if (kind % 5 == 0) scene.Receive(new FrameBuilder().Settings((4, initial = amount % 3000)));
            else if (kind % 5 == 1) scene.Receive(new FrameBuilder().WindowUpdate(streams[i].Id, amount + 1u));
            else if (kind % 5 == 2) scene.Receive(new FrameBuilder().WindowUpdate(0, amount + 1u));
            if (kind % 5 == 1) updates[i] += amount + 1;
            if (kind % 5 == 2) updates[4] += amount + 1;
            var model = Math.Max(0, Math.Min(16384, Math.Min(initial + updates[i] - sent[i], 65535 + updates[4] - sent[4])));
            var sendable = scene.Connection.Sendable(streams[i]);
            if (sendable != model || streams[i].SendWindow != initial + updates[i] - sent[i]) return false;
            if (kind % 5 < 3 || sendable == 0) continue;
            var n = 1 + amount % sendable;
            scene.Connection.SendData(streams[i], new byte[n], false);
            sent[i] += n;
            sent[4] += n;
        }
        return scene.Connection.SendWindow == 65535 + updates[4] - sent[4];
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_stream_that_was_told_to_wait_is_woken_whenever_it_can_send() => Prop.ForAll<(byte, ushort)[]>(steps =>
    {
        var scene = Scene.Client(new Http2Options { Floods = new FloodLimits { Settings = new(int.MaxValue, 0) } }, (4, 1000));
        var streams = Enumerable.Range(0, 4).Select(_ => scene.Open()).ToArray();
        var waiting = new HashSet<Http2Stream>();
        scene.Recorder.Sendable = stream => waiting.Remove(stream);
        foreach (var (kind, amount) in steps)
        {
            var stream = streams[kind % 4];
            if (kind % 5 == 0) scene.Receive(new FrameBuilder().Settings((4, amount % 3000)));
            else if (kind % 5 == 1) scene.Receive(new FrameBuilder().WindowUpdate(stream.Id, amount + 1u));
            else if (kind % 5 == 2) scene.Receive(new FrameBuilder().WindowUpdate(0, amount + 1u));
            else if (scene.Connection.Sendable(stream) is > 0 and var n) scene.Connection.SendData(stream, new byte[n], false);
            else waiting.Add(stream);
            if (waiting.Any(stream => stream.SendWindow > 0 && scene.Connection.SendWindow > 0)) return false;
        }
        return true;
    }).QuickCheckThrowOnFailure();
}
