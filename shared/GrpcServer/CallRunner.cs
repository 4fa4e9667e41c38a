using Ambient.Grpc.Headers;
using Ambient.Grpc;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ambient.GrpcServer;

/// <summary>Runs each call of one method from its headers to its status.</summary>
internal sealed partial class CallRunner<TRequest, TResponse>(
    GrpcMethod<TRequest, TResponse> method, Func<ServerCall<TRequest, TResponse>, Task> handler, GrpcServerOptions options)
{
    private int _running;

    public async Task RunAsync(HttpContext http)
    {
        if (!TakeRequest(http, out var timeout, out var refusal))
        {
            if (refusal is not null) CallEnding.Write(http, refusal, new());
            return;
        }
        try
        {
            if (Interlocked.Increment(ref _running) > options.MaxConcurrentCalls)
                CallEnding.Write(http, new(StatusCode.ResourceExhausted, $"{method} already runs {options.MaxConcurrentCalls} times, which is the limit. Try again."), new());
            else await RunAsync(http, timeout);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    private async Task RunAsync(HttpContext http, TimeSpan? timeout)
    {
        var time = http.RequestServices.GetService<TimeProvider>() ?? TimeProvider.System;
        var stopping = http.RequestServices.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? default;
        using var deadline = timeout is { } limit ? new CancellationTokenSource(limit, time) : null;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping, deadline?.Token ?? default);
        Free(http);

        var context = new GrpcContext(http, timeout, stop.Token);
        var call = new ServerCall<TRequest, TResponse>(method, options, context, http.Request.BodyReader, http.Response.BodyWriter);
        http.Response.ContentType = GrpcHeaders.ContentType;
        RpcException? failure = null;
        try { await handler(call); }
        catch (Exception exception) { failure = Translate(http, exception, deadline, stopping); }

        if (!http.RequestAborted.IsCancellationRequested) CallEnding.Write(http, failure, context.Trailers);
    }

    private static void Free(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
    }

    private static bool TakeRequest(HttpContext http, out TimeSpan? timeout, out RpcException? refusal)
    {
        (timeout, refusal) = (null, null);
        if (!GrpcHeaders.IsGrpc(http.Request.ContentType))
        {
            http.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return false;
        }
        if (!HttpProtocol.IsHttp2(http.Request.Protocol))
        {
            http.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            return false;
        }
        if (http.Request.Headers[GrpcHeaders.Encoding] is [{ } encoding, ..] && encoding != GrpcHeaders.Identity)
        {
            http.Response.Headers[GrpcHeaders.AcceptEncoding] = GrpcHeaders.Identity;
            refusal = new(StatusCode.Unimplemented, $"Compression '{encoding}' is not supported; send with '{GrpcHeaders.Identity}'.");
            return false;
        }
        if (http.Request.Headers[GrpcTimeout.HeaderName] is [{ } text, ..])
        {
            if (!GrpcTimeout.TryRead(text, out var read))
            {
                refusal = new(StatusCode.Internal, $"'{text}' is not a {GrpcTimeout.HeaderName}: write at most eight digits and one of H M S m u n.");
                return false;
            }
            if (read <= TimeSpan.FromDays(24)) timeout = read; // timers go no further, nor does any call
        }
        return true;
    }

    private RpcException Translate(HttpContext http, Exception exception, CancellationTokenSource? deadline, CancellationToken stopping)
    {
        if (exception is RpcException own) return own;
        if (deadline is { IsCancellationRequested: true }) return new(StatusCode.DeadlineExceeded, $"{method} did not end in time.");
        if (stopping.IsCancellationRequested) return new(StatusCode.Unavailable, "The server is stopping. Connect again to reach another.");
        if (http.RequestAborted.IsCancellationRequested || exception is OperationCanceledException || IsCutOff(exception))
            return new(StatusCode.Cancelled, "The call was cancelled.");
        // A defect of ours: its text may hold anything, so it goes to our log and not to the caller.
        if (http.RequestServices.GetService<ILoggerFactory>() is { } loggers)
            Log.HandlerFailed(loggers.CreateLogger("Ambient.GrpcServer"), method.Path, exception);
        return new(StatusCode.Internal, "The server failed; its log says why.");
    }

    // The reader may hear that the connection is gone before the call does.
    private static bool IsCutOff(Exception exception) => exception is ConnectionResetException or IOException { InnerException: ConnectionAbortedException or ConnectionResetException };

    private static partial class Log
    {
        [LoggerMessage(701, LogLevel.Error, "{Method} failed: a defect, please report it")]
        public static partial void HandlerFailed(ILogger logger, string method, Exception exception);
    }
}
