using Ambient.Linux;
using Ambient.Tls;
using Ambient.Tls.OpenSsl;
using Ambient.Transport;

namespace Ambient.Waypoint.Upstreams;

/// <summary>A byte stream within TLS that we began, over another stream, which it owns. At most one record of it is on its way.</summary>
/// <remarks>
/// An end without close_notify is a break: what was to come may have been cut off. What was taken is still sent after <see cref="Dispose"/>, as a socket
/// would, for at most <see cref="Linger"/>.
/// </remarks>
internal sealed class SecureStream : Duplex, IBreakWatcher
{
    /// <summary>For a server that does not read.</summary>
    internal static readonly TimeSpan Linger = TimeSpan.FromSeconds(10);

    private readonly Duplex _wire;
    private readonly OriginSession _session;
    private readonly LoopSignal _flushed;
    private Slab? _out;
    private int _start, _length;
    private bool _isFlushing, _isFinishing, _isBroken, _isDisposed, _isReleased;
    private LoopTimer? _lingering;

    /// <param name="session">Its handshake is complete; owned.</param>
    public SecureStream(Duplex wire, OriginSession session)
    {
        (_wire, _session, _flushed) = (wire, session, new(wire.Loop));
        wire.BreakWatcher = this;
        Flush();
    }

    public override EventLoop Loop => _wire.Loop;

    public override bool IsBroken => _isDisposed || IsStuck;

    public override bool HoldsDescriptor => _wire.HoldsDescriptor;

    public override bool MayReceive => _session.HoldsBytes || _wire.MayReceive;

    public override IoResult TryReceive(ReadOnlySpan<IoVector> into)
    {
        if (_isBroken) return new(IoStatus.Broken);
        var slab = Loop.Slabs.Rent(SlabSize.Small);
        try
        {
            while (true)
            {
                switch (_session.Read(into[0].Span, out var bytes))
                {
                    case RecordStatus.Data: return IoResult.Done(bytes);
                    case RecordStatus.Closed: return IoResult.End;
                    case RecordStatus.Failed: return Break();
                }
                Flush(); // an answer to a change of keys
                var got = _wire.TryReceive([slab.Vector]);
                if (got.Status == IoStatus.End) return Break();
                if (got.Status != IoStatus.Done) return got;
                _session.Receive(slab.Span[..got.Bytes]);
            }
        }
        finally
        {
            Loop.Slabs.Return(slab);
        }
    }

    public override IoResult TrySend(ReadOnlySpan<IoVector> from)
    {
        if (IsBroken || _isFinishing) return new(IoStatus.Broken);
        if (_length > 0) return IoResult.WouldBlock;
        var taken = Math.Min(from[0].Length, OriginSession.MaxRecord);
        if (!_session.Write(from[0].Span[..taken])) return Break();
        Flush();
        return IsBroken ? new(IoStatus.Broken) : IoResult.Done(taken);
    }

    public override ValueTask WaitReadableAsync() => _session.HoldsBytes || _isBroken ? default : _wire.WaitReadableAsync();

    public override void EndReadWait() => _wire.EndReadWait();

    public override ValueTask WaitWritableAsync() => _length == 0 || IsBroken ? default : _flushed.WaitAsync();

    public override void FinishSending()
    {
        if (_isFinishing || IsBroken) return;
        _isFinishing = true;
        _session.Close();
        Flush();
    }

    public override void Abort()
    {
        _wire.Abort();
        _flushed.Set();
    }

    public override void Dispose()
    {
        if (_isDisposed) return;
        FinishSending();
        _isDisposed = true;
        _wire.BreakWatcher = null;
        if (_length > 0 && !IsStuck) _lingering = Loop.StartTimer(Linger, static stream => ((SecureStream)stream!).Release(), this);
        else Release();
    }

    void IBreakWatcher.Broken(Duplex stream)
    {
        _flushed.Set();
        NotifyBroken();
    }

    private IoResult Break()
    {
        _isBroken = true;
        Abort();
        return new(IoStatus.Broken);
    }

    /// <summary>Nothing can be sent any more.</summary>
    private bool IsStuck => _isBroken || _wire.IsBroken;

    /// <summary>Gives the wire what is sealed; what it does not take now goes as soon as it does.</summary>
    private void Flush()
    {
        while (!_isReleased && Fill())
        {
            var sent = _wire.TrySend([_out!.Vector.Slice(_start, _length)]);
            if (sent.Status == IoStatus.Done) (_start, _length) = (_start + sent.Bytes, _length - sent.Bytes);
            else
            {
                if (sent.Status == IoStatus.WouldBlock && !_isFlushing) _ = FlushLaterAsync();
                return;
            }
        }

        if (_isFinishing && !_isReleased) _wire.FinishSending();
    }

    private bool Fill()
    {
        if (_length > 0) return true;
        _out ??= Loop.Slabs.Rent(SlabSize.Small);
        (_start, _length) = (0, _session.TakeOutput(_out.Span));
        if (_length > 0) return true;
        Loop.Slabs.Return(_out);
        _out = null;
        return false;
    }

    private async Task FlushLaterAsync()
    {
        _isFlushing = true;
        while (_length > 0 && !IsStuck)
        {
            await _wire.WaitWritableAsync();
            Flush();
        }
        _isFlushing = false;
        if (_isDisposed) Release();
        else _flushed.Set();
    }

    private void Release()
    {
        if (_isReleased) return;
        _isReleased = true;
        _lingering?.Cancel();
        if (!IsStuck) ReadTickets();
        _wire.Dispose();
        _session.Dispose();
        if (_out is not null) Loop.Slabs.Return(_out);
        (_out, _length) = (null, 0);
        _flushed.Set();
    }

    // The server's tickets, which nobody asked to read, would make a reset of the close, and a reset drops what is on its way to the server.
    private void ReadTickets()
    {
        var slab = Loop.Slabs.Rent(SlabSize.Small);
        while (_session.Read(slab.Span, out _) == RecordStatus.NeedsMore && _wire.TryReceive([slab.Vector]) is { Status: IoStatus.Done } got)
            _session.Receive(slab.Span[..got.Bytes]);
        Loop.Slabs.Return(slab);
    }
}
