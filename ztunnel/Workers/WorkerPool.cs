using Ambient.Transport;
using Ambient.Ztunnel.Connections;

namespace Ambient.Ztunnel.Workers;

/// <summary>The threads that carry traffic. Pods are spread over them by their listeners, connections one after another.</summary>
internal sealed class WorkerPool : IDisposable
{
    private int _next = -1;

    /// <param name="unhandled">Told of defects that escaped from a connection; they end that connection only.</param>
    /// <param name="paused">Told why connections wait to be accepted.</param>
    public WorkerPool(int count, ConnectionLedgers ledgers, TimeProvider time, Random seed, Action<Exception> unhandled, Action<int> paused)
    {
        var workers = new Worker[count];
        for (var i = 0; i < count; i++)
        {
            var loop = new EventLoop($"ztunnel-{i}", time) { UnhandledException = unhandled, AcceptPaused = paused };
            workers[i] = new(loop, ledgers.Add(loop), new Random(seed.Next()));
        }
        All = workers;
    }

    public IReadOnlyList<Worker> All { get; }

    public void Start()
    {
        foreach (var worker in All) worker.Loop.Start();
    }

    /// <summary>The worker for the next connection, each in its turn. Any thread.</summary>
    public int Next() => All.Count == 1 ? 0 : (int)((uint)Interlocked.Increment(ref _next) % (uint)All.Count);

    public void Dispose()
    {
        foreach (var worker in All) worker.Loop.Dispose();
    }
}
