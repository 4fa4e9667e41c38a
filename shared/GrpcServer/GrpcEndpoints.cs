using Ambient.Grpc;
using Ambient.Grpc.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Ambient.GrpcServer;

/// <summary>Puts gRPC methods on Kestrel.</summary>
public static class GrpcEndpoints
{
    /// <summary>
    /// Of a response, in bytes: as much is given to Kestrel at a time, and as much is kept by each of its stages (stream, connection, TLS)
    /// before it waits for the caller. When all nodes are sent everything at once, this is the memory each of them takes.
    /// </summary>
    internal const int BufferedBytes = 16 << 10;

    /// <summary>One request, one response. An <see cref="RpcException"/> of the handler is the call's status.</summary>
    public static IEndpointConventionBuilder MapUnary<TRequest, TResponse>(this IEndpointRouteBuilder endpoints,
        GrpcMethod<TRequest, TResponse> method, Func<TRequest, GrpcContext, Task<TResponse>> handler, GrpcServerOptions? options = null) =>
        endpoints.MapDuplex(method, call => RunUnaryAsync(method, handler, call), options);

    /// <summary>Both sides send as they like; the call ends when the handler returns (OK) or throws.</summary>
    public static IEndpointConventionBuilder MapDuplex<TRequest, TResponse>(this IEndpointRouteBuilder endpoints,
        GrpcMethod<TRequest, TResponse> method, Func<ServerCall<TRequest, TResponse>, Task> handler, GrpcServerOptions? options = null)
    {
        var runner = new CallRunner<TRequest, TResponse>(method, handler, options ?? new());
        RequestDelegate run = runner.RunAsync;
        return endpoints.MapPost(method.Path, run);
    }

    /// <summary>Any other method is answered with UNIMPLEMENTED, as gRPC callers expect.</summary>
    public static IEndpointConventionBuilder MapUnimplemented(this IEndpointRouteBuilder endpoints) => endpoints.MapPost("/{service}/{method}", AnswerUnimplemented);

    /// <summary>What long calls need: no least rate of data, dead peers found by PING (30 s, 20 s), so many calls on one connection, little buffered.</summary>
    public static void LimitForGrpc(this KestrelServerLimits limits, int maxCallsPerConnection = 100)
    {
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;
        limits.MaxRequestBodySize = null;
        limits.MaxResponseBufferSize = BufferedBytes;
        limits.Http2.MaxStreamsPerConnection = maxCallsPerConnection;
        limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
    }

    private static async Task RunUnaryAsync<TRequest, TResponse>(GrpcMethod<TRequest, TResponse> method,
        Func<TRequest, GrpcContext, Task<TResponse>> handler, ServerCall<TRequest, TResponse> call)
    {
        var request = await call.ReadAsync(call.Context.Stop);
        if (!request.HasMessage) throw new RpcException(StatusCode.Internal, $"{method} needs a request message, and none came.");
        if ((await call.ReadAsync(call.Context.Stop)).HasMessage)
            throw new RpcException(StatusCode.Internal, $"{method} takes one request message, and more came.");
        await call.WriteAsync(await handler(request.Message!, call.Context), call.Context.Stop);
    }

    private static Task AnswerUnimplemented(HttpContext http)
    {
        if (!GrpcHeaders.IsGrpc(http.Request.ContentType))
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }
        CallEnding.Write(http, new RpcException(StatusCode.Unimplemented, $"There is no method {http.Request.Path} here."), new());
        return Task.CompletedTask;
    }
}
