using Ambient.Http2;
using Ambient.Transport;

namespace Ambient.HttpProxy.Sessions;

/// <remarks>While the wire takes everything, each message writes what it has. Once it does not, they queue for room.</remarks>
internal abstract partial class Http2Session : IHttp2Output, ITurnEnd
{
    /// <summary>Bytes of bodies that wait for the wire, of all streams together. Heads and control frames come on top.</summary>
    public const int MostBuffered = 128 * 1024;

    private readonly FrameOutput _output;
    private readonly LoopSignal _blocked;
    private readonly Queue<Http2Message> _waiting = new(); // for room in the output
    private readonly HeaderList _head = new();
    private bool _flushScheduled;

    /// <summary>A list to write one head into, which is sent before another is begun.</summary>
    public HeaderList BeginHead()
    {
        _head.Clear();
        return _head;
    }

    /// <summary>Bytes of a body that may be written on <paramref name="stream"/> now.</summary>
    public int RoomFor(Http2Stream stream) =>
        IsOver || _output.Length >= MostBuffered ? 0 : Math.Min(Http2.Sendable(stream), MostBuffered - _output.Length);

    /// <summary>Has <paramref name="message"/> woken when it may find room.</summary>
    public void WaitForRoom(Http2Message message)
    {
        if (Http2.Sendable(message.Stream) == 0) return; // the window wakes it
        _waiting.Enqueue(message);
        FlushAtTurnEnd();
    }

    void IHttp2Output.Write(ReadOnlySpan<byte> frameBytes)
    {
        if (_state == State.Closed) return;
        _output.Write(frameBytes);
        FlushAtTurnEnd();
    }

    long IHttp2Output.SentBytes => _output.Sent;

    void ITurnEnd.TurnEnded()
    {
        _flushScheduled = false;
        FinishIfDrained();
        Flush();
    }

    private void FlushAtTurnEnd()
    {
        if (_flushScheduled || _state == State.Closed) return;
        _flushScheduled = true;
        Loop.AtTurnEnd(this);
    }

    private void Flush()
    {
        if (_state is State.Closed or State.Calming) return;
        if (!_output.Flush())
        {
            Close();
            return;
        }

        if (_output.IsBlocked) _blocked.SetSoon();
        else if (_state == State.Lingering) FinishSending();
        if (_state == State.Closed) return;
        if (_output.Length <= StopsReadingAt) _drained.SetSoon();
        for (var turns = _output.Length < MostBuffered ? _waiting.Count : 0; turns > 0; turns--) _waiting.Dequeue().WakeWriter();
    }

    // A server's last word may be on its way to a client who still writes: closing would reset it (RFC 9112 §9.6). A client has heard all it wants.
    private void FinishSending()
    {
        if (Http2.Role == Http2Role.Server) _wire.FinishSending();
        else Close();
    }

    /// <summary>Runs for the life of the connection: whenever the wire is full, waits for it and sends the rest.</summary>
    private async Task WriteAsync()
    {
        while (_state != State.Closed)
        {
            if (_output.IsBlocked)
            {
                await _wire.WaitWritableAsync();
                Flush();
            }
            else await _blocked.WaitAsync();
        }
    }
}
