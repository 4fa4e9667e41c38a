using System.Collections.Concurrent;
using System.Net.Sockets;
using Ambient.Protos.Otlp;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Ambient.TestKit.Peers;

/// <summary>A collector of OTLP, by gRPC or by HTTP.</summary>
public sealed class SpanCollector : IAsyncDisposable
{
    private const int GrpcPrefix = 5;

    private readonly WebApplication _application;
    private readonly bool _overHttp;

    private SpanCollector(Socket listener, bool overHttp)
    {
        _overHttp = overHttp;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options =>
            options.ListenHandle((ulong)listener.HandOver(), listen => listen.Protocols = overHttp ? HttpProtocols.Http1 : HttpProtocols.Http2));
        _application = builder.Build();
        _application.MapPost(overHttp ? "/v1/traces" : "/opentelemetry.proto.collector.trace.v1.TraceService/Export", (RequestDelegate)TakeAsync);
    }

    public ConcurrentQueue<Span> Spans { get; } = new();

    public ConcurrentQueue<Resource> Resources { get; } = new();

    /// <summary>Answers nothing before this is done.</summary>
    public Task Answers { get; set; } = Task.CompletedTask;

    /// <param name="listener">Bound; owned from now on.</param>
    public static async Task<SpanCollector> StartAsync(Socket listener, bool overHttp = false)
    {
        var collector = new SpanCollector(listener, overHttp);
        await collector._application.StartAsync();
        return collector;
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        await Answers;
        var request = ExportRequest.Parser.ParseFrom(body.ToArray().AsSpan(_overHttp ? 0 : GrpcPrefix).ToArray());
        foreach (var group in request.ResourceSpans)
        {
            Resources.Enqueue(group.Resource);
            foreach (var span in group.ScopeSpans.SelectMany(static scope => scope.Spans)) Spans.Enqueue(span);
        }

        if (_overHttp) return;
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(new byte[GrpcPrefix]);
        context.Response.AppendTrailer("grpc-status", "0");
    }
}
