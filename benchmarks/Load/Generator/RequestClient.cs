using System.Diagnostics;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Load.Generator;

/// <summary>Many connections, each with one 1 KiB request on its way, on one thread.</summary>
internal sealed class RequestClient(Target target, int connections, TimeSpan duration)
{
    private readonly byte[] _request = GC.AllocateArray<byte>(Wire.RequestBytes, pinned: true);
    private readonly byte[] _answer = GC.AllocateArray<byte>(Wire.RequestBytes, pinned: true);

    public string Run()
    {
        var sockets = Enumerable.Range(0, connections).Select(_ => target.Connect(Wire.Echo)).ToArray();
        var numbers = sockets.Select(socket => (int)socket.SafeHandle.DangerousGetHandle()).ToArray();
        var missing = new int[connections];
        var sentAt = new long[connections];
        var latencies = new Latencies();
        using var epoll = new Epoll();
        using var events = new EpollEvents(connections);
        for (var i = 0; i < connections; i++)
        {
            sockets[i].Blocking = false;
            epoll.Add(numbers[i], EpollFlags.Readable, (ulong)i);
        }

        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < connections; i++) Ask(i);
        while (Stopwatch.GetElapsedTime(start) < duration)
        {
            var count = epoll.Wait(events, 10_000);
            if (count == 0) throw new IOException("No answer for 10 s.");
            for (var e = 0; e < count; e++)
            {
                var i = (int)events.Tag(e);
                var read = TcpSockets.Receive(numbers[i], _answer.AsSpan(0, missing[i]));
                if (read.WouldBlock) continue;
                if (!read.Succeeded || read.Value == 0) throw new IOException("A connection ended early.");
                if ((missing[i] -= read.Value) > 0) continue;
                latencies.Add(Stopwatch.GetTimestamp() - sentAt[i]);
                Ask(i);
            }
        }
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        foreach (var socket in sockets) socket.Dispose();
        return Report.Line(("requests", latencies.Count), ("seconds", seconds), ("p50", latencies.Microseconds(50)), ("p99", latencies.Microseconds(99)));

        void Ask(int i)
        {
            // One request fits into any send buffer: it is only sent when the one before has come back.
            if (TcpSockets.Send(numbers[i], _request) is not { Succeeded: true, Value: Wire.RequestBytes }) throw new IOException("A connection broke.");
            missing[i] = Wire.RequestBytes;
            sentAt[i] = Stopwatch.GetTimestamp();
        }
    }
}
