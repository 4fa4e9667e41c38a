using System.Buffers.Binary;
using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Ambient.Playground.Load;

/// <summary>
/// A server of long conversations: gRPC (numbers, sent without being asked again or sent back), WebSockets whose messages it sends back, and
/// plain requests, whose path it says. HTTP/1.1 on one port, HTTP/2 on another.
/// </summary>
internal static class TalkApplication
{
    /// <summary>Sends numbers from 0 on, one each <see cref="Pace"/>; how many, the request says.</summary>
    public const string Watch = "/talk.Talk/Watch";

    /// <summary>Sends back each number that it is sent, until the caller has sent its last.</summary>
    public const string Echo = "/talk.Talk/Echo";

    public const string Chat = "/chat";

    public static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    public static async Task RunAsync(int port, int grpcPort)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MinRequestBodyDataRate = kestrel.Limits.MinResponseDataRate = null; // numbers come slowly
            kestrel.Listen(IPAddress.IPv6Any, port, static listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.IPv6Any, grpcPort, static listen => listen.Protocols = HttpProtocols.Http2);
        });
        await using var server = builder.Build();
        server.UseWebSockets();
        server.Run(ServeAsync);
        await server.RunAsync();
    }

    private static Task ServeAsync(HttpContext context) => context.Request.Path.Value switch
    {
        Watch => WatchAsync(context),
        Echo => EchoAsync(context),
        Chat => ChatAsync(context),
        var path => AnswerAsync(context, path),
    };

    private static async Task AnswerAsync(HttpContext context, string? path)
    {
        var body = System.Text.Encoding.UTF8.GetBytes($"{context.Request.Method} {path}");
        await context.Request.Body.CopyToAsync(Stream.Null);
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body);
    }

    private static async Task WatchAsync(HttpContext context)
    {
        var message = new byte[TalkMessage.Length];
        await context.Request.Body.ReadExactlyAsync(message);
        var count = TalkMessage.Read(message);
        await BeginAsync(context);
        for (var number = 0; number < count && !context.RequestAborted.IsCancellationRequested; number++)
        {
            TalkMessage.Write(number, message);
            await context.Response.Body.WriteAsync(message);
            await Task.Delay(Pace, TimeProvider.System);
        }
        context.Response.AppendTrailer("grpc-status", "0");
    }

    private static async Task EchoAsync(HttpContext context)
    {
        var message = new byte[TalkMessage.Length];
        await BeginAsync(context);
        while (await context.Request.Body.ReadAtLeastAsync(message, message.Length, throwOnEndOfStream: false) == message.Length)
            await context.Response.Body.WriteAsync(message);
        context.Response.AppendTrailer("grpc-status", "0");
    }

    private static Task BeginAsync(HttpContext context)
    {
        context.Response.ContentType = "application/grpc";
        context.Response.DeclareTrailer("grpc-status");
        return context.Response.Body.FlushAsync();
    }

    private static async Task ChatAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[256];
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            if (received.MessageType == WebSocketMessageType.Close) break;
            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, CancellationToken.None);
        }
        if (socket.State == WebSocketState.CloseReceived) await socket.CloseOutputAsync(socket.CloseStatus ?? WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
    }
}

/// <summary>A message of gRPC that holds a number: the prefix of five bytes, and four bytes in network order.</summary>
internal static class TalkMessage
{
    public const int Length = 9;

    public static void Write(int number, Span<byte> message)
    {
        message[..5].Clear();
        message[4] = 4;
        BinaryPrimitives.WriteInt32BigEndian(message[5..], number);
    }

    public static int Read(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadInt32BigEndian(message[5..]);
}
