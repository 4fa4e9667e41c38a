using Ambient.Tls.Tests.Scenes;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Tls.Tests.Records;

public sealed class SessionStateTests
{
    [Theory]
    [InlineData(true), InlineData(false)]
    public void A_restored_session_goes_on_where_it_was(bool aes256)
    {
        using var scene = new SessionScene(isServer: true, aes256);
        scene.Open(scene.Peer.Seal(ReferencePeer.Data, [1]));
        scene.Peer.Open(scene.Seal([2]));
        scene.Open(scene.Peer.KeyUpdate(request: true));

        Move(scene);

        Assert.Single(scene.Peer.OpenAll(scene.TakeControl())); // the answer that was pending
        scene.Peer.PeerUpdated();
        Assert.Equal([3], scene.Peer.Open(scene.Seal([3])).Content);
        Assert.Equal([4], scene.Open(scene.Peer.Seal(ReferencePeer.Data, [4])).Plaintext);
    }

    [Fact]
    public void Half_a_ticket_survives()
    {
        using var scene = new SessionScene();
        byte[] ticket = [4, 0, 0, 40, .. new byte[40]];
        scene.Open(scene.Peer.Seal(ReferencePeer.Handshake, ticket.AsSpan(0, 20)));

        Move(scene);

        Assert.Equal(RecordStatus.Control, scene.Open(scene.Peer.Seal(ReferencePeer.Handshake, ticket.AsSpan(20))).Status);
        Assert.Equal(RecordStatus.Data, scene.Open(scene.Peer.Seal(ReferencePeer.Data, [1])).Status);
    }

    [Fact]
    public void Closed_stays_closed_and_failed_stays_failed()
    {
        using var closed = new SessionScene();
        closed.Open(closed.Peer.Seal(ReferencePeer.Alert, [1, 0]));
        closed.Session.Close();
        using var failed = new SessionScene();
        failed.Open([99, 0, 0, 0, 99]);

        Move(closed);
        Move(failed);

        Assert.Equal(RecordStatus.Closed, closed.Open(closed.Peer.Seal(ReferencePeer.Data, [1])).Status);
        Assert.False(closed.Session.CanSeal);
        Assert.Equal(RecordStatus.Failed, failed.Open(failed.Peer.Seal(ReferencePeer.Data, [1])).Status);
        Assert.NotNull(failed.Session.Failure);
    }

    [Fact]
    public void A_session_that_was_handed_over_does_nothing_any_more()
    {
        using var scene = new SessionScene();
        using var state = scene.Session.Save();

        Assert.False(scene.Session.CanSeal);
        Assert.Throws<InvalidOperationException>(() => scene.Seal([1]));
        Assert.Throws<InvalidOperationException>(() => scene.Open(scene.Peer.Seal(ReferencePeer.Data, [1])));
        Assert.Throws<InvalidOperationException>(() => scene.Session.Save());
        scene.Session.Close();
        Assert.Equal(0, scene.Session.PendingControlBytes);
    }

    [Fact]
    public void A_state_says_nothing_about_its_keys_and_wipes_them()
    {
        using var scene = new SessionScene();
        var state = scene.Session.Save();
        var secret = state.ReadSecret;

        state.Dispose();

        Assert.All(secret, value => Assert.Equal(0, value));
        Assert.Throws<ObjectDisposedException>(state.ToBytes);
        Assert.Throws<ObjectDisposedException>(() => TlsSession.Restore(state));
        Assert.DoesNotContain("0102", state.ToString());
    }

    [Fact]
    public void Any_bytes_are_a_state_or_are_refused() =>
        Prop.ForAll<byte[], NonNegativeInt, NonNegativeInt>((noise, at, cut) =>
        {
            using var scene = new SessionScene();
            var bytes = scene.Session.Save().ToBytes();
            for (var i = 0; i < noise.Length; i++) bytes[(at.Get + i) % bytes.Length] ^= noise[i];
            bytes = bytes[..Math.Min(bytes.Length, cut.Get * 7)];
            if (!TlsSessionState.TryRead(bytes, out var state)) return true;
            using var session = TlsSession.Restore(state);
            return session.TryOpen(new byte[40], out _, out _, out _) is RecordStatus.Failed or RecordStatus.Closed;
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(26, 5), InlineData(27, 0xFF), InlineData(30, 1), InlineData(0, 2), InlineData(2, 0x77)]
    public void A_state_that_no_session_was_ever_in_is_refused(int at, byte value)
    {
        using var scene = new SessionScene();
        var bytes = scene.Session.Save().ToBytes();
        bytes[at] = value;

        Assert.False(TlsSessionState.TryRead(bytes, out _));
    }

    private static void Move(SessionScene scene)
    {
        using var state = scene.Session.Save();
        var bytes = state.ToBytes();
        scene.Session.Dispose();
        Assert.True(TlsSessionState.TryRead(bytes, out var read));
        scene.Session = TlsSession.Restore(read);
    }
}
