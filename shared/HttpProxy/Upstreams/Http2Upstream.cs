using System.Runtime.CompilerServices;
using System.Text;
using Ambient.Http1;
using Ambient.Http1.Bodies;
using Ambient.Http1.Heads;
using Ambient.Http2;
using Ambient.HttpProxy.Bodies;
using Ambient.HttpProxy.Messages;
using Ambient.HttpProxy.Sessions;
using Ambient.Transport;

namespace Ambient.HttpProxy.Upstreams;

/// <summary>One exchange on a connection to a server that speaks HTTP/2. Reused for another, on any connection of the worker.</summary>
internal sealed class Http2Upstream : UpstreamStream, IHttp2MessageOwner
{
    private static readonly Http1Error Malformed = new(Http1Violation.BadStatusLine, 502, "The server broke a rule of HTTP/2 (RFC 9113 §8).");

    private readonly Http2UpstreamPool _pool;
    private readonly Http1Limits _limits;
    private readonly Http2Message _message;
    private readonly Queue<ResponseHeadBuilder> _arrived = []; // interim heads may come faster than they are passed on
    private readonly Stack<ResponseHeadBuilder> _spare = [];
    private Http2UpstreamConnection _connection = null!;
    private ResponseHeadBuilder? _read;
    private HeaderList _request = null!;
    private Http1Error _error;
    private bool _asksHead, _asksWebSocket, _hasAnswered, _isReused;
    private int _interim;

    public Http2Upstream(EventLoop loop, Http2UpstreamPool pool, Http1Limits limits)
    {
        (_pool, _limits) = (pool, limits);
        _message = new(loop, this, limits);
    }

    public override ResponseHead Head => _read!.Head;

    public override Http1Error Error => !_error.IsNone ? _error : _message.WasRefusedHere ? Malformed : _message.Error;

    public override IBodySink RequestBody => _message;

    public override IBodySource ResponseBody => _message;

    public override bool TakesUpgrades => _connection.Http2.PeerTakesExtendedConnect;

    public override bool HasSwitched => _asksWebSocket && Head.Status is >= 200 and < 300;

    public override bool WasRefused => _message.ResetCode == Http2ErrorCode.RefusedStream;

    /// <param name="connection">Takes another stream.</param>
    public void Begin(Http2UpstreamConnection connection)
    {
        (_connection, _error, _hasAnswered, _isReused, _interim) = (connection, default, false, connection.HasServed, 0);
        _message.BeginRefused(connection); // until it is open
    }

    // A GOAWAY says that the stream was not acted upon (RFC 9113 §6.8). A connection that ended without one may have ended before the request came.
    public override bool MayRepeat(bool isIdempotent) => !_hasAnswered && Error.IsNone
        && (WasRefused ? _connection.Http2.IsDraining : isIdempotent && _isReused && _connection.IsOver);

    public override void BeginRequest(ReadOnlySpan<byte> method, ReadOnlySpan<byte> target, ReadOnlySpan<byte> authority)
    {
        (_asksHead, _asksWebSocket) = (method.SequenceEqual("HEAD"u8), false);
        BeginHead(method, target, authority);
    }

    public override void BeginWebSocket(ReadOnlySpan<byte> target, ReadOnlySpan<byte> authority, bool bringsKey)
    {
        (_asksHead, _asksWebSocket) = (false, true);
        BeginHead("CONNECT"u8, target, authority);
        _request.Add(":protocol"u8, "websocket"u8);
    }

    private void BeginHead(ReadOnlySpan<byte> method, ReadOnlySpan<byte> target, ReadOnlySpan<byte> authority)
    {
        _request = _connection.BeginHead();
        _request.Add(":method"u8, method);
        _request.Add(":scheme"u8, _connection.Scheme);
        _request.Add(":authority"u8, authority);
        _request.Add(":path"u8, target);
    }

    public override void RequestField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool neverIndexed = false)
    {
        if (_asksWebSocket && Ascii.EqualsIgnoreCase(name, WebSocketKey.FieldName)) return; // RFC 8441 §5: not here
        _request.AddLower(name, value, neverIndexed);
    }

    public override void EndRequest(BodyFraming framing)
    {
        Http2Heads.AddLength(_request, framing);
        if (_connection.Http2.TryOpen(_request, endStream: !framing.HasBody && !_asksWebSocket) is not { } stream) return;
        _message.Begin(_connection, stream);
        _connection.Opened();
    }

    public void HeadArrived(HeaderList headers, bool endStream)
    {
        if (!_error.IsNone) return;
        if (!_spare.TryPop(out var head)) head = new(_limits);
        _error = Http2Heads.ReadResponse(headers, endStream, _asksHead, head);
        if (head.Head.IsInterim && ++_interim > MostInterimResponses) _error = TooManyInterimResponses;
        _hasAnswered = true;
        _arrived.Enqueue(head);
        if (endStream) _message.OnEnded();
        _connection.Touch(_message);
    }

    public void TrailersArrived(HeaderList headers) => _message.OnTrailers(headers);

    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    public override async ValueTask<IoStatus> ReadHeadAsync()
    {
        ForgetHead();
        while (!_arrived.TryDequeue(out _read))
        {
            if (_message.ResetCode is not null) return IoStatus.Reset;
            await _message.WaitAsync();
        }

        return _error.IsNone ? IoStatus.Done : IoStatus.Broken;
    }

    public override void Abort()
    {
        if (_message.ResetCode is not null) return;
        _connection.Http2.Reset(_message.Stream, Http2ErrorCode.Cancel);
        _message.Cancel();
    }

    public override void Release(bool isClean)
    {
        if (_message.ResetCode is null) _connection.Http2.Reset(_message.Stream, Http2ErrorCode.Cancel); // nothing happens if both sides have ended it
        if (isClean) _connection.HasServed = true;
        ForgetHead();
        while (_arrived.TryDequeue(out _read)) ForgetHead();
        _message.End();
        _pool.Return(this);
    }

    void IHttp2MessageOwner.Arrived()
    {
    }

    private void ForgetHead()
    {
        if (_read is null) return;
        _read.Reset();
        _spare.Push(_read);
        _read = null;
    }
}
