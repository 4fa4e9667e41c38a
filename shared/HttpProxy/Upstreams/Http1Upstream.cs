using System.Runtime.CompilerServices;
using Ambient.Http1;
using Ambient.Http1.Bodies;
using Ambient.Http1.Heads;
using Ambient.Http1.Requests;
using Ambient.HttpProxy.Bodies;
using Ambient.HttpProxy.Buffers;
using Ambient.HttpProxy.Messages;
using Ambient.Transport;

namespace Ambient.HttpProxy.Upstreams;

/// <summary>A connection to a server that speaks HTTP/1.1, for one exchange after another. On its loop only; whoever rents it owns it.</summary>
internal sealed class Http1Upstream : UpstreamStream, IDisposable
{
    private readonly Http1Server _server;
    private readonly ResponseParser _parser;
    private readonly Http1BodySink _requestBody;
    private readonly Http1BodySource _responseBody;
    private RequestWriter _writer;
    private bool _isReused, _isAsked, _hasAnswered;
    private bool _asksWebSocket, _speaksWebSocket;
    private byte[]? _ownKey;
    private int _interim;
    private uint _requests;

    public Http1Upstream(Duplex stream, UpstreamEndpoint endpoint, Http1Server server, Http1Limits limits)
    {
        (Stream, Server, _server, _parser) = (stream, endpoint, server, new(limits));
        (In, Out) = (new(stream), new(stream));
        (_requestBody, _responseBody) = (new(Out), new(In, limits));
    }

    public Duplex Stream { get; }

    /// <summary>As whoever rented it last knows it.</summary>
    public UpstreamEndpoint Server { get; set; }

    public ReceiveBuffer In { get; }

    public SendBuffer Out { get; }

    public override ResponseHead Head => _parser.Head;

    public override Http1Error Error => _interim > MostInterimResponses ? TooManyInterimResponses : _parser.Error;

    public override IBodySink RequestBody => _requestBody;

    public override IBodySource ResponseBody => _responseBody;

    public override bool TakesUpgrades => true;

    public override bool HoldsDescriptor => Stream.HoldsDescriptor;

    // A key of ours must be answered; the client looks after its own.
    public override bool HasSwitched => _asksWebSocket && Head.Status == 101 && Head.Fields.HasToken("upgrade"u8, "websocket"u8)
        && (_ownKey is null || (Head.Fields.TryGet(WebSocketKey.AcceptName, out var said) && said.SequenceEqual(WebSocketKey.AcceptOf(_ownKey))));

    /// <summary>When it was given back, by the loop's clock.</summary>
    public long IdleSince { get; private set; }

    /// <summary>True if nothing came while it lay idle: bytes or an end there belong to no request of ours.</summary>
    public bool IsStillIdle => !Stream.IsBroken && In.TryReceive().Status == IoStatus.WouldBlock;

    // It has carried an exchange before: its server may have closed it while this request was on its way, and had then not begun to answer.
    public override bool MayRepeat(bool isIdempotent) => isIdempotent && _isReused && !_hasAnswered && !_parser.IsWithinHead && _parser.Error.IsNone;

    public override void BeginRequest(ReadOnlySpan<byte> method, ReadOnlySpan<byte> target, ReadOnlySpan<byte> authority)
    {
        _parser.Expect(method);
        _writer = RequestWriter.Begin(Out, method, target, authority);
        (_isAsked, _asksWebSocket) = (true, false);
        _requests++;
    }

    public override void BeginWebSocket(ReadOnlySpan<byte> target, ReadOnlySpan<byte> authority, bool bringsKey)
    {
        BeginRequest("GET"u8, target, authority);
        (_asksWebSocket, _ownKey) = (true, bringsKey ? null : WebSocketKey.Create());
        if (_ownKey is not null) _writer.Field(WebSocketKey.FieldName, _ownKey);
    }

    public override void BeginWebSocketBytes()
    {
        _speaksWebSocket = true;
        _requestBody.BeginUntilEnd();
        _responseBody.Begin(BodyFraming.UntilClose);
    }

    public override void RequestField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool neverIndexed = false) => _writer.Field(name, value);

    public override void EndRequest(BodyFraming framing)
    {
        if (_asksWebSocket) _writer.EndUpgrade("websocket"u8);
        else _writer.End(framing);
        _requestBody.Begin(framing);
    }

    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    public override async ValueTask<IoStatus> ReadHeadAsync()
    {
        if (_parser.Head.IsInterim) _parser.Reset(); // the one before
        while (true)
        {
            var status = _parser.Feed(In.Unread, out var consumed);
            In.Consume(consumed);
            if (status == HeadStatus.Refused) return IoStatus.Broken;
            if (status == HeadStatus.Complete)
            {
                _hasAnswered = true;
                _responseBody.Begin(_parser.Head.Framing);
                return _parser.Head.IsInterim && ++_interim > MostInterimResponses ? IoStatus.Broken : IoStatus.Done;
            }

            var received = In.TryReceive();
            if (received.Status == IoStatus.WouldBlock) await In.WaitAsync().ConfigureAwait(false);
            else if (received.Status != IoStatus.Done) return received.Status;
        }
    }

    public override void Abort() => Stream.Abort();

    public override void Release(bool isClean)
    {
        if (!_isAsked || (isClean && Head.KeepAlive && !_speaksWebSocket && !Server.IsEnough(_requests))) _server.Return(this);
        else Dispose();
    }

    /// <summary>Ready for the next exchange.</summary>
    public void Rest(long now)
    {
        _parser.Reset();
        (_isReused, _isAsked, _hasAnswered, _interim, IdleSince) = (_isReused || _isAsked, false, false, 0, now);
    }

    public void Dispose()
    {
        _parser.Reset();
        In.Release();
        Out.Release();
        Stream.Dispose();
        _server.Remove();
    }
}
