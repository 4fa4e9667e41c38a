using Ambient.Http2;

namespace Ambient.Hbone.Tunnels;

public sealed partial class Tunnel
{
    /// <summary>True while a new stream may be opened: never on a tunnel that drains, is closed, or is full.</summary>
    public bool CanConnect =>
        _server is null && !IsClosed && !IsDraining && _http2.CanOpen && OpenStreams < _options.MaxStreams;

    /// <summary>Opens a stream with CONNECT; null when <see cref="CanConnect"/> is false. The caller owns the stream.</summary>
    public HboneStream? TryConnect(ConnectRequest request)
    {
        if (!CanConnect) return null;
        var stream = new HboneStream(this);
        var headers = ScratchHeaders;
        request.WriteTo(headers);
        if (_http2.TryOpen(headers, endStream: false, stream) is not { } http2) return null;
        stream.Http2 = http2;
        return stream;
    }

    internal void SendAnswer(HboneStream stream, ConnectAnswer answer)
    {
        var headers = ScratchHeaders;
        answer.WriteTo(headers);
        _http2.SendHeaders(stream.Http2, headers, endStream: answer.Status != 200);
    }

    private static HeaderList ScratchHeaders
    {
        get
        {
            var headers = _headers ??= new();
            headers.Clear();
            return headers;
        }
    }

    [ThreadStatic] private static HeaderList? _headers;

    private void AnswerArrived(HboneStream stream, HeaderList headers, bool endStream)
    {
        if (headers.Kind == HeaderKind.Response) stream.OnAnswer(ConnectAnswer.Read(headers));
        if (endStream) stream.OnEnded();
        Touch(stream);
    }

    private void RequestArrived(Http2Stream http2, HeaderList headers, bool endStream)
    {
        var stream = new HboneStream(this) { Http2 = http2 };
        http2.State = stream;
        if (endStream) stream.OnEnded();
        if (ConnectRequest.TryRead(headers) is not { } request)
        {
            stream.Respond(ConnectAnswer.BadRequest);
            stream.Dispose();
            _server!.OnRefused(this, "the request is not a CONNECT with a usable :authority");
            return;
        }
        _server!.OnConnect(stream, request);
    }

    private void BreakStreams(Http2ErrorCode code)
    {
        foreach (var http2 in _http2.Streams())
        {
            if (http2.State is not HboneStream stream) continue;
            stream.OnReset(code);
            Touch(stream);
        }
        for (var i = 0; i < _touched.Count; i++) _touched[i].Settle();
        _touched.Clear();
        Arrivals.Clear();
    }
}
