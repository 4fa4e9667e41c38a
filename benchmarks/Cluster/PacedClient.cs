using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Ambient.ClusterBenchmark;

/// <summary>Sends a request on a connection of its own, so many times a second, whether or not earlier ones have been answered.</summary>
internal sealed class PacedClient(IPEndPoint target, int rate)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly byte[] Request = Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: cart\r\nConnection: close\r\n\r\n");
    private readonly Dictionary<string, int> _failures = [];
    private int _succeeded;

    /// <summary>Prints what became of them; 0 if all succeeded.</summary>
    public async Task<int> RunAsync(TimeSpan duration)
    {
        var isOver = false;
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => isOver = signal.Cancel = true);
        var watch = Stopwatch.StartNew();
        var running = new List<Task>();
        for (var sent = 0L; !isOver && watch.Elapsed < duration;)
        {
            for (; sent < watch.Elapsed.TotalSeconds * rate; sent++) running.Add(AskAsync());
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System);
            running.RemoveAll(task => task.IsCompleted);
        }
        await Task.WhenAll(running);
        Console.WriteLine($"{_succeeded} succeeded, {_failures.Values.Sum()} failed in {watch.Elapsed.TotalSeconds:0} s");
        foreach (var (why, count) in _failures) Console.WriteLine($"  {count} x {why}");
        return _failures.Count == 0 ? 0 : 1;
    }

    private async Task AskAsync()
    {
        using var patience = new CancellationTokenSource(Limit);
        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(target, patience.Token);
            await socket.SendAsync(Request, patience.Token);
            var answer = new byte[512];
            var got = await socket.ReceiveAsync(answer, patience.Token);
            if (Encoding.ASCII.GetString(answer, 0, got).Contains(" 200 ", StringComparison.Ordinal)) Interlocked.Increment(ref _succeeded);
            else Fail($"an answer of {got} bytes that is not 200");
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            Fail(e is SocketException socket ? socket.SocketErrorCode.ToString() : $"no answer within {Limit.TotalSeconds:0} s");
        }
    }

    private void Fail(string why)
    {
        lock (_failures) _failures[why] = _failures.GetValueOrDefault(why) + 1;
    }
}
