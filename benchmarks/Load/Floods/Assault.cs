using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.HttpCases;
using Ambient.Load.Generator;

namespace Ambient.Load.Floods;

/// <summary>A client that means no good: the same flood again and again, on as many connections as it is worth.</summary>
internal sealed class Assault(IPEndPoint target, Flood flood)
{
    private const int AtOnce = 16, Held = 500;

    // How long the other side may take to end a connection that was sent everything.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly byte[] _bytes = Encoding.Latin1.GetBytes(flood.Bytes), _trickle = Encoding.Latin1.GetBytes(flood.Trickle);
    private long _connections, _sent;

    /// <summary>Goes on until the process is ended; prints each second how much it was so far, a second.</summary>
    public async Task RunAsync(TextWriter report)
    {
        for (var i = 0; i < (_trickle.Length > 0 ? Held : AtOnce); i++) _ = AssailAsync();
        for (var began = TimeProvider.System.GetTimestamp(); ;)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
            var seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
            await report.WriteLineAsync(Report.Line(("connections", Interlocked.Read(ref _connections) / seconds), ("megabytes", Interlocked.Read(ref _sent) / 1e6 / seconds)));
            await report.FlushAsync();
        }
    }

    private async Task AssailAsync()
    {
        while (true)
        {
            using var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { LingerState = new(true, 0) };
            try
            {
                await socket.ConnectAsync(target);
                Interlocked.Increment(ref _connections);
                await SendAsync(socket, _bytes);
                if (_trickle.Length > 0) await TrickleAsync(socket);
                else if (_bytes.Length > 0) await ReadToEndAsync(socket);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // it was ended, as it should be: the next
            }
        }
    }

    private async Task TrickleAsync(Socket socket)
    {
        while (true)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
            await SendAsync(socket, _trickle);
        }
    }

    private async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = await socket.SendAsync(bytes[..Math.Min(bytes.Length, 64 * 1024)]);
            Interlocked.Add(ref _sent, count);
            bytes = bytes[count..];
        }
    }

    private static async Task ReadToEndAsync(Socket socket)
    {
        using var limit = new CancellationTokenSource(Patience);
        var buffer = new byte[16 * 1024];
        while (await socket.ReceiveAsync(buffer, limit.Token) > 0) { }
    }
}
