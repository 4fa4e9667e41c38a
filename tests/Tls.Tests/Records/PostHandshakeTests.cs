using Ambient.Tls.Records;
using Ambient.Tls.Tests.Scenes;

namespace Ambient.Tls.Tests.Records;

public sealed class PostHandshakeTests
{
    private static readonly byte[] Ticket = [4, 0, 0, 40, .. new byte[40]];

    [Fact]
    public void A_key_update_is_followed()
    {
        using var scene = new SessionScene();

        Assert.Equal(RecordStatus.Control, scene.Open(scene.Peer.KeyUpdate(request: false)).Status);

        Assert.Equal([7], scene.Open(scene.Peer.Seal(ReferencePeer.Data, [7])).Plaintext);
        Assert.Equal(0, scene.Session.PendingControlBytes);
    }

    [Fact]
    public void A_requested_key_update_is_answered_before_more_data()
    {
        using var scene = new SessionScene();

        scene.Open(scene.Peer.KeyUpdate(request: true));

        Assert.Throws<InvalidOperationException>(() => scene.Seal([1]));
        scene.ExpectControl(ReferencePeer.Handshake, [24, 0, 0, 1, 0]);
        scene.Peer.PeerUpdated();
        Assert.Equal([1], scene.Peer.Open(scene.Seal([1])).Content);
    }

    [Fact]
    public void One_answer_serves_many_requests()
    {
        using var scene = new SessionScene();

        for (var i = 0; i < 5; i++) scene.Open(scene.Peer.KeyUpdate(request: true));

        Assert.Single(scene.Peer.OpenAll(scene.TakeControl()));
    }

    [Fact]
    public void The_sending_key_is_replaced_before_its_limit()
    {
        using var scene = new SessionScene();
        scene.Session.Limits = new(RekeyAfter: 3, RefuseAfter: 5);

        for (var round = 0; round < 4; round++)
        {
            for (byte i = 0; i < 3; i++) Assert.Equal([i], scene.Peer.Open(scene.Seal([i])).Content);
            scene.ExpectControl(ReferencePeer.Handshake, [24, 0, 0, 1, 0]);
            scene.Peer.PeerUpdated();
        }
    }

    [Fact]
    public void The_peer_is_asked_once_to_replace_its_key_and_refused_past_the_limit()
    {
        using var scene = new SessionScene();
        scene.Session.Limits = new(RekeyAfter: 3, RefuseAfter: 6);

        for (byte i = 0; i < 6; i++) Assert.Equal(RecordStatus.Data, scene.Open(scene.Peer.Seal(ReferencePeer.Data, [i])).Status);

        scene.ExpectControl(ReferencePeer.Handshake, [24, 0, 0, 1, 1]);
        scene.Peer.PeerUpdated();
        scene.ExpectFailure(scene.Peer.Seal(ReferencePeer.Data, [6]), TlsFailureReason.KeyUsageLimit, TlsAlert.InternalError);
    }

    [Fact]
    public void A_peer_that_replaces_its_key_when_asked_goes_on()
    {
        using var scene = new SessionScene();
        scene.Session.Limits = new(RekeyAfter: 3, RefuseAfter: 6);

        for (var round = 0; round < 4; round++)
        {
            for (byte i = 0; i < 4; i++) Assert.Equal(RecordStatus.Data, scene.Open(scene.Peer.Seal(ReferencePeer.Data, [i])).Status);
            scene.Open(scene.Peer.KeyUpdate(request: false));
            scene.Peer.OpenAll(scene.TakeControl());
            scene.Peer.PeerUpdated();
        }
    }

    [Fact]
    public void The_default_limits_stay_below_what_AES_GCM_allows()
    {
        Assert.True(RecordLimits.AesGcm.RekeyAfter < Math.Pow(2, 24.5) / 2);
        Assert.True(RecordLimits.AesGcm.RefuseAfter <= Math.Pow(2, 24.5));
    }

    [Theory]
    [InlineData(44), InlineData(43), InlineData(3), InlineData(1)]
    public void Tickets_are_ignored_however_they_are_cut(int pieceLength)
    {
        using var scene = new SessionScene();

        foreach (var piece in Ticket.Chunk(pieceLength))
            Assert.Equal(RecordStatus.Control, scene.Open(scene.Peer.Seal(ReferencePeer.Handshake, piece)).Status);

        Assert.Equal(RecordStatus.Data, scene.Open(scene.Peer.Seal(ReferencePeer.Data, [1])).Status);
    }

