using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;
using Ambient.Http1;
using Ambient.Http1.Bodies;
using Ambient.Http1.Heads;
using Ambient.Http2;
using Ambient.HttpProxy.Bodies;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Messages;
using Ambient.HttpProxy.Sessions;
using Ambient.Transport;

namespace Ambient.HttpProxy.Downstreams;

/// <summary>One request on a client's HTTP/2 connection, and its exchange. Reused for another, on any connection of the worker.</summary>
internal sealed class Http2Downstream : DownstreamStream, IHttp2MessageOwner
{
    private readonly Http2Message _message;
    private readonly RequestHeadBuilder _request;
    private readonly Exchange _exchange;
    private readonly Action _ended;
    private ValueTaskAwaiter<ExchangeEnd> _run;
    private Http2DownstreamConnection _connection = null!;
    private Http1Error _headError;
    private HeaderList _head = null!;
    private bool _isRunning;
    private int _status;

    public Http2Downstream(EventLoop loop, HttpProxyContext proxy)
    {
        _message = new(loop, this, proxy.Options.Limits);
        (_request, _exchange, _ended) = (new(proxy.Options.Limits), new(loop, proxy), Ended);
    }

    public override RequestHead Request => _request.Head;

    public override Http1Error RequestError => _headError;

    public override IBodySource RequestBody => _message;

    public override IBodySink ResponseBody => _message;

    public void Begin(Http2DownstreamConnection connection, Http2Stream stream, HeaderList headers, bool endStream)
    {
        _connection = connection;
        _message.Begin(connection, stream);
        _headError = Http2Heads.ReadRequest(headers, endStream, _request);
        if (endStream) _message.OnEnded();
        connection.Touch(_message); // the exchange begins when the batch is read
    }

    [SuppressMessage("Reliability", "CA2012", Justification = "Ended takes its result, once.")]
    void IHttp2MessageOwner.Arrived()
    {
        if (_isRunning)
        {
            if (_message.ResetCode is not null) _exchange.ClientLeft();
            return;
        }

        if (_message.ResetCode is not null) // taken back at once: not worth a server's time
        {
            Recycle();
            return;
        }

        _isRunning = true;
        _run = _exchange.RunAsync(this, _connection.Owner).GetAwaiter();
        if (_run.IsCompleted) Ended();
        else _run.UnsafeOnCompleted(_ended);
    }

    /// <summary>Its connection's time is over: it is answered, or told so, and ends; what cannot be told is reset.</summary>
    public void Expire()
    {
        if (!_isRunning || _exchange.TryExpire()) return;
        Abort();
        _exchange.ClientLeft();
    }

    public override void Abort()
    {
        _connection.Http2.Reset(_message.Stream, Http2ErrorCode.Cancel);
        _message.Cancel();
    }

    public override void BeginResponse(int status)
    {
        _status = status;
        _head = _connection.BeginHead();
        Http2Heads.AddStatus(_head, status);
    }

    public override void ResponseField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool neverIndexed = false)
    {
        if (Request.IsExtendedConnect && Ascii.EqualsIgnoreCase(name, WebSocketKey.AcceptName)) return; // the answer to a key that the client does not know
        _head.AddLower(name, value, neverIndexed);
    }

    public override void BeginWebSocket() => BeginResponse(200);

    public override void EndWebSocket() => _connection.Http2.SendHeaders(_message.Stream, _head, endStream: false);

    public override void EndResponse(BodyFraming framing)
    {
        var ends = _status == 204 || (_status >= 200 && !framing.HasBody);
        if (_status is >= 200 and not 204) Http2Heads.AddLength(_head, framing);
        _connection.Http2.SendHeaders(_message.Stream, _head, ends);
    }

    public override void EndResponseWithoutBody(long? announcedLength)
    {
        if (announcedLength is { } length) Http2Heads.AddLength(_head, length);
        _connection.Http2.SendHeaders(_message.Stream, _head, endStream: true);
    }

    private void Ended()
    {
        var code = Http2ErrorCode.InternalError;
        try
        {
            if (_run.GetResult() == ExchangeEnd.Complete) code = Http2ErrorCode.NoError; // the rest of the request is not needed (RFC 9113 §8.1)
        }
        catch (Exception defect)
        {
            _connection.Failed(defect);
        }

        _run = default;
        _isRunning = false;
        // Clients take a reset and the connection's end behind it for a failure of the call, if they had not ended their side yet.
        if (code != Http2ErrorCode.NoError || !_exchange.WasExpired) _connection.Http2.Reset(_message.Stream, code); // nothing happens if both sides have ended it
        Recycle();
    }

    private void Recycle()
    {
        _message.End();
        _request.Reset();
        _connection.Return(this);
    }
}
