using System.Net;
using System.Net.Sockets;

namespace Ambient.Load.Generator;

/// <summary>Pushes bytes into one connection as fast as they are taken, until standard input ends.</summary>
internal sealed class FloodClient(IPEndPoint target)
{
    public async Task<string> RunAsync(TextReader hold)
    {
        using var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(target);
        using var stop = new CancellationTokenSource();
        var ended = hold.ReadToEndAsync(stop.Token).ContinueWith(_ => stop.Cancel(), TaskScheduler.Default);
        var block = new byte[Wire.BlockBytes];
        long sent = 0;
        try
        {
            while (true) sent += await socket.SendAsync(block, stop.Token);
        }
        catch (OperationCanceledException)
        {
            await ended;
            return Report.Line(("bytes", sent));
        }
    }
}
