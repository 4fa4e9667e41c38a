using Ambient.Tls.Tests.Scenes;

namespace Ambient.Tls.Tests.Records;

public sealed class AlertTests
{
    [Fact]
    public void After_close_notify_nothing_more_is_read_and_we_may_still_send()
    {
        using var scene = new SessionScene();

        Assert.Equal(RecordStatus.Closed, scene.Open(scene.Peer.Seal(ReferencePeer.Alert, [1, 0])).Status);

        Assert.Equal(RecordStatus.Closed, scene.Open(scene.Peer.Seal(ReferencePeer.Data, [1])).Status);
        Assert.Equal([2], scene.Peer.Open(scene.Seal([2])).Content);
        Assert.Null(scene.Session.Failure);
    }

    [Fact]
    public void Close_tells_the_peer_and_ends_sending_only()
    {
        using var scene = new SessionScene();

        scene.Session.Close();
        scene.Session.Close();

        scene.ExpectControl(ReferencePeer.Alert, [1, 0]);
        Assert.False(scene.Session.CanSeal);
        Assert.Throws<InvalidOperationException>(() => scene.Seal([1]));
        Assert.Equal([5], scene.Open(scene.Peer.Seal(ReferencePeer.Data, [5])).Plaintext);
    }

    [Fact]
    public void Requested_key_updates_after_close_are_not_answered()
    {
        using var scene = new SessionScene();
        scene.Session.Close();
        scene.TakeControl();

        Assert.Equal(RecordStatus.Control, scene.Open(scene.Peer.KeyUpdate(request: true)).Status);

        Assert.Equal(0, scene.Session.PendingControlBytes);
    }

    [Theory]
    [InlineData(1, 42), InlineData(2, 48), InlineData(2, 200)] // the level means nothing (RFC 8446 §6)
    public void Every_other_alert_ends_the_session_without_an_answer(byte level, byte alert)
    {
        using var scene = new SessionScene();

        Assert.Equal(RecordStatus.Failed, scene.Open(scene.Peer.Seal(ReferencePeer.Alert, [level, alert])).Status);

        Assert.Equal((TlsFailureReason.PeerAlert, (TlsAlert)alert), (scene.Session.Failure?.Reason, scene.Session.Failure?.Alert));
        Assert.Equal(0, scene.Session.PendingControlBytes);
    }

    [Theory]
    [InlineData(new byte[] { }), InlineData(new byte[] { 2 }), InlineData(new byte[] { 1, 0, 0 })]
    public void An_alert_has_two_bytes(byte[] content)
    {
        using var scene = new SessionScene();

        scene.ExpectFailure(scene.Peer.Seal(ReferencePeer.Alert, content), TlsFailureReason.ProtocolViolation, TlsAlert.DecodeError);
    }

    [Theory]
    [InlineData(20), InlineData(21), InlineData(22), InlineData(24), InlineData(71)]
    public void Unprotected_records_are_refused(byte type)
    {
        using var scene = new SessionScene();

        scene.ExpectFailure([type, 3, 3, 0, 1, 1], TlsFailureReason.ProtocolViolation, TlsAlert.UnexpectedMessage);
    }

    [Theory]
    [InlineData(0), InlineData(20), InlineData(25)]
    public void Unknown_inner_types_are_refused(byte type)
    {
        using var scene = new SessionScene();

        scene.ExpectFailure(scene.Peer.SealInner([type]), TlsFailureReason.ProtocolViolation, TlsAlert.UnexpectedMessage);
    }

    [Fact]
    public void The_longest_record_is_read_and_one_byte_more_is_refused()
    {
        using var scene = new SessionScene();
        Assert.Equal(16384, scene.Open(scene.Peer.Seal(ReferencePeer.Data, new byte[16384])).Plaintext.Length);
        Assert.Equal([1], scene.Open(scene.Peer.Seal(ReferencePeer.Data, [1], padding: 16383)).Plaintext);

        scene.ExpectFailure(scene.Peer.Seal(ReferencePeer.Data, [1], padding: 16384), TlsFailureReason.ProtocolViolation, TlsAlert.RecordOverflow);
    }

    [Theory]
    [InlineData(16384 + 257, TlsAlert.RecordOverflow), InlineData(65535, TlsAlert.RecordOverflow), InlineData(16, TlsAlert.DecodeError), InlineData(0, TlsAlert.DecodeError)]
    public void Impossible_lengths_are_refused_from_the_header_alone(int length, TlsAlert alert)
    {
        using var scene = new SessionScene();

        scene.ExpectFailure([23, 3, 3, (byte)(length >> 8), (byte)length], TlsFailureReason.ProtocolViolation, alert);
    }

    [Fact]
    public void The_version_of_a_record_means_nothing_but_is_authenticated()
    {
        using var scene = new SessionScene();
        var record = scene.Peer.Seal(ReferencePeer.Data, [1]);
        record[2] = 1;

        scene.ExpectFailure(record, TlsFailureReason.BadRecord, TlsAlert.BadRecordMac);
    }
}
