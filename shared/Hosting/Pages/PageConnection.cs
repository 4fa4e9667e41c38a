using System.Buffers;
using System.Text;
using Ambient.Http1;
using Ambient.Http1.Bodies;
using Ambient.Http1.Heads;
using Ambient.Http1.Responses;
using Ambient.Transport;

namespace Ambient.Hosting.Pages;

/// <summary>One connection: requests one after another until either side has had enough. Idle, it holds no buffer.</summary>
internal sealed class PageConnection : ICarried, IDisposable
{
    private const int BufferBytes = 8192;

    private readonly LoopSocket _socket;
    private readonly PageServerOptions _options;
    private readonly PageHandler _handler;
    private readonly RequestParser _parser;
    private readonly BodyReader _body;
    private readonly LoopTimer _timer;
    private byte[]? _buffer;
    private int _start, _end;
    private bool _draining, _waitsForRequest;

    public PageConnection(LoopSocket socket, PageServerOptions options, PageHandler handler)
    {
        (_socket, _options, _handler) = (socket, options, handler);
        _parser = new(options.Limits);
        _body = new(options.Limits);
        _timer = new(socket.Loop, static connection => ((PageConnection)connection!).OnTimeout(), this);
    }

    /// <summary>No request is under way.</summary>
    public bool IsIdle => _waitsForRequest && !_parser.IsWithinHead;

    /// <summary>Since when it has been for its client to go on, by sending or by taking bytes; null while it is for us. A timestamp of the loop's clock.</summary>
    public long? WaitsSince { get; private set; }

    public async Task RunAsync()
    {
        _timer.Start(_options.HeaderTimeout);
        while (await ReadHeadAsync())
        {
            _timer.Cancel();
            if (!await AnswerAsync()) break;
            _parser.Reset();
            if (_draining) break;
            _timer.Start(_start < _end ? _options.HeaderTimeout : _options.IdleTimeout);
        }

        await LingerAsync();
    }

    public void BeginDrain()
    {
        _draining = true;
        if (IsIdle) Dispose();
    }

    public void Abort() => _socket.Abort();

    public void Dispose()
    {
        _waitsForRequest = false;
        _timer.Cancel();
        _socket.Dispose();
        ReturnBuffer();
    }

    /// <returns>False at the connection's end, also after a refusal was sent.</returns>
    private async ValueTask<bool> ReadHeadAsync()
    {
        while (true)
        {
            var status = _parser.Feed(Unread, out var consumed);
            _start += consumed;
            if (status == HeadStatus.Complete) return true;
            if (status == HeadStatus.Refused) return await RefuseAsync(_parser.Error);

            var began = _parser.IsWithinHead;
            if (!await FillAsync(waitsForRequest: !began)) return false;
            if (!began) _timer.Start(_options.HeaderTimeout);
        }
    }

    /// <returns>True if another request may follow.</returns>
    private async ValueTask<bool> AnswerAsync()
    {
        var head = _parser.Head;
        var keepAlive = head.KeepAlive && !_draining;
        if (!await SkipBodyAsync(head)) return false;

        var request = PageRequest.From(head);
        var (isHead, version) = (head.IsHead, head.Version);
        var response = await _handler(request);
        keepAlive &= !_draining;
        if (response.WriteBodyAsync is not null) keepAlive = await StreamAsync(response, request, isHead, keepAlive, version);
        else await SendAsync(response, request, isHead, keepAlive, version);
        return keepAlive && !_draining && !_socket.IsBroken;
    }

    private async ValueTask<bool> SkipBodyAsync(RequestHead head)
    {
        if (!head.Framing.HasBody) return true;
        if (head.ExpectsContinue && _start == _end) await SendAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray());

        _timer.Start(_options.HeaderTimeout);
        _body.Begin(head.Framing);
        while (true)
        {
            var step = _body.Next(Unread);
            _start += step.Consumed;
            if (step.Status == BodyStatus.Complete) break;
            if (step.Status == BodyStatus.Refused) return await RefuseAsync(_body.Error);
            if (step.Status == BodyStatus.NeedsMore && !await FillAsync(waitsForRequest: false)) return false;
        }

