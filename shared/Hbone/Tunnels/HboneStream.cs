using Ambient.Http2;
using Ambient.Linux;
using Ambient.Transport;

namespace Ambient.Hbone.Tunnels;

/// <summary>
/// One CONNECT stream of a tunnel: a two-way byte stream like a TCP connection. FIN is END_STREAM, RST is RST_STREAM
/// (RFC 9113 §8.5), both directions end on their own. One loop only; the caller owns it and disposes it.
/// </summary>
/// <remarks>
/// What arrives is lent straight from the tunnel's decrypted input; only what the reader leaves is copied, and the receive
/// window bounds how much that can be. An idle stream holds no buffer.
/// </remarks>
public sealed class HboneStream : Duplex
{
    /// <summary>More than the kernel's buffers on the way to a reader take at once: who took this much is really that fast.</summary>
    private const int KeepsUpAfter = 16 << 20;

    private readonly Tunnel _tunnel;
    private readonly LoopSignal _readable;
    private readonly LoopSignal _writable;
    private SlabQueue? _held;
    private bool _ended, _finishing, _refused, _reset, _toldBroken, _isFast;
    private int _keptUp; // bytes since the reader last left some

    internal HboneStream(Tunnel tunnel)
    {
        _tunnel = tunnel;
        _readable = new(tunnel.Loop);
        _writable = new(tunnel.Loop);
    }

    /// <summary>The protocol's half of this stream; set as soon as it is open.</summary>
    internal Http2Stream Http2 { get; set; } = null!;

    /// <summary>The first chunk and the last of what arrived in this batch, as links into the tunnel's arrivals; -1 for none.</summary>
    internal int FirstArrival = -1, LastArrival = -1;

    public override EventLoop Loop => _tunnel.Loop;

    /// <summary>The tunnel that carries this stream: who the peer is.</summary>
    public Tunnel Tunnel => _tunnel;

    /// <summary>Why the stream was cut, once <see cref="IsBroken"/>.</summary>
    public Http2ErrorCode ResetCode { get; private set; }

    public override bool IsBroken => _reset;

    /// <summary>Bytes received and not yet taken by the reader.</summary>
    public int HeldLength => (_held?.Length ?? 0) + _tunnel.Arrivals.LengthOf(this);

    // ---- the CONNECT and its answer

    /// <summary>The peer's answer, on the client's side.</summary>
    internal ConnectAnswer? Answer { get; private set; }

    /// <summary>Waits for the answer to our CONNECT; null when the stream broke or <paramref name="limit"/> passed (the stream is then cut).</summary>
    /// <param name="silence">Time for the tunnel to bring anything at all, also the answer to a PING; null = the limit alone counts.</param>
    public async ValueTask<ConnectAnswer?> WaitAnswerAsync(TimeSpan limit, TimeSpan? silence = null)
    {
        var wait = new AnswerWait(this, limit, silence);
        while (Answer is null && !IsBroken) await _readable.WaitAsync();
        wait.End();
        var answer = Answer;
        Answer = null; // the stream may live for days, what it was answered with need not
        return answer;
    }

    /// <summary>The answer did not come in time.</summary>
    internal bool IsTimedOut { get; private set; }

    internal void TimeOut()
    {
        IsTimedOut = true;
        Abort(Http2ErrorCode.Cancel);
    }

    /// <summary>Answers the peer's CONNECT: 200 opens the stream for bytes, any other status ends it. Once per stream.</summary>
    public void Respond(ConnectAnswer answer)
    {
        if (IsBroken) return;
        _refused = answer.Status != 200;
        _finishing |= _refused;
        _tunnel.SendAnswer(this, answer);
    }

    internal void OnAnswer(ConnectAnswer answer) => Answer = answer;

    // ---- receiving

    public override bool MayReceive => HoldsBytes || _ended || _reset;

    public override bool HoldsBytes => _held is { Length: > 0 } || FirstArrival >= 0;

    public override ReadOnlySpan<IoVector> Held
    {
        get
        {
            var vectors = Tunnel.BytesVectors.AsSpan();
            var count = _held?.Vectors(vectors) ?? 0;
            count += _tunnel.Arrivals.Vectors(this, vectors[count..]);
            return vectors[..count];
        }
    }

    public override void Consume(int bytes)
    {
        if (bytes == 0) return;
        var fromHeld = Math.Min(bytes, _held?.Length ?? 0);
        if (fromHeld > 0) _held!.Consume(fromHeld, Loop.Slabs);
        if (bytes > fromHeld) _tunnel.Arrivals.Consume(this, bytes - fromHeld);
        if (_held is { Length: 0 }) _held = null;
        _tunnel.Credit(this, bytes);
        if (!_isFast && (_keptUp += bytes) >= KeepsUpAfter) SetFast(true);
    }

