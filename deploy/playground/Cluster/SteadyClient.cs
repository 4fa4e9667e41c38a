using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Lab.Network;
using Ambient.Linux.Namespaces;

namespace Ambient.Playground.Cluster;

/// <summary>A caller inside a pod: makes a request on a connection of its own, again and again, and counts what became of each.</summary>
public sealed class SteadyClient : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly IPod _from;
    private readonly IPEndPoint _target;
    private readonly TimeSpan _pause;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _failures = [];
    private readonly Task _running;
    private int _succeeded;

    private SteadyClient(IPod from, IPEndPoint target, TimeSpan pause, int callers)
    {
        (_from, _target, _pause) = (from, target, pause);
        _running = Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(CallAsync)));
    }

    public int Succeeded => Volatile.Read(ref _succeeded);

    /// <summary>What went wrong, each with its time.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    /// <param name="pause">Between the end of a request and the next, of each caller.</param>
    public static SteadyClient Start(IPod from, IPEndPoint target, TimeSpan pause, int callers = 1) => new(from, target, pause, callers);

    /// <summary>Returns once the requests that are under way have ended.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task CallAsync()
    {
        using var pod = NetworkNamespace.Open(_from.NamespacePath);
        while (!_stop.IsCancellationRequested)
        {
            if (await AskAsync(pod) is { } failure) _failures.Enqueue($"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {failure}");
            else Interlocked.Increment(ref _succeeded);
            try { await Task.Delay(_pause, TimeProvider.System, _stop.Token); }
            catch (OperationCanceledException) { return; }
        }
    }

    // Null if a whole answer came.
    private async Task<string?> AskAsync(NetworkNamespace pod)
    {
        var step = "connecting";
        using var patience = new CancellationTokenSource(Limit);
        try
        {
            using var socket = pod.Run(() => new Socket(_target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
            await socket.ConnectAsync(_target, patience.Token);
            step = "sending";
            await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /steady HTTP/1.1\r\nHost: {_target}\r\nConnection: close\r\n\r\n"), patience.Token);
            step = "reading the answer";
            var (answer, got) = (new byte[4096], 0);
            while (got < answer.Length && await socket.ReceiveAsync(answer.AsMemory(got), patience.Token) is var read and > 0) got += read;
            return Encoding.ASCII.GetString(answer, 0, got).Contains(" 200 ", StringComparison.Ordinal) ? null : $"{step}: {got} bytes that are no answer";
        }
        catch (SocketException failure)
        {
            return $"{step}: {failure.SocketErrorCode}";
        }
        catch (OperationCanceledException)
        {
            return $"{step}: nothing within {Limit.TotalSeconds:0} s";
        }
    }
}
