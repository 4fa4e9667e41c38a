using System.Buffers;
using System.IO.Pipelines;
using Ambient.Grpc;
using Ambient.Grpc.Messages;

namespace Ambient.GrpcServer;

/// <summary>A call in which both sides send as they like, seen from the server. One writer and one reader at a time.</summary>
public sealed class ServerCall<TRequest, TResponse>
{
    private readonly GrpcMethod<TRequest, TResponse> _method;
    private readonly GrpcServerOptions _options;
    private readonly MessageReader<TRequest> _reader;
    private readonly PipeWriter _output;

    internal ServerCall(GrpcMethod<TRequest, TResponse> method, GrpcServerOptions options, GrpcContext context, PipeReader input, PipeWriter output)
    {
        _method = method;
        _options = options;
        _output = output;
        Context = context;
        _reader = new(input, method.Request, options.MaxReceiveBytes)
        {
            BeforeGathering = options.LargeMessages is { } room ? room.EnterAsync : null,
        };
    }

    public GrpcContext Context { get; }

    /// <summary>The next message, or that the caller sends no more.</summary>
    /// <exception cref="RpcException">Too large, or not such a message: let it pass, it is the call's status.</exception>
    public ValueTask<Received<TRequest>> ReadAsync(CancellationToken stop) => _reader.ReadAsync(stop);

    /// <summary>Sends a message; completes when the transport took it, so it waits for a slow caller.</summary>
    /// <exception cref="RpcException">Too large; nothing was sent and the call goes on.</exception>
    public async ValueTask WriteAsync(TResponse message, CancellationToken stop)
    {
        if (message is ReadOnlyMemory<byte> bytes) await WriteBytesAsync(bytes, stop);
        else
        {
            MessageFraming.Write(message, _method.Response, _options.MaxSendBytes, _output);
            await FlushAsync(stop);
        }
    }

    /// <summary>The headers go out now, not with the first message.</summary>
    public async ValueTask FlushAsync(CancellationToken stop)
    {
        var flushed = await _output.FlushAsync(stop);
        if (flushed.IsCompleted || flushed.IsCanceled) throw new OperationCanceledException("The caller went away.");
    }

    private async ValueTask WriteBytesAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        MessageFraming.WritePrefix(bytes.Length, _options.MaxSendBytes, _output);
        for (var sent = 0; sent < bytes.Length;)
        {
            var chunk = bytes.Slice(sent, Math.Min(GrpcEndpoints.BufferedBytes, bytes.Length - sent));
            _output.Write(chunk.Span);
            sent += chunk.Length;
            await FlushAsync(stop);
        }
        if (bytes.IsEmpty) await FlushAsync(stop);
    }
}
