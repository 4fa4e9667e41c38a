using System.Globalization;
using System.Text;
using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Network;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Ambient.EndToEnd.Tests.Requests;

/// <summary>The application in a pod: answers HTTP/1.1 on 8080 and gRPC on 7070 with its name and the request as it saw it.</summary>
internal sealed class EchoPod : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly List<System.Net.Sockets.Socket> _listeners = [];
    private int _requests;

    private EchoPod(IPod pod, string name)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.ListenHandle(Listen(pod, 8080), static listen => listen.Protocols = HttpProtocols.Http1);
            options.ListenHandle(Listen(pod, 7070), static listen => listen.Protocols = HttpProtocols.Http2);
        });
        _application = builder.Build();
        _application.Run(context =>
        {
            Interlocked.Increment(ref _requests);
            return AnswerAsync(context, name);
        });
    }

    public int Requests => Volatile.Read(ref _requests);

    public static async Task<EchoPod> StartAsync(IPod pod, string name)
    {
        var echo = new EchoPod(pod, name);
        await echo._application.StartAsync();
        return echo;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        foreach (var listener in _listeners) listener.Dispose();
    }

    private ulong Listen(IPod pod, int port)
    {
        var listener = PodSockets.Listen(pod, port);
        _listeners.Add(listener);
        return (ulong)listener.Handle;
    }

    private static async Task AnswerAsync(HttpContext context, string name)
    {
        await context.Request.Body.CopyToAsync(Stream.Null);
        context.Response.Headers["x-pod"] = name;
        var seen = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}\n");
        foreach (var (field, values) in context.Request.Headers) seen.Append(CultureInfo.InvariantCulture, $"{field.ToLowerInvariant()}: {string.Join(',', values.AsEnumerable())}\n");
        var text = Encoding.UTF8.GetBytes(seen.ToString());
        if (context.Request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) != true)
        {
            await context.Response.Body.WriteAsync(text);
            return;
        }

        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync((byte[])[0, 0, 0, (byte)(text.Length >> 8), (byte)text.Length, .. text]);
        context.Response.AppendTrailer("grpc-status", "0");
    }
}
