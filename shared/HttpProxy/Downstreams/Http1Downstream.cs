using Ambient.Http1;
using Ambient.Http1.Bodies;
using Ambient.Http1.Heads;
using Ambient.Http1.Responses;
using Ambient.HttpProxy.Bodies;
using Ambient.HttpProxy.Buffers;
using Ambient.Transport;

namespace Ambient.HttpProxy.Downstreams;

/// <summary>A client that speaks HTTP/1.1: one exchange after another on its connection.</summary>
internal sealed class Http1Downstream(Duplex stream, ReceiveBuffer input, SendBuffer output, RequestHead request, Http1Limits limits) : DownstreamStream
{
    private readonly Http1BodySource _requestBody = new(input, limits);
    private readonly Http1BodySink _responseBody = new(output);
    private ResponseWriter _writer;
    private int _status;

    public override RequestHead Request => request;

    public override IBodySource RequestBody => _requestBody;

    public override IBodySink ResponseBody => _responseBody;

    /// <summary>Another request may follow the response.</summary>
    public bool KeepsAlive { get; private set; }

    /// <summary>The response's head has said already whether another request may follow.</summary>
    public bool HasResponded { get; private set; }

    /// <summary>A request has been read.</summary>
    /// <param name="mayKeepAlive">False if the connection is to end after it.</param>
    public void BeginExchange(bool mayKeepAlive)
    {
        (KeepsAlive, HasResponded) = (mayKeepAlive && request.KeepAlive, false);
        _requestBody.Begin(request.Framing);
    }

    public override void EndConnection() => KeepsAlive = false;

    public override void Abort() => stream.Abort();

    public override void BeginResponse(int status)
    {
        (_status, HasResponded) = (status, status >= 200);
        _writer = ResponseWriter.Begin(output, status);
    }

    public override void ResponseField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool neverIndexed = false) => _writer.Field(name, value);

    public override void EndResponse(BodyFraming framing)
    {
        // What ends with the server's connection is sent in chunks, so that ours can stay.
        if (framing.Kind == BodyKind.UntilClose) framing = BodyFraming.Chunked;
        var written = _writer.End(_status, framing, KeepsAlive || _status < 200, request.Version);
        if (written.Kind == BodyKind.UntilClose) KeepsAlive = false;
        _responseBody.Begin(written);
    }

    public override void EndResponseWithoutBody(long? announcedLength)
    {
        _writer.EndWithoutBody(announcedLength, KeepsAlive, request.Version);
        _responseBody.Begin(BodyFraming.None);
    }

    public override void BeginWebSocket()
    {
        BeginResponse(101);
        (HasResponded, KeepsAlive) = (true, false);
    }

    public override void EndWebSocket() => _writer.EndUpgrade("websocket"u8);

    public override void BeginWebSocketBytes()
    {
        _requestBody.Begin(BodyFraming.UntilClose);
        _responseBody.BeginUntilEnd();
    }
}
