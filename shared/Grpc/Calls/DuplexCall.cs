using System.IO.Pipelines;
using Ambient.Grpc.Channel;
using Ambient.Grpc.Messages;

namespace Ambient.Grpc.Calls;

/// <summary>A call in which both sides send as they like. One writer and one reader at a time; the two are independent.</summary>
/// <remarks>Disposing of it before it ended cancels it (RST_STREAM with CANCEL).</remarks>
public sealed class DuplexCall<TRequest, TResponse> : IAsyncDisposable
{
    private readonly GrpcMethod<TRequest, TResponse> _method;
    private readonly GrpcChannelOptions _options;
    private readonly RequestBody _body = new();
    private readonly CancellationTokenSource? _deadline;
    private readonly CancellationTokenSource _abort;
    private readonly CancellationToken _stop;
    private readonly HttpRequestMessage _request;
    private readonly Task<HttpResponseMessage> _response;
    private PipeReader? _input;
    private MessageReader<TResponse>? _reader;

    internal DuplexCall(GrpcMethod<TRequest, TResponse> method, HttpRequestMessage request, HttpMessageInvoker invoker,
        GrpcChannelOptions options, TimeSpan? deadline, TimeProvider time, CancellationToken stop)
    {
        _method = method;
        _options = options;
        _stop = stop;
        if (deadline is { } limit) _deadline = new(limit > TimeSpan.Zero ? limit : TimeSpan.Zero, time);
        _abort = CancellationTokenSource.CreateLinkedTokenSource(stop, _deadline?.Token ?? default);
        _request = request;
        request.Content = _body;
        _response = SendAsync(invoker, request);
    }

    /// <summary>Sends a message; completes when the transport took it, so a slow server slows its callers.</summary>
    /// <exception cref="RpcException">
    /// The message is too large (nothing was sent and the call goes on), or the call has ended: if the server ended it, reading tells
    /// its status.
    /// </exception>
    /// <exception cref="OperationCanceledException">The caller's token fired.</exception>
    public async ValueTask WriteAsync(TRequest message, CancellationToken stop)
    {
        try
        {
            await _body.WriteAsync(message, _method.Request, _options.MaxSendBytes, stop);
        }
        catch (Exception exception) when (exception is not RpcException && !stop.IsCancellationRequested)
        {
            // The server may end a call at any time. Its status is the reader's to read.
            throw Translate(exception, stop);
        }
    }

    /// <summary>No more messages from us; the server may still send.</summary>
    public ValueTask CompleteAsync(CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        _body.Complete();
        return ValueTask.CompletedTask;
    }

    /// <summary>The next message, or default at a clean end (status OK).</summary>
    /// <exception cref="RpcException">The call ended with another status, or the transport failed.</exception>
    /// <exception cref="OperationCanceledException">The caller's token fired.</exception>
    public async ValueTask<TResponse?> ReadAsync(CancellationToken stop) => (await ReadMessageAsync(stop)).Message;

    /// <summary>What the server sent before its first message; waits for it.</summary>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public async ValueTask<GrpcMetadata> ReadHeadersAsync(CancellationToken stop)
    {
        try { return CallStatus.Metadata((await _response.WaitAsync(stop)).Headers); }
        catch (Exception exception) when (exception is not RpcException) { throw Translate(exception, stop); }
    }

    internal async ValueTask<Received<TResponse>> ReadMessageAsync(CancellationToken stop)
    {
        try
        {
            var reader = _reader ?? await OpenReaderAsync(stop);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, _abort.Token);
            var received = await reader.ReadAsync(either.Token);
            if (received.HasMessage) return received;
            return CallStatus.OfEnd(await _response) is { } failure ? throw failure : default;
        }
        catch (Exception exception) when (exception is not RpcException)
        {
            throw Translate(exception, stop);
        }
    }

    public async ValueTask DisposeAsync()
    {
        // The body is let go last: ended first, the server could take it for a clean end.
        await _abort.CancelAsync();
        try { (await _response).Dispose(); }
        catch (Exception exception) when (exception is RpcException or OperationCanceledException or HttpRequestException or IOException) { }
        _body.Complete();
        if (_input is not null) await _input.CompleteAsync();
        _abort.Dispose();
        _deadline?.Dispose();
        _request.Dispose();
        _body.Dispose();
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMessageInvoker invoker, HttpRequestMessage request)
    {
        try
        {
            var response = await invoker.SendAsync(request, _abort.Token);
            _body.Answered();
            return response;
        }
        catch (Exception exception)
        {
            _body.Fail(exception);
            throw;
        }
    }

    private async ValueTask<MessageReader<TResponse>> OpenReaderAsync(CancellationToken stop)
    {
        var response = await _response.WaitAsync(stop);
        if (CallStatus.OfHead(response) is { } failure) throw failure;
        var stream = await response.Content.ReadAsStreamAsync(stop);
        // No buffer is held while nothing comes.
        _input = PipeReader.Create(stream, new(bufferSize: 16 << 10, minimumReadSize: 4 << 10, useZeroByteReads: true));
        return _reader = new(_input, _method.Response, _options.MaxReceiveBytes);
    }

    private Exception Translate(Exception failure, CancellationToken stop)
    {
        if (stop.IsCancellationRequested) return new OperationCanceledException(failure.Message, failure, stop);
        if (_stop.IsCancellationRequested) return new OperationCanceledException(failure.Message, failure, _stop);
        if (_deadline is { IsCancellationRequested: true })
            return new RpcException(StatusCode.DeadlineExceeded, $"{_method} did not end in time.", failure);
        return CallStatus.OfTransport(failure);
    }
}