    [Fact]
    public void Two_tickets_and_a_key_update_may_share_a_record()
    {
        using var scene = new SessionScene();

        var status = scene.Open(scene.Peer.Seal(ReferencePeer.Handshake, [.. Ticket, .. Ticket])).Status;

        Assert.Equal(RecordStatus.Control, status);
        Assert.Equal(RecordStatus.Control, scene.Open(scene.Peer.KeyUpdate(request: false)).Status);
    }

    [Fact]
    public void A_server_refuses_tickets()
    {
        using var scene = new SessionScene(isServer: true);

        scene.ExpectFailure(scene.Peer.Seal(ReferencePeer.Handshake, Ticket), TlsFailureReason.ProtocolViolation, TlsAlert.UnexpectedMessage);
    }

    public static TheoryData<string, byte[], TlsAlert> IllegalMessages => new()
    {
        { "certificate request", [13, 0, 0, 3, 0, 0, 0], TlsAlert.UnexpectedMessage },
        { "client hello", [1, 0, 0, 3, 0, 0, 0], TlsAlert.UnexpectedMessage },
        { "finished", [20, 0, 0, 48], TlsAlert.UnexpectedMessage },
        { "unknown type", [99, 0, 0, 0], TlsAlert.UnexpectedMessage },
        { "empty fragment", [], TlsAlert.UnexpectedMessage },
        { "long key update", [24, 0, 0, 2, 0, 0], TlsAlert.DecodeError },
        { "empty key update", [24, 0, 0, 0], TlsAlert.DecodeError },
        { "key update with an unknown request", [24, 0, 0, 1, 2], TlsAlert.IllegalParameter },
        { "key update not at the end of its record", [24, 0, 0, 1, 0, 4], TlsAlert.UnexpectedMessage },
        { "short ticket", [4, 0, 0, 13], TlsAlert.DecodeError },
        { "impossibly long ticket", [4, 255, 255, 255], TlsAlert.DecodeError },
    };

    [Theory, MemberData(nameof(IllegalMessages))]
    public void Other_handshake_messages_are_refused(string what, byte[] message, TlsAlert alert)
    {
        Assert.NotEmpty(what);
        using var scene = new SessionScene();

        scene.ExpectFailure(scene.Peer.Seal(ReferencePeer.Handshake, message), TlsFailureReason.ProtocolViolation, alert);
    }

    [Fact]
    public void Data_in_the_middle_of_a_handshake_message_is_refused()
    {
        using var scene = new SessionScene();
        scene.Open(scene.Peer.Seal(ReferencePeer.Handshake, Ticket.AsSpan(0, 10)));

        scene.ExpectFailure(scene.Peer.Seal(ReferencePeer.Data, [1]), TlsFailureReason.ProtocolViolation, TlsAlert.UnexpectedMessage);
    }

    [Theory]
    [InlineData(ReferencePeer.Data, new byte[0]), InlineData(ReferencePeer.Alert, new byte[] { 1, 90 })]
    [InlineData(ReferencePeer.Handshake, new byte[] { 24, 0, 0, 1, 0 })]
    public void Records_that_carry_nothing_are_tolerated_up_to_a_limit(byte type, byte[] content)
    {
        using var scene = new SessionScene();
        byte[] Next() => type == ReferencePeer.Handshake ? scene.Peer.KeyUpdate(false) : scene.Peer.Seal(type, content);

        for (var i = 0; i < RecordLimits.MaxIdleRecords; i++) Assert.Equal(RecordStatus.Control, scene.Open(Next()).Status);

        Assert.Equal(RecordStatus.Data, scene.Open(scene.Peer.Seal(ReferencePeer.Data, [1])).Status); // and counting starts again
        for (var i = 0; i < RecordLimits.MaxIdleRecords; i++) Assert.Equal(RecordStatus.Control, scene.Open(Next()).Status);
        scene.ExpectFailure(Next(), TlsFailureReason.Flood, TlsAlert.UnexpectedMessage);
    }
}
