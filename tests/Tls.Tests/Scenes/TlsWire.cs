using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ambient.Tls.Tests.Scenes;

/// <summary>A session of ours on a real socket, blocking and with a limit on every wait.</summary>
internal sealed class TlsWire : IDisposable
{
    private readonly Socket _socket;
    private byte[] _received;

    private TlsWire(Socket socket, TlsSession session, PeerIdentity peer, byte[] leftover)
    {
        (_socket, Session, Peer, _received) = (socket, session, peer, leftover);
    }

    public TlsSession Session { get; private set; }
    public PeerIdentity Peer { get; }

    /// <summary>What the session saw that was no data.</summary>
    public int ControlRecords { get; private set; }

    public static Socket Listen()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        return listener;
    }

    /// <summary>Waits until somebody listens: the peers are programs that are just starting.</summary>
    public static async Task<Socket> ConnectAsync(int port)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), limit.Token);
                return socket;
            }
            catch (SocketException)
            {
                socket.Dispose();
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
            }
        }
    }

    /// <summary>Runs the handshake; the failure is null exactly if the wire is not.</summary>
    public static (TlsWire? Wire, TlsFailure? Failure) Shake(Socket socket, TlsHandshake handshake)
    {
        using var _ = handshake;
        socket.ReceiveTimeout = socket.SendTimeout = 20_000;
        var toSend = new ArrayBufferWriter<byte>();
        var buffer = new byte[16384];
        var read = 0;
        while (true)
        {
            toSend.ResetWrittenCount();
            var status = handshake.Advance(buffer.AsSpan(0, read), toSend);
            if (toSend.WrittenCount > 0) socket.Send(toSend.WrittenSpan);
            if (status == HandshakeStatus.Complete) return (new(socket, handshake.TakeSession(), handshake.Peer, handshake.TakeLeftover()), null);
            if (status == HandshakeStatus.Failed) return (null, handshake.Failure);
            read = socket.Receive(buffer);
            if (read == 0) return (null, new(TlsFailureReason.Internal, "The peer closed its connection during the handshake."));
        }
    }

    public void Send(string text)
    {
        foreach (var chunk in Encoding.UTF8.GetBytes(text).Chunk(TlsSession.MaxPlaintext))
        {
            SendControl();
            var record = new byte[TlsSession.HeaderBytes + chunk.Length + TlsSession.TrailerBytes];
            chunk.CopyTo(record, TlsSession.HeaderBytes);
            _socket.Send(record.AsSpan(0, Session.Seal(record, chunk.Length)));
        }
        SendControl();
    }

    /// <summary>The next data; empty when the peer has closed.</summary>
    public string Receive()
    {
        while (true)
        {
            var (status, text) = ReceiveRecord();
            if (status != RecordStatus.Control) return text;
        }
    }

    /// <summary>The next record is one for the session itself.</summary>
    public void ReceiveControl() => Assert.Equal(RecordStatus.Control, ReceiveRecord().Status);

    public string ReceiveUntil(string end)
    {
        var text = new StringBuilder();
        while (!text.ToString().EndsWith(end, StringComparison.Ordinal))
        {
            var more = Receive();
            if (more.Length == 0) throw new InvalidOperationException($"The peer closed after: {text}");
            text.Append(more);
        }
        return text.ToString();
    }

    /// <summary>What happens when the session is given to another process.</summary>
    public void Move()
    {
        using var state = Session.Save();
        var bytes = state.ToBytes();
        Session.Dispose();
        Assert.True(TlsSessionState.TryRead(bytes, out var read));
        Session = TlsSession.Restore(read);
    }

    public void Close()
    {
        Session.Close();
        SendControl();
    }

    public void Dispose()
    {
        Session.Dispose();
        _socket.Dispose();
    }

    private (RecordStatus Status, string Text) ReceiveRecord()
    {
        while (true)
        {
            var status = Session.TryOpen(_received, out var consumed, out var offset, out var length);
            var text = Encoding.UTF8.GetString(_received, offset, length);
            _received = _received[consumed..];
            SendControl();
            if (status == RecordStatus.Failed) throw new InvalidOperationException(Session.Failure?.Message);
            if (status == RecordStatus.Control) ControlRecords++;
            if (status != RecordStatus.NeedsMore) return (status, text);
            ReadMore();
        }
    }

    private void SendControl()
    {
        if (Session.PendingControlBytes == 0) return;
        var control = new byte[Session.PendingControlBytes];
        _socket.Send(control.AsSpan(0, Session.WriteControl(control)));
    }

    private void ReadMore()
    {
        var buffer = new byte[65536];
        var read = _socket.Receive(buffer);
        if (read == 0) throw new InvalidOperationException("The peer closed its connection without close_notify.");
        _received = [.. _received, .. buffer.AsSpan(0, read)];
    }
}
