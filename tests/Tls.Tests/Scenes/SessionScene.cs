using Ambient.Tls.Records;

namespace Ambient.Tls.Tests.Scenes;

/// <summary>One session of ours and its reference peer.</summary>
internal sealed class SessionScene : IDisposable
{
    private static readonly byte[] ClientSecret = [.. Enumerable.Range(1, 48).Select(i => (byte)i)], ServerSecret = [.. Enumerable.Range(101, 48).Select(i => (byte)i)];

    public SessionScene(bool isServer = false, bool aes256 = true)
    {
        var suite = aes256 ? CipherSuite.Aes256GcmSha384 : CipherSuite.Aes128GcmSha256;
        var (client, server) = (ClientSecret[..suite.HashBytes], ServerSecret[..suite.HashBytes]);
        Session = new(suite, isServer, client, server);
        Peer = isServer ? new(aes256, client, server) : new(aes256, server, client);
    }

    public TlsSession Session { get; set; }
    public ReferencePeer Peer { get; }

    public (RecordStatus Status, byte[] Plaintext) Open(byte[] record)
    {
        var buffer = (byte[])record.Clone();
        var status = Session.TryOpen(buffer, out var consumed, out var offset, out var length);
        if (status is RecordStatus.Data or RecordStatus.Control) Assert.Equal(record.Length, consumed);
        return (status, buffer.AsSpan(offset, length).ToArray());
    }

    public byte[] Seal(ReadOnlySpan<byte> plaintext)
    {
        var record = new byte[TlsSession.HeaderBytes + plaintext.Length + TlsSession.TrailerBytes];
        plaintext.CopyTo(record.AsSpan(TlsSession.HeaderBytes));
        Assert.Equal(record.Length, Session.Seal(record, plaintext.Length));
        return record;
    }

    public byte[] TakeControl()
    {
        var control = new byte[Session.PendingControlBytes];
        Assert.Equal(control.Length, Session.WriteControl(control));
        return control;
    }

    /// <summary>One control record is pending, and this is in it.</summary>
    public void ExpectControl(byte type, byte[] content)
    {
        var record = Assert.Single(Peer.OpenAll(TakeControl()));
        Assert.Equal(type, record.Type);
        Assert.Equal(content, record.Content);
    }

    /// <summary>The session fails, and its peer gets this alert.</summary>
    public void ExpectFailure(byte[] record, TlsFailureReason reason, TlsAlert alert)
    {
        Assert.Equal(RecordStatus.Failed, Open(record).Status);
        Assert.Equal(reason, Session.Failure?.Reason);
        var (type, content) = Assert.Single(Peer.OpenAll(TakeControl()));
        Assert.Equal((ReferencePeer.Alert, 2, alert), (type, content[0], (TlsAlert)content[1]));
        Assert.Equal(RecordStatus.Failed, Open(Peer.Seal(ReferencePeer.Data, [1])).Status);
        Assert.False(Session.CanSeal);
    }

    public void Dispose() => Session.Dispose();
}
