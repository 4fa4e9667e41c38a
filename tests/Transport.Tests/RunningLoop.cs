using System.Collections.Concurrent;
using System.Net;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Transport.Tests;

/// <summary>A started loop and what tests do with it from outside; disposing fails if a handler let an exception escape.</summary>
internal sealed class RunningLoop : IDisposable
{
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly ConcurrentQueue<Exception> _escaped = new();

    internal RunningLoop(TimeProvider? time = null)
    {
        Loop = new("test", time ?? TimeProvider.System) { UnhandledException = _escaped.Enqueue };
        Loop.Start();
    }

    internal EventLoop Loop { get; }

    internal IReadOnlyCollection<Exception> Escaped => _escaped;

    internal Task<T> RunAsync<T>(Func<T> work) => Loop.RunAsync(() => new ValueTask<T>(work())).WaitAsync(Limit);

    internal Task RunAsync(Action work) => RunAsync(() =>
    {
        work();
        return true;
    });

    internal Task<T> RunAsync<T>(Func<ValueTask<T>> work) => Loop.RunAsync(work).WaitAsync(Limit);

    /// <summary>A connection of which one end is on the loop and the other is the test's.</summary>
    internal async Task<(LoopSocket OnLoop, App App)> ConnectAsync()
    {
        var (ours, theirs) = Connection.Open();
        return (await RunAsync(() => LoopSocket.Attach(Loop, ours)), new App(theirs));
    }

    /// <summary>Bytes that the loop's thread has allocated so far; asking allocates nothing there.</summary>
    internal long Allocated()
    {
        var meter = new Meter();
        Loop.Post(static meter => meter.Read(), meter);
        return meter.Result();
    }

    public void Dispose()
    {
        Loop.Dispose();
        Assert.Empty(_escaped);
    }

    internal void DisposeAfterFailures() => Loop.Dispose();

    private sealed class Meter
    {
        private readonly ManualResetEventSlim _read = new();
        private long _bytes;

        internal void Read()
        {
            _bytes = GC.GetAllocatedBytesForCurrentThread();
            _read.Set();
        }

        internal long Result()
        {
            Assert.True(_read.Wait(Limit), "the loop does not turn");
            return _bytes;
        }
    }
}

/// <summary>Makes connected TCP sockets.</summary>
internal static class Connection
{
    internal static (Descriptor Client, Descriptor Server) Open()
    {
        using var listener = ListeningSocket.Open(new(IPAddress.Loopback, 0), new());
        var to = TcpSockets.LocalName(listener).ToEndPoint();
        var client = OutgoingSocket.Open(to.AddressFamily, new() { KeepAlive = null });
        var result = TcpSockets.Connect(client, to);
        Assert.True(result.Succeeded || result.Errno == Errno.InProgress);
        using (var epoll = new Epoll())
        using (var events = new EpollEvents(1))
        {
            epoll.Add(listener.Value, EpollFlags.Readable, 0);
            Assert.Equal(1, epoll.Wait(events, 30_000));
        }

        return (client, new(TcpSockets.Accept(listener.Value, out _).OrThrow("accept")));
    }
}
