using System.Buffers.Binary;
using Ambient.Http2.Frames;

namespace Ambient.Http2;

// Flow control in both directions (RFC 9113 §5.2, §6.9).
public sealed partial class Http2Connection
{
    private int _peerInitialWindow = DefaultWindow;
    private int _receiveWindow;
    private int _received; // given back on the connection, not yet announced

    /// <summary>What the peer lets us send on all streams together, in bytes.</summary>
    public int SendWindow { get; private set; } = DefaultWindow;

    /// <summary>What the peer may still send on all streams together, in bytes.</summary>
    public int ReceiveWindow => _receiveWindow;

    /// <summary>
    /// The application has consumed content: its stream's window (and with <see cref="ConnectionCredit.OnConsumption"/> the
    /// connection's) is given back, announced when a quarter of the window is due, so that
    /// a sender who fills it need not stop while the reader works on what came.
    /// </summary>
    /// <param name="stream">May be closed meanwhile.</param>
    /// <param name="bytes">0 or more; in total what <see cref="IHttp2Handler.OnData"/> delivered.</param>
    /// <exception cref="InvalidOperationException">More than was delivered.</exception>
    public void Credit(Http2Stream stream, int bytes)
    {
        if (IsEnded) return;
        if (_options.ConnectionCredit == ConnectionCredit.OnConsumption) CreditConnection(bytes);
        CreditStream(stream, bytes);
    }

    /// <summary>
    /// Changes the size that a stream's receive window is kept at. More is announced at once; of less, what the peer may already
    /// send is not taken back (RFC 9113 §6.9.2 has no way to), credit is withheld until the window has shrunk.
    /// </summary>
    /// <param name="bytes">1 to 2^31-1.</param>
    public void ResizeReceiveWindow(Http2Stream stream, int bytes)
    {
        var growth = bytes - stream.ReceiveTarget;
        if (growth == 0 || stream.RemoteEnded || IsEnded) return;
        stream.ReceiveTarget = bytes;
        stream.Consumed += growth;
        if (growth > 0 && stream.Consumed > 0) AnnounceStreamWindow(stream);
    }

    // Until the peer has acknowledged our SETTINGS it may believe in the default (RFC 9113 §6.9.2).
    private int InitialReceiveWindow =>
        _settingsAcknowledged ? _options.StreamWindow : Math.Max(_options.StreamWindow, DefaultWindow);

    private void GrowConnectionWindow(int bytes)
    {
        if (bytes <= 0) return;
        _receiveWindow += bytes;
        WriteWindowUpdate(0, bytes);
    }

    private void CreditConnection(int bytes)
    {
        _received += bytes;
        if (_received < _options.ConnectionWindow / 2) return;
        var due = _received;
        _received = 0;
        GrowConnectionWindow(due);
    }

    private void CreditStream(Http2Stream stream, int bytes)
    {
        if (stream.RemoteEnded) return;
        stream.Consumed += bytes;
        if (stream.ReceiveWindow > stream.ReceiveTarget - stream.Consumed)
            throw new InvalidOperationException($"{bytes} bytes of credit on stream {stream.Id} are more than was delivered.");
        if (stream.Consumed > 0 && stream.Consumed >= stream.ReceiveTarget / 4) AnnounceStreamWindow(stream);
    }

    private void AnnounceStreamWindow(Http2Stream stream)
    {
        var due = stream.Consumed;
        stream.Consumed = 0;
        stream.ReceiveWindow += due;
        WriteWindowUpdate(stream.Id, due);
    }

    private void WriteWindowUpdate(uint streamId, int bytes)
    {
        Span<byte> frame = stackalloc byte[ControlFrames.WindowUpdateSize];
        ControlFrames.WriteWindowUpdate(frame, streamId, bytes);
        EmitControl(frame);
    }

    private void OnWindowUpdate(ReadOnlySpan<byte> payload)
    {
        if (!_windowUpdates.Count(_options.Floods.WindowUpdates, Now))
        {
            Calm($"more WINDOW_UPDATE frames than {nameof(FloodLimits.WindowUpdates)} ({_options.Floods.WindowUpdates}) allows");
            return;
        }
        var increment = BinaryPrimitives.ReadInt32BigEndian(payload) & 0x7FFF_FFFF;
        if (_frame.StreamId == 0) OpenConnectionWindow(increment);
        else if (FindForControl() is { } stream) OpenStreamWindow(stream, increment);
    }

    private void OpenConnectionWindow(int increment)
    {
        if (increment == 0)
            Fail(Http2ErrorCode.ProtocolError, "WINDOW_UPDATE of 0 on the connection (RFC 9113 §6.9).");
        else if ((long)SendWindow + increment > int.MaxValue)
            Fail(Http2ErrorCode.FlowControlError, "The connection's send window would exceed 2^31-1 (RFC 9113 §6.9.1).");
        else
        {
            SendWindow += increment;
            WakeWaiting();
        }
    }

    private void OpenStreamWindow(Http2Stream stream, int increment)
    {
        if (increment == 0)
            FailStream(stream, Http2ErrorCode.ProtocolError);
        else if ((long)stream.SendWindow + increment > int.MaxValue)
            FailStream(stream, Http2ErrorCode.FlowControlError);
        else
        {
            stream.SendWindow += increment;
            if (!stream.Has(StreamFlags.Blocked) || stream.SendWindow <= 0) return;
            _waiting.Add(stream);
            WakeWaiting();
        }
    }

    /// <summary>The peer has changed its initial window: all open streams follow, and may go below zero (§6.9.2).</summary>
    /// <returns>False if a stream's window would exceed 2^31-1.</returns>
    private bool ChangeInitialWindow(int newWindow)
    {
        var change = (long)newWindow - _peerInitialWindow;
        _peerInitialWindow = newWindow;
        foreach (var stream in _streams.ToArray()) // the oldest is woken first
        {
            var window = stream.SendWindow + change;
            if (window > int.MaxValue) return false;
            stream.SendWindow = (int)Math.Max(window, int.MinValue);
            if (window <= 0) _waiting.Remove(stream);
            else if (stream.Has(StreamFlags.Blocked)) _waiting.Add(stream);
        }
        return true;
    }

    private void Block(Http2Stream stream)
    {
        if (stream.Has(StreamFlags.Blocked)) return;
        stream.Flags |= StreamFlags.Blocked;
        stream.BlockedAt = (uint)(Now / 1000);
        if (stream.SendWindow > 0) _waiting.Add(stream);
    }

    private void Unblock(Http2Stream stream)
    {
        stream.Flags &= ~StreamFlags.Blocked;
        _waiting.Remove(stream);
    }

    // Each is told once; those that find the window used up again queue behind the others.
    private void WakeWaiting()
    {
        while (SendWindow > 0 && !IsEnded && _waiting.First is { } stream)
        {
            Unblock(stream);
            _handler.OnSendable(stream);
        }
    }
}
