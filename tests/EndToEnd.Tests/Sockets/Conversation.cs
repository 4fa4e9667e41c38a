using System.Net.Sockets;
using System.Text;

namespace Ambient.EndToEnd.Tests.Sockets;

/// <summary>What tests do with a connection; every wait has a limit.</summary>
internal static class Conversation
{
    /// <summary>Sends a text and reads as much back as it is long.</summary>
    public static async Task<string> AskAsync(this Socket socket, string text)
    {
        await socket.SendAsync(Encoding.UTF8.GetBytes(text));
        return await socket.ReadTextAsync(text.Length);
    }

    /// <summary>Reads up to <paramref name="length"/> bytes; fewer if the other side finishes.</summary>
    public static async Task<string> ReadTextAsync(this Socket socket, int length)
    {
        var buffer = new byte[length];
        var read = 0;
        using var expiry = new CancellationTokenSource(PodSockets.Limit);
        while (read < length)
        {
            var count = await socket.ReceiveAsync(buffer.AsMemory(read), expiry.Token);
            if (count == 0) break;
            read += count;
        }
        return Encoding.UTF8.GetString(buffer, 0, read);
    }

    public static async Task<string> ReadToEndAsync(this Socket socket)
    {
        var text = new StringBuilder();
        while (await socket.ReadTextAsync(1024) is { Length: > 0 } part) text.Append(part);
        return text.ToString();
    }

    /// <summary>How the connection is ended by the other side: "end" for FIN, "reset" for RST. What arrives before is dropped.</summary>
    public static async Task<string> ReadEndingAsync(this Socket socket)
    {
        var buffer = new byte[64 << 10];
        using var expiry = new CancellationTokenSource(PodSockets.Limit);
        try
        {
            while (await socket.ReceiveAsync(buffer, expiry.Token) > 0) { }
            return "end";
        }
        catch (SocketException)
        {
            return "reset";
        }
    }

    /// <summary>Whether a connection gets no byte through: refused, reset or ended before an answer.</summary>
    public static async Task<bool> IsRefusedAsync(Func<Task<Socket>> connect)
    {
        try
        {
            using var socket = await connect();
            return await socket.AskAsync("anyone?") != "anyone?";
        }
        catch (SocketException failure)
        {
            return failure.SocketErrorCode is SocketError.ConnectionRefused or SocketError.ConnectionReset or SocketError.Shutdown;
        }
    }

    public static void Reset(this Socket socket)
    {
        socket.LingerState = new(true, 0);
        socket.Dispose();
    }
}
