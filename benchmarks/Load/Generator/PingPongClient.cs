using System.Diagnostics;

namespace Ambient.Load.Generator;

/// <summary>One connection, one request at a time, blocking: the plain latency of the path.</summary>
internal sealed class PingPongClient(Target target, TimeSpan duration)
{
    public string Run()
    {
        using var socket = target.Connect(Wire.Echo);
        var request = new byte[Wire.RequestBytes];
        var answer = new byte[Wire.RequestBytes];
        var latencies = new Latencies();

        for (var warmUp = 0; warmUp < 200; warmUp++) Exchange();
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < duration)
        {
            var sent = Stopwatch.GetTimestamp();
            Exchange();
            latencies.Add(Stopwatch.GetTimestamp() - sent);
        }
        return Report.Line(("requests", latencies.Count), ("p50", latencies.Microseconds(50)), ("p99", latencies.Microseconds(99)));

        void Exchange()
        {
            socket.Send(request);
            for (var read = 0; read < answer.Length;)
            {
                var count = socket.Receive(answer.AsSpan(read));
                if (count == 0) throw new IOException("The connection ended early.");
                read += count;
            }
        }
    }
}
