using System.Buffers.Binary;
using System.Net;
using System.Net.WebSockets;

namespace Ambient.Playground.Load;

/// <summary>One WebSocket that lasts: each number comes back as it was sent.</summary>
/// <param name="client">Opens its connections in the caller's pod.</param>
internal sealed class WebSocketTalk(HttpMessageInvoker client, IPEndPoint service)
{
    private const string Kind = "WebSocket";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly byte[] _message = new byte[4];

    /// <param name="messages">After which the client closes it.</param>
    /// <param name="stop">The client closes it early.</param>
    public async Task<TalkOutcome> RunAsync(int messages, CancellationToken stop)
    {
        using var socket = new ClientWebSocket();
        var number = 0;
        try
        {
            using (var opening = new CancellationTokenSource(Limit)) await socket.ConnectAsync(new Uri($"ws://{service}{TalkApplication.Chat}"), client, opening.Token);
            for (; number < messages && !stop.IsCancellationRequested; number++)
            {
                if (!await AskAsync(socket, number)) return await GoAsync(socket, number);
                await Task.Delay(TalkApplication.Pace, TimeProvider.System, CancellationToken.None);
            }
            using var closing = new CancellationTokenSource(Limit);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, closing.Token);
            return new(Kind, socket.CloseStatus is null ? TalkEnd.Cut : TalkEnd.Completed, number, "no close frame answered ours");
        }
        catch (Exception broken) when (broken is WebSocketException or IOException or OperationCanceledException or HttpRequestException)
        {
            return new(Kind, TalkEnd.Cut, number, $"{broken.Message} {broken.InnerException?.Message}");
        }
    }

    /// <returns>False if a close frame came instead of the answer.</returns>
    private async Task<bool> AskAsync(ClientWebSocket socket, int number)
    {
        using var patience = new CancellationTokenSource(Limit);
        BinaryPrimitives.WriteInt32BigEndian(_message, number);
        if (socket.State == WebSocketState.Open) await socket.SendAsync(_message.AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, patience.Token);
        var received = await socket.ReceiveAsync(_message.AsMemory(), patience.Token);
        if (received.MessageType == WebSocketMessageType.Close) return false;
        return BinaryPrimitives.ReadInt32BigEndian(_message) == number ? true : throw new IOException($"message {BinaryPrimitives.ReadInt32BigEndian(_message)} came for {number}");
    }

    private static async Task<TalkOutcome> GoAsync(ClientWebSocket socket, int number)
    {
        using var closing = new CancellationTokenSource(Limit);
        if (socket.State == WebSocketState.CloseReceived) await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, closing.Token);
        return socket.CloseStatus == WebSocketCloseStatus.EndpointUnavailable ? new(Kind, TalkEnd.Told, number)
            : new(Kind, TalkEnd.Cut, number, $"closed by the server with {socket.CloseStatus}");
    }
}
