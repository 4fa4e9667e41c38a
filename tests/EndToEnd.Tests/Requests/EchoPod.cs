using System.Collections.Concurrent;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Network;
using Ambient.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Ambient.EndToEnd.Tests.Requests;

/// <summary>The application in a pod: answers HTTP/1.1 and WebSockets on 8080 and HTTP/2 and gRPC on 7070 with its name and the request as it saw it.</summary>
/// <remarks>A field <c>x-fail: ID TIMES HOW</c> makes so many requests of that id fail: with a status, by <c>close</c>, or by an answer so many <c>ms</c> late.</remarks>
internal sealed class EchoPod : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly ConcurrentDictionary<string, int> _failed = [];
    private int _requests;

    private EchoPod(IPod pod, string name)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.ListenHandle((ulong)pod.Listen(8080).HandOver(), static listen => listen.Protocols = HttpProtocols.Http1);
            options.ListenHandle((ulong)pod.Listen(7070).HandOver(), static listen => listen.Protocols = HttpProtocols.Http2);
        });
        _application = builder.Build();
        _application.UseWebSockets();
        _application.Run(async context =>
        {
            Interlocked.Increment(ref _requests);
            if (context.WebSockets.IsWebSocketRequest) await EchoAsync(context);
            else if (await PassesAsync(context)) await AnswerAsync(context, name);
        });
    }

    public int Requests => Volatile.Read(ref _requests);

    public static async Task<EchoPod> StartAsync(IPod pod, string name)
    {
        var echo = new EchoPod(pod, name);
        await echo._application.StartAsync();
        return echo;
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private static async Task EchoAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[1000];
        while (await socket.ReceiveAsync(buffer, context.RequestAborted) is { MessageType: not WebSocketMessageType.Close } frame)
            await socket.SendAsync(buffer.AsMemory(0, frame.Count), frame.MessageType, frame.EndOfMessage, context.RequestAborted);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
    }

    private async Task<bool> PassesAsync(HttpContext context)
    {
        if (context.Request.Headers["x-fail"] is not [{ } wish] || wish.Split(' ') is not [var id, var times, var how]) return true;
        if (_failed.AddOrUpdate(id, 1, static (_, count) => count + 1) > int.Parse(times, CultureInfo.InvariantCulture)) return true;
        if (how == "close") context.Abort();
        else if (how.EndsWith("ms", StringComparison.Ordinal)) await Task.Delay(TimeSpan.FromMilliseconds(int.Parse(how[..^2], CultureInfo.InvariantCulture)), TimeProvider.System, context.RequestAborted);
        else context.Response.StatusCode = int.Parse(how, CultureInfo.InvariantCulture);
        return how.EndsWith("ms", StringComparison.Ordinal);
    }

    private static async Task AnswerAsync(HttpContext context, string name)
    {
        await context.Request.Body.CopyToAsync(Stream.Null);
        context.Response.Headers["x-pod"] = name;
        var seen = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}\nx-protocol: {context.Request.Protocol}\n");
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
