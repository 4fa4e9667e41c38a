using System.Net;
using Ambient.Grpc.Calls;
using Ambient.Grpc.Headers;

namespace Ambient.Grpc.Channel;

/// <summary>Calls to one server. Connects when needed and again after a loss; all calls share a connection. Thread-safe.</summary>
/// <remarks>Plain <see cref="SocketsHttpHandler"/> beneath; it holds no thread and no buffer while nothing is called.</remarks>
public sealed class GrpcChannel : IDisposable
{
    private readonly GrpcChannelOptions _options;
    private readonly HttpMessageInvoker _invoker;
    private readonly TimeProvider _time;

    /// <exception cref="ArgumentException">The address is neither https nor loopback http.</exception>
    public GrpcChannel(GrpcChannelOptions options, TimeProvider? time = null)
    {
        _options = options;
        _time = time ?? TimeProvider.System;
        _invoker = new(ChannelHandler.Create(options), disposeHandler: true);
    }

    public Uri Address => _options.Address;

    /// <summary>One request, one response.</summary>
    /// <param name="metadata">May be null.</param>
    /// <param name="deadline">From now; the server is told and gives up too. Null: none.</param>
    /// <exception cref="RpcException">Any ending but OK, a deadline that passed (<see cref="StatusCode.DeadlineExceeded"/>) included.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> fired.</exception>
    public async Task<TResponse> UnaryAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, TRequest request, GrpcMetadata? metadata, TimeSpan? deadline, CancellationToken stop)
    {
        await using var call = OpenDuplex(method, metadata, deadline, stop);
        try
        {
            await call.WriteAsync(request, stop);
            await call.CompleteAsync(stop);
        }
        catch (RpcException failure) when (failure.Code != StatusCode.ResourceExhausted)
        {
            // A server that needs no more of the request may have answered already: its status says more than a broken pipe.
            await call.ReadMessageAsync(stop);
            throw;
        }
        var response = await call.ReadMessageAsync(stop);
        if (!response.HasMessage) throw new RpcException(StatusCode.Internal, $"{method} ended with OK but without a response.");
        if ((await call.ReadMessageAsync(stop)).HasMessage)
            throw new RpcException(StatusCode.Internal, $"{method} sent more than one response.");
        return response.Message!;
    }

    /// <summary>Opens a call in which both sides send as they like. Returns at once: a failure to connect is told by its first read or write.</summary>
    /// <param name="stop">Ends the call whenever it fires.</param>
    public DuplexCall<TRequest, TResponse> OpenDuplex<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, GrpcMetadata? metadata, TimeSpan? deadline, CancellationToken stop)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_options.Address, method.Path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.TryAddWithoutValidation("te", "trailers");
        request.Headers.TryAddWithoutValidation("user-agent", "ambient");
        request.Headers.TryAddWithoutValidation(GrpcHeaders.AcceptEncoding, GrpcHeaders.Identity);
        if (deadline is { } limit) request.Headers.TryAddWithoutValidation(GrpcTimeout.HeaderName, GrpcTimeout.Write(limit));
        foreach (var (name, value) in metadata ?? GrpcMetadata.Empty) request.Headers.TryAddWithoutValidation(name, value);
        return new(method, request, _invoker, _options, deadline, _time, stop);
    }

    /// <summary>Ends all calls and connections.</summary>
    public void Dispose() => _invoker.Dispose();
}
