using Ambient.Http1;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Bodies;
using Ambient.Transport;

namespace Ambient.HttpProxy.Mirrors;

/// <summary>A body that is copied while it is on its way: what the copy's server does not take in time makes the copy end, and never the request wait.</summary>
/// <remarks>On the loop only.</remarks>
internal sealed class MirroredBody(EventLoop loop) : IBodySource
{
    /// <summary>Bytes that wait for the copy's server.</summary>
    private const int Most = 1024 * 1024;

    private readonly SlabQueue _waiting = new();
    private readonly LoopSignal _changed = new(loop);
    private FieldSection _trailers = new();
    private bool _isWhole, _isBroken;

    public FieldSection Trailers => _trailers;

    public Http1Error Error => default;

    public void Append(ReadOnlySpan<byte> data)
    {
        if (_isBroken) return;
        if (_waiting.Length + data.Length > Most) _isBroken = true;
        else _waiting.Append(data, loop.Slabs);
        _changed.SetSoon();
    }

    /// <summary>Trailers are not copied: they belong to the request's own buffers.</summary>
    public void Complete()
    {
        _isWhole = true;
        _changed.SetSoon();
    }

    /// <summary>The request ended before its body was whole: half of it must not look like all.</summary>
    public void Break()
    {
        if (_isWhole) return;
        _isBroken = true;
        _changed.SetSoon();
    }

    public MoveEnd MoveTo(IBodySink sink)
    {
        while (_waiting.Length > 0 && !_isBroken)
        {
            if (sink.Room <= 0) return MoveEnd.Full;
            var piece = _waiting.First;
            piece = piece[..Math.Min(piece.Length, sink.Room)];
            sink.Write(piece, ends: _isWhole && piece.Length == _waiting.Length);
            _waiting.Consume(piece.Length, loop.Slabs);
        }

        return _isBroken ? MoveEnd.Ended : _isWhole ? MoveEnd.Complete : MoveEnd.Empty;
    }

    public ValueTask WaitAsync() => _changed.WaitAsync();

    public void EndWait() => _changed.Set();

    /// <summary>The copy is over, be it before the request: nothing more is taken.</summary>
    public void Release()
    {
        _isBroken = true;
        _waiting.Clear(loop.Slabs);
    }
}
