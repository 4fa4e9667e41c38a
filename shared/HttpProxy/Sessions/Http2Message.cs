using System.Runtime.CompilerServices;
using Ambient.Http1;
using Ambient.Http1.Heads;
using Ambient.Http2;
using Ambient.HttpProxy.Bodies;
using Ambient.Transport;

namespace Ambient.HttpProxy.Sessions;

/// <summary>Told by its <see cref="Http2Message"/>, when a batch is read.</summary>
internal interface IHttp2MessageOwner
{
    /// <summary>Something came for the stream, or it was reset.</summary>
    void Arrived();
}

/// <summary>The bodies of one stream, in both directions: what came and was not passed on, and what goes out. Reused for the next stream.</summary>
/// <remarks>On the loop only. What it holds is bounded by the stream's window, which is given back as the body is passed on.</remarks>
internal sealed class Http2Message : IBodySource, IBodySink
{
    private readonly SlabQueue _held = new();
    private readonly TrailersBuilder _trailers;
    private readonly LoopSignal _readable, _writable;
    private Http2Session _session = null!;
    private bool _hasEnded;

    public Http2Message(EventLoop loop, IHttp2MessageOwner owner, Http1Limits limits)
    {
        (Owner, _trailers) = (owner, new(limits));
        (_readable, _writable) = (new(loop), new(loop));
    }

    public IHttp2MessageOwner Owner { get; }

    public Http2Stream Stream { get; private set; } = null!;

    /// <summary>In the session's list of those that are told after the batch.</summary>
    public bool IsTouched { get; set; }

    /// <summary>Why the stream was cut; null while it is not.</summary>
    public Http2ErrorCode? ResetCode { get; private set; }

    /// <summary>We reset the stream because the peer broke a rule on it, or on the whole connection.</summary>
    public bool WasRefusedHere => (ResetCode is Http2ErrorCode.ProtocolError or Http2ErrorCode.FlowControlError or Http2ErrorCode.StreamClosed
        or Http2ErrorCode.CompressionError or Http2ErrorCode.FrameSizeError or Http2ErrorCode.EnhanceYourCalm) && Stream is { WasResetByPeer: false };

    public FieldSection Trailers => _trailers.Trailers;

    public Http1Error Error { get; private set; }

    public int Room => ResetCode is not null || Stream.LocalEnded ? 0 : _session.RoomFor(Stream);

    public void Begin(Http2Session session, Http2Stream stream)
    {
        (_session, Stream, ResetCode, Error, _hasEnded) = (session, stream, null, default, false);
        stream.State = this;
    }

    /// <summary>The stream is not open; whoever tries to use it finds it refused.</summary>
    public void BeginRefused(Http2Session session) =>
        (_session, Stream, ResetCode, Error, _hasEnded) = (session, null!, Http2ErrorCode.RefusedStream, default, false);

    /// <summary>We have reset the stream. Whoever waits for it wakes up soon.</summary>
    public void Cancel()
    {
        ResetCode = Http2ErrorCode.Cancel;
        _readable.SetSoon();
        _writable.SetSoon();
    }

    /// <summary>Ready for the next stream. What was not passed on is dropped, and its window given back.</summary>
    public void End()
    {
        if (Stream is null) return;
        Stream.State = null;
        if (_held.Length > 0) _session.Http2.Credit(Stream, _held.Length);
        _held.Clear(_session.Loop.Slabs);
        _trailers.Reset();
    }

    // ---- what comes

    public void OnData(ReadOnlySpan<byte> chunk, bool endStream)
    {
        _held.Append(chunk, _session.Loop.Slabs);
        _hasEnded = endStream;
        _session.Touch(this);
    }

    public void OnTrailers(HeaderList headers)
    {
        for (var i = 0; i < headers.Count && Error.IsNone; i++)
            Error = _trailers.AddTrailer(headers[i].Name, headers[i].Value, headers[i].NeverIndexed);
        OnEnded();
    }

    /// <summary>Nothing more comes.</summary>
    public void OnEnded()
    {
        _hasEnded = true;
        _session.Touch(this);
    }

    public void OnReset(Http2ErrorCode code)
    {
        ResetCode = code;
        _session.Touch(this);
    }

    /// <summary>The batch is read.</summary>
    public void Settle()
    {
        IsTouched = false;
        if (Stream?.State != this) return; // over meanwhile
        if (ResetCode is not null) _writable.Set();
        _readable.Set();
        Owner.Arrived();
    }

    // ---- source

    public MoveEnd MoveTo(IBodySink sink)
    {
        while (_held.Length > 0)
        {
            var room = sink.Room;
            if (room <= 0) return MoveEnd.Full;
            var piece = _held.First;
            piece = piece[..Math.Min(piece.Length, room)];
            sink.Write(piece, ends: _hasEnded && piece.Length == _held.Length && Trailers.Count == 0);
            var taken = piece.Length;
            _held.Consume(taken, _session.Loop.Slabs);
            _session.Http2.Credit(Stream, taken);
        }

        if (!Error.IsNone) return MoveEnd.Refused;
        return _hasEnded ? MoveEnd.Complete : ResetCode is null ? MoveEnd.Empty : MoveEnd.Ended;
    }

    // What is under way waits in the stream's window, and for itself alone.
    public bool MayEndWithin(int bytes) => _hasEnded && _held.Length <= bytes;

    public ValueTask WaitAsync() => _readable.WaitAsync();

    public void EndWait() => _readable.Set();

    // ---- sink

    public void Write(ReadOnlySpan<byte> data, bool ends) => _session.Http2.SendData(Stream, data, ends);

    public void End(FieldSection trailers)
    {
        if (Stream is not { LocalEnded: false }) return;
        if (trailers.Count == 0)
        {
            _session.Http2.SendData(Stream, default, endStream: true);
            return;
        }

        var head = _session.BeginHead();
        foreach (var field in trailers) head.AddLower(field.Name, field.Value, field.NeverIndexed);
        _session.Http2.SendHeaders(Stream, head, endStream: true);
    }

    public ValueTask<bool> FlushAsync(bool untilRoom) =>
        untilRoom && ResetCode is null && Room <= 0 ? WaitForRoomAsync() : new(ResetCode is null);

    public void WakeWriter() => _writable.Set();

    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<bool> WaitForRoomAsync()
    {
        while (ResetCode is null && !Stream.LocalEnded)
        {
            if (Room > 0) return true;
            _session.WaitForRoom(this);
            await _writable.WaitAsync();
        }

        return false;
    }
}
