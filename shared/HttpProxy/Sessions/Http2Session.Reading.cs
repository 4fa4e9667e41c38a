using Ambient.Http2;
using Ambient.Transport;

namespace Ambient.HttpProxy.Sessions;

internal abstract partial class Http2Session : IHttp2Handler
{
    private static readonly TimeSpan DropPause = TimeSpan.FromMilliseconds(10); // after each batch for which nobody waits any more
    private const int StopsReadingAt = 256 * 1024; // of what the peer does not take from us
    private const int Batch = 32 * 1024, Little = 4 * 1024; // bytes read at once; where many send much, as much as small messages have

    private readonly List<Http2Message> _touched = [];
    private readonly LoopSignal _drained;
    private bool _sendsMuch; // there was more than could be read at once

    /// <summary>A request, a response or trailers: <see cref="HeaderList.Kind"/>.</summary>
    /// <param name="headers">Valid during the call.</param>
    protected abstract void OnHeaders(Http2Stream stream, HeaderList headers, bool endStream);

    /// <summary>How many streams may be opened, or whether any may, has changed.</summary>
    protected virtual void OnSlotsChanged()
    {
    }

    /// <summary>Has <paramref name="message"/> told once the batch under way is read, that something came for it.</summary>
    public void Touch(Http2Message message)
    {
        if (message.IsTouched) return;
        message.IsTouched = true;
        _touched.Add(message);
    }

    private async Task ReadAsync(ReadOnlyMemory<byte> received)
    {
        if (!received.IsEmpty) Deliver(received);
        for (var hasTurn = false; _state != State.Closed;)
        {
            if (_output.Length > StopsReadingAt) await _drained.WaitAsync();
            else if (IsOver && Drops()) await Loop.DelayAsync(DropPause);
            else if ((_sendsMuch && !hasTurn && !Loop.HasBulkRoom) || TryReadBatch(hasTurn))
            {
                await Loop.YieldBulk(); // others have their turn
                hasTurn = true;
            }
            else if (_state != State.Closed)
            {
                hasTurn = false;
                await _wire.WaitReadableAsync();
            }
        }
    }

    /// <returns>True if there may be more.</returns>
    private bool TryReadBatch(bool hasTurn) => _wire.MayReceive && ReadBatch(hasTurn || Loop.HasBulkRoom ? Batch : Little) == IoStatus.Done && _wire.MayReceive;

    // Who floods goes on after the connection has said its last. To drop that as fast as it comes would leave no time for others.
    private bool Drops() => _wire.MayReceive && ReadBatch(Batch) == IoStatus.Done;

    private IoStatus ReadBatch(int most)
    {
        var input = Loop.Slabs.Rent(SlabSize.Small);
        var got = _wire.TryReceive([input.Vector.Slice(0, most)]);
        _sendsMuch = got.Bytes == most;
        if (got.Status == IoStatus.Done) Deliver(input.Memory[..got.Bytes]);
        Loop.Slabs.Return(input);
        if (got.Status is not (IoStatus.Done or IoStatus.WouldBlock)) Close();
        return got.Status;
    }

    private void Deliver(ReadOnlyMemory<byte> bytes)
    {
        _heard = true;
        if (_state != State.Open) return;
        var goesOn = Http2.Receive(bytes);
        Settle();
        if (Http2.Error is { Code: Http2ErrorCode.EnhanceYourCalm }) Calm();
        else if (!goesOn) Finish();
        else FinishIfDrained();
    }

    /// <summary>Messages run here, after the whole batch is read: they find all that came for them.</summary>
    private void Settle()
    {
        for (var i = 0; i < _touched.Count; i++) _touched[i].Settle(); // grows when one message's action touches another
        _touched.Clear();
    }

    void IHttp2Handler.OnHeaders(Http2Stream stream, HeaderList headers, bool endStream)
    {
        Loop.NoteBulk(headers.ListBytes);
        OnHeaders(stream, headers, endStream);
    }

    void IHttp2Handler.OnData(Http2Stream stream, ReadOnlyMemory<byte> chunk, bool endStream)
    {
        if (stream.State is Http2Message message) message.OnData(chunk.Span, endStream);
        else Http2.Credit(stream, chunk.Length); // nobody wants it
    }

    void IHttp2Handler.OnReset(Http2Stream stream, Http2ErrorCode code) => (stream.State as Http2Message)?.OnReset(code);

    void IHttp2Handler.OnSendable(Http2Stream stream)
    {
        if (stream.State is not Http2Message message) return;
        _waiting.Enqueue(message);
        FlushAtTurnEnd(); // which wakes it
    }

    void IHttp2Handler.OnGoAway(uint lastStreamId, Http2ErrorCode code) => OnSlotsChanged();

    void IHttp2Handler.OnPeerSettings() => OnSlotsChanged();

    void IHttp2Handler.OnStreamClosed(Http2Stream stream)
    {
        OnSlotsChanged();
        if (Http2.IsDrained) FlushAtTurnEnd(); // which finishes
    }
}