    public override IoResult TryReceive(ReadOnlySpan<IoVector> into)
    {
        if (HoldsBytes)
        {
            var copied = Vectors.Copy(Held, into);
            Consume(copied);
            return IoResult.Done(copied);
        }
        if (_reset) return new(IoStatus.Reset);
        return _ended ? IoResult.End : IoResult.WouldBlock;
    }

    public override ValueTask WaitReadableAsync() =>
        HoldsBytes || _ended || IsBroken ? ValueTask.CompletedTask : _readable.WaitAsync();

    /// <summary>Waits for something beside what is held already; it may be ended without.</summary>
    /// <returns>False if nothing more can come.</returns>
    public async ValueTask<bool> WaitForMoreAsync()
    {
        if (!_ended && !IsBroken) await _readable.WaitAsync();
        return !_ended && !IsBroken;
    }

    public override void EndReadWait() => _readable.Set();

    // ---- sending

    public override bool LendsSpace => true;

    public override IoResult Reserve(int wanted, out ReadOnlySpan<IoVector> space) => _tunnel.Reserve(this, wanted, out space);

    public override void Commit(int bytes) => _tunnel.Commit(this, bytes);

    public override IoResult TrySend(ReadOnlySpan<IoVector> from)
    {
        var reserved = Reserve(Vectors.LengthOf(from), out var space);
        if (reserved.Status != IoStatus.Done) return reserved;
        var copied = Vectors.Copy(from, space);
        Commit(copied);
        return IoResult.Done(copied);
    }

    public override ValueTask WaitWritableAsync() =>
        IsBroken || _tunnel.MayFill(this) ? ValueTask.CompletedTask : _tunnel.WaitToFill(this, _writable);

    public override void FinishSending()
    {
        if (_finishing || IsBroken) return;
        _finishing = true;
        _tunnel.FinishSending(this);
    }

    public override void Abort() => Abort(Http2ErrorCode.ConnectError);

    /// <summary>Cuts both directions; idempotent. The peer learns <paramref name="code"/>; unread bytes are dropped.</summary>
    public void Abort(Http2ErrorCode code)
    {
        DropBytes();
        if (IsBroken) return;
        if (!(_ended && _finishing)) _tunnel.Reset(this, code);
        OnReset(code);
        _readable.SetSoon();
        _writable.SetSoon();
        TellBroken();
    }

    /// <summary>Gives the slot back. An exchange that is not over is cut with CANCEL; after a refusal the client is told to send no more.</summary>
    public override void Dispose()
    {
        // RFC 9113 §8.1: with any other code a client may forget the answer.
        if (!IsBroken && !(_ended && _finishing)) Abort(_refused ? Http2ErrorCode.NoError : Http2ErrorCode.Cancel);
        DropBytes();
    }

    // ---- called by the tunnel

    /// <summary>In the list of streams to be settled after the batch being read.</summary>
    internal bool IsTouched;

    internal void OnEnded() => _ended = true;

    /// <summary>The peer takes no more. After its end that cuts nothing: whoever goes on sending finds the stream broken for that.</summary>
    /// <returns>False if the peer has not ended it: then it is a reset.</returns>
    internal bool TryStopSending() => _ended && (_finishing = true);

    /// <summary>What arrived before a reset stays readable, as it does in TCP on Linux.</summary>
    internal void OnReset(Http2ErrorCode code)
    {
        _reset = true;
        ResetCode = code;
    }

    /// <summary>
    /// The batch is read: lets the reader take what it can now, then keeps a copy of what it left, because the input buffer is
    /// about to be reused.
    /// </summary>
    internal void Settle()
    {
        IsTouched = false;
        if (HoldsBytes || _ended || IsBroken || Answer is not null) _readable.Set();
        if (IsBroken) TellBroken();
        else if (Http2.LocalEnded) _writable.Set(); // no room comes any more
        if (FirstArrival < 0) return;
        SetFast(false);
        _held ??= new();
        _tunnel.Arrivals.MoveTo(this, _held, Loop.Slabs);
    }

    /// <summary>The window follows the reader: wide only while whatever comes is taken at once.</summary>
    private void SetFast(bool isFast)
    {
        _keptUp = 0;
        if (_isFast == isFast) return;
        _isFast = isFast;
        _tunnel.SetFast(this, isFast);
    }

    internal void WakeWriter() => _writable.Set();

    private void TellBroken()
    {
        _writable.Set();
        if (_toldBroken) return;
        _toldBroken = true;
        NotifyBroken();
    }

    private void DropBytes()
    {
        _held?.Clear(Loop.Slabs);
        _held = null;
        _tunnel.Arrivals.Forget(this);
    }
}