        _timer.Cancel();
        return true;
    }

    private async ValueTask<bool> RefuseAsync(Http1Error error)
    {
        var response = PageResponse.Text(error.Status, error.Message + "\n");
        await SendAsync(response, request: null, isHead: false, keepAlive: false, HttpVersion.Http11);
        return false;
    }

    private async ValueTask SendAsync(PageResponse response, PageRequest? request, bool isHead, bool keepAlive, HttpVersion version)
    {
        var coding = ContentCoding.Choose(request?.AcceptEncoding ?? "", response.Body.Length);
        var body = coding.Encode(response.Body);
        var output = new ArrayBufferWriter<byte>(256);
        WriteHead(output, response, coding, BodyFraming.OfLength(body.Length), keepAlive, version);
        await SendAsync(output.WrittenMemory);
        if (!isHead) await SendAsync(body);
    }

    /// <returns>True if another response may follow.</returns>
    private async ValueTask<bool> StreamAsync(PageResponse response, PageRequest request, bool isHead, bool keepAlive, HttpVersion version)
    {
        var coding = ContentCoding.Choose(request.AcceptEncoding, int.MaxValue);
        var output = new ArrayBufferWriter<byte>(256);
        var framing = WriteHead(output, response, coding, BodyFraming.Chunked, keepAlive, version);
        if (!await SendAsync(output.WrittenMemory)) return false;
        if (isHead) return keepAlive;

        using var body = new PageBody(coding, framing, SendPieceAsync);
        await response.WriteBodyAsync!(body);
        return await body.EndAsync() && keepAlive && framing.Kind == BodyKind.Chunked;
    }

    private async ValueTask<bool> SendPieceAsync(ReadOnlyMemory<byte> piece)
    {
        var isTaken = await SendAsync(piece);
        await _socket.Loop.Yield(); // readiness is asked for on the same loop
        return isTaken;
    }

    private static BodyFraming WriteHead(
        ArrayBufferWriter<byte> output, PageResponse response, ContentCoding coding, BodyFraming framing, bool keepAlive, HttpVersion version)
    {
        var head = ResponseWriter.Begin(output, response.Status).Field("content-type"u8, Encoding.ASCII.GetBytes(response.ContentType));
        if (response.Allow is { } allow) head.Field("allow"u8, Encoding.ASCII.GetBytes(allow));
        if (coding.IsEncoded) head.Field("content-encoding"u8, Encoding.ASCII.GetBytes(coding.Name)).Field("vary"u8, "accept-encoding"u8);
        return head.End(response.Status, framing, keepAlive, version);
    }

    /// <returns>False if nothing can be sent any more.</returns>
    private async ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var result = _socket.TrySend(bytes.Span);
            if (result.Status == IoStatus.Done)
            {
                bytes = bytes[result.Bytes..];
                continue;
            }

            if (result.Status != IoStatus.WouldBlock) return false;
            _timer.Start(_options.SendTimeout);
            WaitsSince = _socket.Loop.Time.GetTimestamp();
            await _socket.WaitWritableAsync();
            WaitsSince = null;
            _timer.Cancel();
        }

        return true;
    }

    private ReadOnlySpan<byte> Unread => _buffer is null ? default : _buffer.AsSpan(_start.._end);

    /// <summary>Waits for bytes; the buffer must have been used up.</summary>
    private async ValueTask<bool> FillAsync(bool waitsForRequest)
    {
        while (true)
        {
            var result = _socket.TryReceive((_buffer ??= ArrayPool<byte>.Shared.Rent(BufferBytes)).AsSpan());
            if (result.Status == IoStatus.Done)
            {
                (_start, _end) = (0, result.Bytes);
                return true;
            }

            ReturnBuffer();
            if (result.Status != IoStatus.WouldBlock || (waitsForRequest && _draining)) return false;
            (_waitsForRequest, WaitsSince) = (waitsForRequest, _socket.Loop.Time.GetTimestamp());
            await _socket.WaitReadableAsync();
            (_waitsForRequest, WaitsSince) = (false, null);
        }
    }

    // Closing with bytes unread would reset the connection, and the reset could destroy our answer on its way (RFC 9112 §9.6).
    private async ValueTask LingerAsync()
    {
        if (_socket.IsBroken) return;
        _socket.FinishSending();
        _timer.Start(_options.HeaderTimeout);
        while (await FillAsync(waitsForRequest: false)) { }
    }

    private void OnTimeout()
    {
        if (_parser.IsWithinHead) _socket.TrySend("HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"u8);
        _socket.FinishSending();
        _socket.Dispose();
    }

    private void ReturnBuffer()
    {
        if (_buffer is { } buffer) ArrayPool<byte>.Shared.Return(buffer);
        _buffer = null;
        _start = _end = 0;
    }
}
