using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Ambient.Playground.Demo;

/// <summary>
/// The application in the demo's pods: says who it is and who it thinks is calling; under /stream it keeps talking. After SIGTERM it
/// takes no more connections, and ends once those it has are answered: it does nothing else for the sake of its callers.
/// </summary>
/// <param name="status">Of its answers; under /requests it says how many it gave.</param>
/// <param name="records">A folder in which the path of each POST is noted before it is answered; null for none.</param>
internal sealed class HttpApplication(string name, int status = 200, string? records = null)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource _ending = new();
    private readonly string? _record = records is null ? null : Path.Combine(records, $"{Guid.NewGuid():N}");
    private readonly Lock _recording = new();
    private int _requests;

    public async Task RunAsync(int port)
    {
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => { signal.Cancel = true; _ending.Cancel(); });
        var served = new List<Task>();
        // The way out is gone once before: code that runs for the first time takes milliseconds, in which a closing listener resets whoever connects.
        using (var trial = Listen(0)) trial.Poll(0, SelectMode.SelectRead);
        using (var listener = Listen(port))
        {
            try
            {
                while (true)
                {
                    served.Add(ServeAsync(await listener.AcceptAsync(_ending.Token)));
                    served.RemoveAll(task => task.IsCompleted);
                }
            }
            catch (OperationCanceledException) { }
            // Closing the listener resets who has connected and was not accepted yet.
            while (listener.Poll(0, SelectMode.SelectRead)) served.Add(ServeAsync(await listener.AcceptAsync(CancellationToken.None)));
        }
        await Task.WhenAll(served);
    }

    private static Socket Listen(int port)
    {
        var listener = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        listener.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        listener.Listen(512);
        return listener;
    }

    private async Task ServeAsync(Socket socket)
    {
        using (socket)
        {
            try { await AnswerAsync(socket); }
            catch (SocketException) { } // the caller went away
        }
    }

    private async Task AnswerAsync(Socket socket)
    {
        var request = await ReadRequestAsync(socket);
        if (request.StartsWith("GET /stream ", StringComparison.Ordinal))
        {
            await SendAsync(socket, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
            for (var i = 0; !_ending.IsCancellationRequested; i++, await Task.Delay(Pause, TimeProvider.System)) await SendAsync(socket, $"{i} ");
            return;
        }
        if (request.StartsWith("GET /requests ", StringComparison.Ordinal))
        {
            await FinishAsync(socket, 200, $"{Volatile.Read(ref _requests)}");
            return;
        }
        Interlocked.Increment(ref _requests);
        if (_record is not null && request.StartsWith("POST ", StringComparison.Ordinal)) Record(request.Split(' ')[1]);
        var caller = ((IPEndPoint)socket.RemoteEndPoint!).Address;
        var body = $"hello from {name}, you come from {(caller.IsIPv4MappedToIPv6 ? caller.MapToIPv4() : caller)}, and you said: {request.Split(' ').ElementAtOrDefault(1)}\n";
        await FinishAsync(socket, request.StartsWith("GET /ready ", StringComparison.Ordinal) ? 200 : status, body);
    }

    private static async Task FinishAsync(Socket socket, int status, string body)
    {
        await SendAsync(socket, $"HTTP/1.1 {status} {(status == 200 ? "OK" : "No")}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}");
        socket.Shutdown(SocketShutdown.Send);
        while (await socket.ReceiveAsync(new byte[256]) > 0) { }
    }

    // The head, and the body that it announces.
    private static async Task<string> ReadRequestAsync(Socket socket)
    {
        var buffer = new byte[8192];
        for (var length = 0; length < buffer.Length;)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(length));
            if (read == 0) return "";
            length += read;
            var text = Encoding.ASCII.GetString(buffer, 0, length);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0 && length >= end + 4 + BodyLength(text[..end])) return text;
        }
        return "";
    }

    private static int BodyLength(string head) => head.Split("\r\n")
        .Where(static line => line.StartsWith("content-length:", StringComparison.OrdinalIgnoreCase)).Select(static line => int.Parse(line.Split(':')[1])).FirstOrDefault();

    // Written through to the file: who reads it after the process has ended finds all of them.
    private void Record(string path)
    {
        lock (_recording) File.AppendAllText(_record!, $"{path}\n");
    }

    private static Task<int> SendAsync(Socket socket, string text) => socket.SendAsync(Encoding.ASCII.GetBytes(text));
}
