using Ambient.Http2;
using Ambient.Linux;
using Ambient.Transport;

namespace Ambient.Hbone.Tunnels;

/// <remarks>
/// Streams take turns. While the wire takes everything, each fills what it has. Once it does not, they queue, and each turn is
/// one frame, so a request of one stream waits for one frame of every other at most.
/// </remarks>
public sealed partial class Tunnel : IHttp2Output, ITurnEnd
{
    private const int LargestFrame = 64 * 1024;
    private const int LargestFrameVectors = 8;

    private readonly RecordOutput _output;
    private readonly LoopSignal _blockedSignal;
    private readonly Queue<HboneStream> _waiting = new();    // for room in the output
    private readonly Queue<HboneStream> _sendable = new();   // whose window opened during this batch
    private Http2Stream? _served;
    private bool _flushScheduled;
    private long _sentBytes; // as of the last moment when nothing waited

    // What is lent to a reader and what is lent to a writer may be in use together: one stream's bytes go to another.
    [ThreadStatic] private static IoVector[]? _lentBytes;
    [ThreadStatic] private static IoVector[]? _lentRoom;

    /// <summary>Vectors for the bytes that a stream lends to its reader, until the next call.</summary>
    internal static IoVector[] BytesVectors => _lentBytes ??= new IoVector[64];

    private static IoVector[] RoomVectors => _lentRoom ??= new IoVector[LargestFrameVectors];

    void IHttp2Output.Write(ReadOnlySpan<byte> frameBytes)
    {
        _output.Write(frameBytes);
        FlushAtTurnEnd();
    }

    long IHttp2Output.SentBytes => _sentBytes;

    void ITurnEnd.TurnEnded()
    {
        _flushScheduled = false;
        Flush();
    }

    internal bool MayFill(HboneStream stream) =>
        stream.Http2.LocalEnded || HasTurn(stream) && _http2.Sendable(stream.Http2) > 0;

    internal ValueTask WaitToFill(HboneStream stream, LoopSignal writable)
    {
        if (_http2.Sendable(stream.Http2) > 0) _waiting.Enqueue(stream); // else the window wakes it
        return writable.WaitAsync();
    }

    internal IoResult Reserve(HboneStream stream, int wanted, out ReadOnlySpan<IoVector> space)
    {
        space = default;
        if (stream.IsBroken || stream.Http2.LocalEnded) return new(IoStatus.Broken);
        if (!HasTurn(stream)) return IoResult.WouldBlock;

        var sendable = Math.Min(Math.Min(_http2.Sendable(stream.Http2), wanted), LargestFrame);
        if (sendable <= 0) return IoResult.WouldBlock;
        var vectors = RoomVectors;
        var count = _output.Reserve(sendable, vectors);
        if (_output.IsBroken) return new(IoStatus.Broken);
        if (count == 0)
        {
            FlushAtTurnEnd(); // which waits for the wire
            return IoResult.WouldBlock;
        }
        space = vectors.AsSpan(0, count);
        return new(IoStatus.Done);
    }

    internal void Commit(HboneStream stream, int bytes)
    {
        if (bytes == 0) return;
        _output.Commit(_http2, stream.Http2, bytes);
        _served = null;
        FlushAtTurnEnd();
    }

    internal void FinishSending(HboneStream stream) => _http2.SendData(stream.Http2, default, endStream: true);

    internal void Reset(HboneStream stream, Http2ErrorCode code)
    {
        if (!IsClosed) _http2.Reset(stream.Http2, code);
    }

    internal void Credit(HboneStream stream, int bytes)
    {
        if (!IsClosed) _http2.Credit(stream.Http2, bytes);
    }

    internal void SetFast(HboneStream stream, bool isFast)
    {
        if (!IsClosed) _http2.ResizeReceiveWindow(stream.Http2, isFast ? _options.FastStreamWindowBytes : _options.StreamWindowBytes);
    }

    private bool HasTurn(HboneStream stream) =>
        !_output.IsBlocked && (_waiting.Count == 0 || ReferenceEquals(_served, stream.Http2));

    private void FlushAtTurnEnd()
    {
        if (_flushScheduled || IsClosed) return;
        _flushScheduled = true;
        Loop.AtTurnEnd(this);
    }

    private void Flush()
    {
        if (IsClosed) return;
        ServeWaiting();
        _output.Flush();
        if (_output.IsEmpty) _sentBytes = _http2.BytesWritten;
        if (_output.IsBroken) Close(TunnelEnd.PeerReset);
        else if (_output.IsBlocked) _blockedSignal.Set();
        else if (_waiting.Count > 0) FlushAtTurnEnd(); // this made room for those that found none
    }

    /// <summary>Runs for the life of the tunnel: whenever the wire is full, waits for it, sends the rest, gives streams their turns.</summary>
    private async Task DrainWhenBlockedAsync()
    {
        while (!IsClosed)
        {
            await _blockedSignal.WaitAsync();
            while (!IsClosed && _output.IsBlocked)
            {
                await _wire.WaitWritableAsync();
                Flush();
            }
            if (!IsClosed) ServeWaiting();
        }
    }

    /// <summary>One frame for each stream that waits for room, and a wake for each whose window opened.</summary>
    private void ServeWaiting()
    {
        while (_sendable.TryDequeue(out var opened)) opened.WakeWriter();
        for (var turns = _waiting.Count; turns > 0 && !_output.IsBlocked && !IsClosed; turns--)
        {
            var next = _waiting.Dequeue();
            _served = next.Http2;
            next.WakeWriter();
        }
        _served = null;
        if (_waiting.Count > 0 && !_output.IsBlocked) FlushAtTurnEnd();
    }
}
