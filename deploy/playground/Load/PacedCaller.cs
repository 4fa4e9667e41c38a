using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Ambient.Lab.Network;
using Ambient.Playground.Kubelet.Networking;

namespace Ambient.Playground.Load;

/// <summary>
/// Requests of callers in a pod, so many a second whether or not earlier ones have been answered, each with a number of its own: GET and POST in turn, half of them on a
/// connection of their own and half on connections that are kept. Nothing is asked twice, whatever happens.
/// </summary>
public sealed class PacedCaller : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15), Step = TimeSpan.FromMilliseconds(2);

    private readonly NamespaceSockets _sockets;
    private readonly IPEndPoint _target;
    private readonly int _rate;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<CallerConnection> _kept = [];
    private readonly ConcurrentQueue<string> _failures = [];
    private readonly ConcurrentQueue<double> _milliseconds = [];
    private readonly ConcurrentQueue<int> _answeredPosts = [];
    private readonly Task _running;

    private PacedCaller(IPod from, IPEndPoint target, int rate)
    {
        (_sockets, _target, _rate) = (new(from.NamespacePath, ahead: 64), target, rate);
        _running = Task.Run(RunAsync);
    }

    public int Answered => _milliseconds.Count;

    /// <summary>Each with its time.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    /// <summary>How long each answer took, from before its connection was opened.</summary>
    public IReadOnlyCollection<double> Milliseconds => _milliseconds;

    /// <summary>The paths of the POSTs that were answered.</summary>
    public IEnumerable<string> AnsweredPosts => _answeredPosts.Select(PathOf);

    /// <param name="rate">Per second.</param>
    public static PacedCaller Start(IPod from, IPEndPoint target, int rate) => new(from, target, rate);

    /// <summary>Returns once the requests that are under way have ended.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        while (_kept.TryDequeue(out var caller)) caller.Dispose();
        _sockets.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var watch = Stopwatch.StartNew();
        var running = new List<Task>();
        for (var sent = 0; !_stop.IsCancellationRequested;)
        {
            for (; sent < watch.Elapsed.TotalSeconds * _rate; sent++)
            {
                var number = sent;
                running.Add(Task.Run(() => AskAsync(number)));
            }
            await Task.Delay(Step, TimeProvider.System);
            running.RemoveAll(static task => task.IsCompleted);
        }
        await Task.WhenAll(running);
    }

    private static string PathOf(int number) => $"/orders/{number}";

    private async Task AskAsync(int number)
    {
        var (isPost, keeps) = (number % 2 == 1, number % 4 < 2);
        var watch = Stopwatch.StartNew();
        using var patience = new CancellationTokenSource(Limit);
        var step = "connecting";
        CallerConnection? caller = null;
        try
        {
            caller = keeps ? TakeKept() : null;
            var isOld = caller is not null;
            caller ??= new(await _sockets.ConnectAsync(_target, patience.Token));
            step = isOld ? "asking on a connection that was kept" : "asking on a new connection";
            await caller.AskAsync(isPost ? "POST" : "GET", PathOf(number), keeps, patience.Token);
            _milliseconds.Enqueue(watch.Elapsed.TotalMilliseconds);
            if (isPost) _answeredPosts.Enqueue(number);
            if (!keeps || !caller.MayAskAgain) return;
            _kept.Enqueue(caller);
            caller = null;
        }
        catch (Exception failure) when (failure is SocketException or IOException or OperationCanceledException)
        {
            var why = failure is SocketException socket ? $"{socket.SocketErrorCode}" : failure is IOException ? failure.Message : $"nothing within {Limit.TotalSeconds:0} s";
            _failures.Enqueue($"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {(isPost ? "POST" : "GET")} {number}, {step}: {why}");
        }
        finally
        {
            caller?.Dispose();
        }
    }

    // One that its server has closed meanwhile is seen to be closed, and not used.
    private CallerConnection? TakeKept()
    {
        while (_kept.TryDequeue(out var caller))
        {
            if (caller.IsOpen) return caller;
            caller.Dispose();
        }
        return null;
    }
}
