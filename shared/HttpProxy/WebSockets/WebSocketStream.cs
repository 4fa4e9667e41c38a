using Ambient.Linux;
using Ambient.Transport;

namespace Ambient.HttpProxy.WebSockets;

/// <summary>A stream that carries a WebSocket, on its way to one side: bytes pass as they are, and between two frames it can be closed for going away.</summary>
/// <remarks>On the loop only. Copies nothing and allocates nothing for what passes; looks at the heads of frames. The stream beneath remains its owner's to dispose.</remarks>
internal sealed class WebSocketStream : Duplex, IBreakWatcher
{
    private readonly Duplex _stream;
    private readonly bool _isMasked;
    private WebSocketFrames _frames;
    private IoVector[] _lent = new IoVector[2];
    private bool _isClosing, _isClosed;

    /// <param name="isServer">It leads to the server: what we say there is masked.</param>
    public WebSocketStream(Duplex stream, bool isServer)
    {
        (_stream, _isMasked) = (stream, isServer);
        stream.BreakWatcher = this;
    }

    /// <summary>Bytes that were sent by another way.</summary>
    public void Follow(ReadOnlySpan<byte> sent) => _frames.Pass(sent);

    /// <summary>Says that we go away: now, or as soon as the frame that is under way has passed. What comes for this side after that is dropped. Idempotent.</summary>
    public void Close()
    {
        _isClosing = true;
        if (_frames.IsBetween && !_isClosed) SayGoodbye();
    }

    public override EventLoop Loop => _stream.Loop;

    public override bool IsBroken => _stream.IsBroken;

    public override bool MayReceive => _stream.MayReceive;

    public override bool HoldsBytes => _stream.HoldsBytes;

    public override ReadOnlySpan<IoVector> Held => _stream.Held;

    public override bool LendsSpace => _stream.LendsSpace && !_isClosing;

    public override IoResult TryReceive(ReadOnlySpan<IoVector> into) => _stream.TryReceive(into);

    public override void Consume(int bytes) => _stream.Consume(bytes);

    public override IoResult TrySend(ReadOnlySpan<IoVector> from)
    {
        if (_isClosed) return IoResult.Done(LengthOf(from));
        if (_isClosing) return SendRest(from[0]);
        var result = _stream.TrySend(from);
        Follow(from, result.Bytes);
        return result;
    }

    public override IoResult Reserve(int wanted, out ReadOnlySpan<IoVector> space)
    {
        var result = _stream.Reserve(wanted, out space);
        if (space.Length > _lent.Length) Array.Resize(ref _lent, space.Length);
        space.CopyTo(_lent);
        return result;
    }

    public override void Commit(int bytes)
    {
        Follow(_lent, bytes);
        _stream.Commit(bytes);
    }

    public override ValueTask WaitReadableAsync() => _stream.WaitReadableAsync();

    public override void EndReadWait() => _stream.EndReadWait();

    public override ValueTask WaitWritableAsync() => _stream.WaitWritableAsync();

    public override void FinishSending() => _stream.FinishSending();

    public override void Abort() => _stream.Abort();

    public override void Dispose() => _stream.Dispose();

    void IBreakWatcher.Broken(Duplex stream) => NotifyBroken();

    private void Follow(ReadOnlySpan<IoVector> passed, int bytes)
    {
        for (var i = 0; bytes > 0; i++)
        {
            var part = Math.Min(bytes, passed[i].Length);
            _frames.Pass(passed[i].Span[..part]);
            bytes -= part;
        }
    }

    private IoResult SendRest(IoVector first)
    {
        var result = _stream.TrySend([first.Slice(0, _frames.RestIn(first.Span))]);
        _frames.Pass(first.Span[..result.Bytes]);
        if (_frames.IsBetween) SayGoodbye();
        return result;
    }

    // Who takes not even these few bytes now is not waited for.
    private void SayGoodbye()
    {
        _isClosed = true;
        if (_frames.HasClosed) return; // its own peer was first
        var frame = GoingAway.Frame(_isMasked);
        var slab = Loop.Slabs.Rent(SlabSize.Small);
        frame.CopyTo(slab.Span);
        var sent = _stream.TrySend([slab.Vector.Slice(0, frame.Length)]).Bytes;
        Loop.Slabs.Return(slab);
        if (sent == frame.Length) _stream.FinishSending();
        else _stream.Abort();
    }

    private static int LengthOf(ReadOnlySpan<IoVector> vectors)
    {
        var length = 0;
        foreach (var vector in vectors) length += vector.Length;
        return length;
    }
}
