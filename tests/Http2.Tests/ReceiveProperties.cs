using Ambient.Http2.Tests.Wire;
using Ambient.TestKit;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Ambient.Http2.Tests;

public class ReceiveProperties
{
    private static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(600);

    [Fact]
    public void Where_the_bytes_are_cut_does_not_matter() => Prop.ForAll(Traffic.OfClient, traffic =>
    {
        var whole = Play([traffic.Bytes], Answering);
        var pieces = Play(Sequences.Pieces(traffic.Bytes, traffic.Cuts), Answering);
        var single = Play(Sequences.Pieces(traffic.Bytes, [0]), Answering);
        return whole == pieces && whole == single;
    }).Check(Many);

    [Fact]
    public void Saved_and_restored_between_any_two_pieces_nothing_changes() => Prop.ForAll(Traffic.OfClient, traffic =>
        Play(Sequences.Pieces(traffic.Bytes, traffic.Cuts), Answering) ==
        Play(Sequences.Pieces(traffic.Bytes, traffic.Cuts), Answering, moves: true)).Check(Many);

    [Fact]
    public void Any_bytes_are_events_or_a_typed_error() => Prop.ForAll<byte[], bool>((noise, afterSettings) =>
    {
        var scene = afterSettings ? Scene.Server() : new Scene(Http2Role.Server);
        return scene.Connection.Receive(noise) == (scene.Connection.Error is null) && scene.Connection.IsEnded == (scene.Connection.Error is not null);
    }).Check(Many);

    [Fact]
    public void Any_frames_are_events_or_a_typed_error_for_both_roles() => Prop.ForAll<(byte, byte, byte, byte[])[], bool>((frames, isServer) =>
    {
        var scene = isServer ? Scene.Server() : Scene.Client();
        if (!isServer) scene.Open();
        var bytes = new FrameBuilder();
        foreach (var (type, flags, stream, payload) in frames) bytes.Frame((byte)(type % 11), flags, stream % 8u, payload);
        return scene.Receive(bytes) == (scene.Connection.Error is null);
    }).Check(Many);

    [Fact]
    public void Any_bit_of_good_traffic_may_flip() => Prop.ForAll(Traffic.OfClient, ArbMap.Default.ArbFor<NonNegativeInt>(), (traffic, bit) =>
    {
        var bytes = traffic.Bytes;
        bytes[bit.Get / 8 % bytes.Length] ^= (byte)(1 << bit.Get % 8);
        Play(Sequences.Pieces(bytes, traffic.Cuts), Answering);
        return true;
    }).Check(Many);

    [Fact]
    public void A_state_that_was_cut_or_lengthened_or_is_of_another_version_is_refused() => Prop.ForAll(Traffic.OfClient, ArbMap.Default.ArbFor<NonNegativeInt>(), (traffic, at) =>
    {
        var scene = new Scene(Http2Role.Server);
        if (!scene.Connection.Receive(traffic.Bytes.AsMemory(0, Math.Min(traffic.Bytes.Length, 200)))) return true;
        var state = scene.Connection.Save().Bytes;
        if (Restore(new(state[..(at.Get % state.Length)]), new Recorder()) is not null) return false;
        return Restore(new([.. state, 0]), new Recorder()) is null && Restore(new([9, .. state[1..]]), new Recorder()) is null &&
            Restore(new(state), new Recorder()) is not null;
    }).Check(Many);

    // A server that answers, resets and sends from inside its handlers.
    private static void Answering(Http2Connection connection, Recorder recorder)
    {
        recorder.Headers = (stream, headers, ends) =>
        {
            if (headers.Kind != HeaderKind.Request) return;
            if (stream.Id % 14 == 1) connection.Reset(stream, Http2ErrorCode.Cancel);
            else connection.SendHeaders(stream, FrameBuilder.Fields(":status: 200"), endStream: ends && stream.Id % 3 == 0);
            connection.Sendable(stream);
        };
        recorder.Data = (stream, _, ends) =>
        {
            if (ends && stream.Id % 10 == 3) connection.Reset(stream, Http2ErrorCode.InternalError);
            else if (ends && stream.Id % 10 == 5 && !stream.LocalEnded) connection.SendData(stream, [], endStream: true);
        };
        recorder.Sendable = stream => connection.SendData(stream, [], endStream: true);
    }

    private static string Play(IEnumerable<ReadOnlyMemory<byte>> pieces, Action<Http2Connection, Recorder> behave, bool moves = false)
    {
        var scene = new Scene(Http2Role.Server, new Http2Options { StreamWindow = 300 });
        var (connection, recorder) = (scene.Connection, scene.Recorder);
        behave(connection, recorder);
        foreach (var piece in pieces)
        {
            if (!connection.Receive(piece.ToArray())) break;
            if (!moves) continue;
            connection = Restore(connection.Save(), recorder) ?? throw new InvalidOperationException("The state was refused.");
            behave(connection, recorder);
        }
        return string.Join('\n', [.. recorder.Events, .. recorder.TakeFrames(), connection.Error?.Message ?? ""]);
    }

    private static Http2Connection? Restore(Http2ConnectionState state, Recorder recorder) =>
        Http2Connection.TryRestore(state, Http2Role.Server, new Http2Options { StreamWindow = 1 }, recorder, recorder, new ManualTime());
}
