using Ambient.Http2;
using Ambient.Tls;
using Ambient.Transport;

namespace Ambient.Hbone.Tunnels;

public sealed partial class Tunnel : IHttp2Handler
{
    private const int ReadBudget = 1 << 20; // bytes of one tunnel before others have their turn
    private const int ReadBytes = 96 * 1024;  // at once: a part of a stream's window, so that its sender goes on while we work

    private readonly List<HboneStream> _touched = [];
    private Slab? _input;
    private int _inputEnd; // bytes of an incomplete record that wait at the start of _input

    private enum BatchEnd : byte { Empty, Budget, Closed }

    internal Arrivals Arrivals { get; } = new();

    /// <summary>Reads and delivers until the wire has no more or the budget is used.</summary>
    private BatchEnd ReadBatch()
    {
        for (var budget = ReadBudget; budget > 0;)
        {
            _input ??= Loop.Slabs.Rent(SlabSize.Large);
            var got = _wire.TryReceive([_input.Vector.Slice(_inputEnd, ReadBytes)]);
            if (got.Status != IoStatus.Done) return WireStopped(got.Status);

            budget -= got.Bytes;
            _inputEnd += got.Bytes;
            _heard = true;
            ReceivedBatches++;
            OpenRecords();
            if (IsClosed) return BatchEnd.Closed;
            if (got.Bytes == ReadBytes) Flush(); // there is more: its sender gets its windows back before we go on
        }
        return BatchEnd.Budget;
    }

    private BatchEnd WireStopped(IoStatus status)
    {
        if (status == IoStatus.WouldBlock)
        {
            if (_inputEnd == 0) ReturnInput(); // an idle tunnel holds no buffer
            return BatchEnd.Empty;
        }
        Close(status == IoStatus.End ? TunnelEnd.PeerClosed : TunnelEnd.PeerReset);
        return BatchEnd.Closed;
    }

    private void ReadLeftover(ReadOnlyMemory<byte> leftover)
    {
        if (leftover.IsEmpty) return;
        _input = Loop.Slabs.Rent(SlabSize.Large);
        leftover.Span.CopyTo(_input.Span);
        _inputEnd = leftover.Length;
        OpenRecords();
    }

    /// <summary>Opens every complete record in place, lets the streams' readers have the plaintext, keeps the incomplete rest.</summary>
    private void OpenRecords()
    {
        var input = _input!;
        var position = 0;
        TunnelEnd? end = null;
        while (end is null)
        {
            var status = _tls.TryOpen(input.Span[position.._inputEnd], out var consumed, out var offset, out var length);
            if (status == RecordStatus.NeedsMore) break;
            if (status == RecordStatus.Data && !_http2.Receive(input.Memory.Slice(position + offset, length)))
            {
                if (IsClosed) return; // its last stream went, and it was draining
                end = TunnelEnd.Protocol(_http2.Error!.Code, _http2.Error.Message);
            }
            else if (status == RecordStatus.Failed)
                end = TunnelEnd.Tls(_tls.Failure!.Message);
            else if (status == RecordStatus.Closed)
                end = TunnelEnd.PeerClosed;
            position += consumed;
        }
        if (_tls.PendingControlBytes > 0) FlushAtTurnEnd();
        SettleStreams();
        if (IsClosed) return;
        if (end is not null) { Close(end); return; }
        CloseIfDrained();
        if (IsClosed) return;

        _inputEnd -= position;
        if (_inputEnd > 0 && position > 0) input.Span.Slice(position, _inputEnd).CopyTo(input.Span);
    }

    /// <summary>Readers run here, after the whole batch is parsed: one write takes all that came for one stream.</summary>
    private void SettleStreams()
    {
        for (var i = 0; i < _touched.Count; i++) _touched[i].Settle(); // grows when a reader's action touches another
        _touched.Clear();
        Arrivals.Clear();
    }

    private void Touch(HboneStream stream)
    {
        if (stream.IsTouched) return;
        stream.IsTouched = true;
        _touched.Add(stream);
    }

    private void ReturnInput()
    {
        if (_input is null) return;
        Loop.Slabs.Return(_input);
        _input = null;
        _inputEnd = 0;
    }

    void IHttp2Handler.OnHeaders(Http2Stream http2, HeaderList headers, bool endStream)
    {
        if (http2.State is HboneStream stream) AnswerArrived(stream, headers, endStream);
        else if (_server is not null) RequestArrived(http2, headers, endStream);
    }

    void IHttp2Handler.OnData(Http2Stream http2, ReadOnlyMemory<byte> chunk, bool endStream)
    {
        if (http2.State is not HboneStream stream) return;
        if (!chunk.IsEmpty) Arrivals.Add(stream, chunk);
        if (endStream) stream.OnEnded();
        Touch(stream);
    }

    void IHttp2Handler.OnReset(Http2Stream http2, Http2ErrorCode code)
    {
        if (http2.State is not HboneStream stream) return;
        // RFC 9113 §8.1: who has sent all may say with NO_ERROR that it takes no more, and what it sent counts.
        var isUnwanted = http2.WasResetByPeer && code == Http2ErrorCode.NoError && stream.TryStopSending();
        if (!isUnwanted) stream.OnReset(code);
        Touch(stream);
    }

    void IHttp2Handler.OnSendable(Http2Stream http2)
    {
        if (http2.State is not HboneStream stream) return;
        _sendable.Enqueue(stream);
        FlushAtTurnEnd(); // which wakes it
    }

    void IHttp2Handler.OnStreamClosed(Http2Stream http2)
    {
        SlotsChanged?.Invoke(this);
        CloseIfDrained();
    }

    void IHttp2Handler.OnGoAway(uint lastStream, Http2ErrorCode code)
    {
        if (_server is not null) return; // it speaks of streams that a server opens
        IsDraining = true;
        SlotsChanged?.Invoke(this);
    }

    void IHttp2Handler.OnPeerSettings() => SlotsChanged?.Invoke(this);
}
