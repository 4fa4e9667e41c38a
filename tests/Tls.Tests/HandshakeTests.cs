using Ambient.TestKit;
using Ambient.Tls.Tests.Scenes;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Tls.Tests;

public sealed class HandshakeTests : IDisposable
{
    private readonly Mesh _mesh = new();

    [Fact]
    public void Both_sides_learn_who_the_other_is()
    {
        using var meeting = _mesh.Meet(_mesh.Client(), _mesh.Server()).Run();

        Assert.Null(meeting.Client.Failure);
        Assert.Null(meeting.Server.Failure);
        Assert.Equal((HandshakeStatus.Complete, HandshakeStatus.Complete), (meeting.ClientStatus, meeting.ServerStatus));
        Assert.Equal(Mesh.ServerUri, meeting.Client.Peer.Id?.ToString());
        Assert.Equal(Mesh.ClientUri, meeting.Server.Peer.Id?.ToString());
        Assert.Empty(meeting.ToClientAfterwards); // no session tickets
        Assert.Empty(meeting.Server.TakeLeftover());
    }

    [Fact]
    public void The_sessions_of_both_sides_understand_each_other()
    {
        var (client, server) = _mesh.Connect();
        Assert.Equal("TLS_AES_256_GCM_SHA384", client.CipherSuiteName);

        foreach (var (from, to) in new[] { (client, server), (server, client) })
        {
            var record = new byte[5 + 3 + 17];
            "abc"u8.CopyTo(record.AsSpan(5));
            from.Seal(record, 3);
            Assert.Equal(RecordStatus.Data, to.TryOpen(record, out _, out var offset, out var length));
            Assert.Equal("abc"u8, record.AsSpan(offset, length));
        }
        client.Dispose();
        server.Dispose();
    }

    [Fact]
    public void Where_the_bytes_are_cut_does_not_matter()
    {
        var (client, server) = (_mesh.Client(), _mesh.Server());
        Prop.ForAll<NonEmptyArray<int>>(sizes =>
        {
            using var meeting = _mesh.Meet(client, server)
                .Run(bytes => Sequences.Pieces(bytes, sizes.Get).Select(piece => piece.ToArray()));
            return (meeting.ClientStatus, meeting.ServerStatus) == (HandshakeStatus.Complete, HandshakeStatus.Complete);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(20));
    }

    [Fact]
    public void Bytes_behind_the_handshake_are_handed_over()
    {
        using var meeting = _mesh.Meet(_mesh.Client(), _mesh.Server());
        var (_, hello) = Conversation.Advance(meeting.Client, []);
        var (_, flight) = Conversation.Advance(meeting.Server, hello);
        var (_, finished) = Conversation.Advance(meeting.Client, flight);
        using var client = meeting.Client.TakeSession();
        var record = new byte[5 + 2 + 17];
        client.Seal(record, 2);

        var (status, _) = Conversation.Advance(meeting.Server, [.. finished, .. record, .. record[..3]]);

        Assert.Equal(HandshakeStatus.Complete, status);
        var leftover = meeting.Server.TakeLeftover();
        Assert.Equal([.. record, .. record[..3]], leftover);
        Assert.Empty(meeting.Server.TakeLeftover());
        using var server = meeting.Server.TakeSession();
        Assert.Equal(RecordStatus.Data, server.TryOpen(leftover, out _, out _, out var length));
        Assert.Equal(2, length);
    }

    [Fact]
    public void Nothing_of_the_handshake_can_be_used_twice_or_too_early()
    {
        using var meeting = _mesh.Meet(_mesh.Client(), _mesh.Server());
        Assert.Throws<InvalidOperationException>(() => meeting.Client.Peer);
        Assert.Throws<InvalidOperationException>(() => meeting.Client.TakeSession());

        meeting.Run();
        meeting.Client.TakeSession().Dispose();

        Assert.Throws<InvalidOperationException>(() => meeting.Client.TakeSession());
        Assert.Throws<InvalidOperationException>(() => Conversation.Advance(meeting.Client, []));
    }

    [Fact]
    public void Any_bytes_fail_the_handshake_or_wait_for_more()
    {
        var (client, server) = (_mesh.Client(), _mesh.Server());
        Prop.ForAll<byte[], bool>((bytes, isServer) =>
        {
            using var side = isServer ? TlsHandshake.Server(server) : TlsHandshake.Client(client, [Mesh.ServerId]);
            var (status, _) = Conversation.Advance(side, bytes);
            return status == HandshakeStatus.NeedsInput || status == HandshakeStatus.Failed && side.Failure is not null;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_changed_byte_anywhere_in_the_servers_flight_fails_or_waits()
    {
        var (client, server) = (_mesh.Client(), _mesh.Server());
        Prop.ForAll<NonNegativeInt, byte>((at, change) =>
        {
            using var meeting = _mesh.Meet(client, server);
            var (_, hello) = Conversation.Advance(meeting.Client, []);
            var (_, flight) = Conversation.Advance(meeting.Server, hello);
            // Behind the ServerHello and its legacy ChangeCipherSpec all is encrypted; headers are authenticated too.
            flight[127 + 6 + at.Get % (flight.Length - 127 - 6)] ^= (byte)(change | 1);
            var (status, _) = Conversation.Advance(meeting.Client, flight);
            return status is HandshakeStatus.Failed or HandshakeStatus.NeedsInput;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    [Fact]
    public void Another_peers_failure_does_not_disturb_a_handshake_on_the_same_thread()
    {
        var (client, server) = (_mesh.Client(), _mesh.Server());
        using var meeting = _mesh.Meet(client, server);
        var (_, hello) = Conversation.Advance(meeting.Client, []);

        using (var other = TlsHandshake.Server(server))
            Assert.Equal(HandshakeStatus.Failed, Conversation.Advance(other, "GET / HTTP/1.1\r\n\r\n"u8).Item1);
        var (status, _) = Conversation.Advance(meeting.Server, hello);

        Assert.Equal(HandshakeStatus.NeedsInput, status);
    }

    [Fact]
    public void A_handshake_without_end_is_ended()
    {
        using var server = TlsHandshake.Server(_mesh.Server());
        var status = Conversation.Advance(server, [22, 3, 1, 0, 4, 1, 1, 0xFF, 0]).Item1; // a ClientHello of 130 816 bytes,
        byte[] drops = [.. Enumerable.Repeat<byte[]>([22, 3, 1, 0, 1, 0], 1000).SelectMany(record => record)]; // in records of one

        for (var i = 0; i < 130 && status == HandshakeStatus.NeedsInput; i++)
            status = Conversation.Advance(server, drops).Item1;

        Assert.Equal(TlsFailureReason.Flood, server.Failure?.Reason);
    }

    [Fact]
    public void Plain_HTTP_is_recognised()
    {
        using var server = TlsHandshake.Server(_mesh.Server());

        Conversation.Advance(server, "GET / HTTP/1.1\r\n\r\n"u8);

        Assert.Equal(TlsFailureReason.ProtocolViolation, server.Failure?.Reason);
        Assert.Contains("HTTP", server.Failure?.Message);
    }

    public void Dispose() => _mesh.Dispose();
}
