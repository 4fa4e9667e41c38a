using System.Net;
using System.Net.Sockets;

namespace Ambient.Load.Generator;

/// <summary>An application that reads each connection no faster than it is told to, with a small receive buffer.</summary>
internal sealed class SlowSink(IPEndPoint at, double megabitsPerSecond)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    public async Task RunAsync()
    {
        using var listener = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 64 << 10 };
        listener.Bind(at);
        listener.Listen(16);
        while (true) _ = ReadSlowlyAsync(await listener.AcceptAsync());
    }

    private async Task ReadSlowlyAsync(Socket socket)
    {
        var portion = new byte[(int)(megabitsPerSecond * 1e6 / 8 * Tick.TotalSeconds)];
        using var timer = new PeriodicTimer(Tick, TimeProvider.System);
        using (socket)
            while (await timer.WaitForNextTickAsync() && await socket.ReceiveAsync(portion) > 0) { }
    }
}
