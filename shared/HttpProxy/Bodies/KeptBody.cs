using System.Buffers;
using System.Runtime.CompilerServices;
using Ambient.Http1;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Resilience;
using Ambient.Transport;

namespace Ambient.HttpProxy.Bodies;

/// <summary>A body whose receiver is behind: as much as <see cref="Most"/> of it is kept meanwhile. If that is all that was missing, its sender can go.</summary>
/// <remarks>Passes on what it has kept, then what its sender still has. Reusable; on the loop only.</remarks>
/// <param name="waits">Keeps count of the bytes.</param>
internal sealed class KeptBody(ClientWaits waits) : IBodySource, IBodySink
{
    /// <summary>Bytes: more than most answers have.</summary>
    public const int Most = 32 * 1024;

    private static readonly FieldSection None = new();

    private byte[] _bytes = [];
    private int _start, _end;
    private IBodySource? _sender; // null once it is done with
    private bool _hasTried, _isWhole, _isCaughtUp;

    /// <summary>Nothing of it has been kept yet, and the rest may be short enough.</summary>
    public bool IsWorthKeeping => !_hasTried && _sender is { } sender && sender.MayEndWithin(Most);

    /// <summary>Nothing is kept of it so far.</summary>
    public void Begin(IBodySource sender) => (_sender, _hasTried, _isWhole) = (sender, false, false);

    /// <summary>Keeps what comes, until that is all, or too much, or <see cref="CatchUp"/>. Once for a body.</summary>
    /// <param name="taken">Called if that was all: the sender is done with.</param>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder))]
    public async ValueTask KeepAsync(Action? taken)
    {
        (_hasTried, _isCaughtUp) = (true, false);
        for (var sender = _sender!; !_isCaughtUp; await sender.WaitAsync().ConfigureAwait(false))
        {
            var moved = sender.MoveTo(this);
            _isWhole = moved == MoveEnd.Complete;
            if (_isWhole && sender.Trailers.Count == 0) _sender = null; // trailers are in the sender's own buffers
            if (moved != MoveEnd.Empty) break;
        }

        if (_sender is null) taken?.Invoke();
    }

    /// <summary>The receiver takes again, or never will: ends <see cref="KeepAsync"/>.</summary>
    public void CatchUp()
    {
        _isCaughtUp = true;
        EndWait();
    }

    /// <summary>Forgets what is kept.</summary>
    public void Clear()
    {
        if (_bytes.Length == 0) return;
        Resize([]);
        (_start, _end) = (0, 0);
    }

    public FieldSection Trailers => _sender?.Trailers ?? None;

    public Http1Error Error => _sender?.Error ?? default;

    public MoveEnd MoveTo(IBodySink sink)
    {
        while (_start < _end)
        {
            var room = sink.Room;
            if (room <= 0) return MoveEnd.Full;
            var piece = _bytes.AsSpan(_start, Math.Min(_end - _start, room));
            _start += piece.Length;
            sink.Write(piece, ends: _sender is null && _start == _end);
        }

        Clear();
        return _isWhole ? MoveEnd.Complete : _sender!.MoveTo(sink);
    }

    public ValueTask WaitAsync() => _sender?.WaitAsync() ?? default;

    public void EndWait() => _sender?.EndWait();

    int IBodySink.Room => Most - _end;

    void IBodySink.Write(ReadOnlySpan<byte> data, bool ends)
    {
        if (_bytes.Length - _end < data.Length) Resize(ArrayPool<byte>.Shared.Rent(_end + data.Length));
        data.CopyTo(_bytes.AsSpan(_end));
        _end += data.Length;
    }

    void IBodySink.End(FieldSection trailers)
    {
    }

    ValueTask<bool> IBodySink.FlushAsync(bool untilRoom) => new(true);

    private void Resize(byte[] bytes)
    {
        if (bytes.Length > 0) _bytes.AsSpan(0, _end).CopyTo(bytes);
        if (_bytes.Length > 0) ArrayPool<byte>.Shared.Return(_bytes);
        waits.KeptBytes += bytes.Length - _bytes.Length;
        _bytes = bytes;
    }
}
