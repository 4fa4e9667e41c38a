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
    private Meter? _meter;

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

    /// <summary>Bytes that the loop's thread has allocated so far; asking allocates nothing there, from the second time on.</summary>
    internal long Allocated() => (_meter ??= new(this)).Ask();

    public void Dispose()
    {
        DisposeAfterFailures();
        Assert.Empty(_escaped);
    }

    internal void DisposeAfterFailures()
    {
        _meter?.Dispose();
        Loop.Dispose();
    }

    /// <summary>Is asked over a socket: work that is posted passes a lock, and to wait for one makes the runtime allocate.</summary>
    private sealed class Meter : IDisposable
    {
        private readonly RunningLoop _loop;
        private readonly App _asker;
        private LoopSocket? _asked;
        private long _bytes;
        private int _asks, _answers;

        internal Meter(RunningLoop loop)
        {
            var (asked, asker) = Connection.Open();
            (_loop, _asker) = (loop, new(asker));
            loop.Loop.Post(() => _ = AnswerAsync(LoopSocket.Attach(loop.Loop, asked)));
            Ask();
        }

        internal long Ask()
        {
            _asks++;
            _asker.Send("?"u8);
            Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref _answers) == _asks, Limit), "the loop does not turn");
            return Volatile.Read(ref _bytes);
        }

        public void Dispose()
        {
            _loop.Loop.Post(() => _asked?.Dispose());
            _asker.Dispose();
        }

        private async Task AnswerAsync(LoopSocket asked)
        {
            _asked = asked;
            var question = new byte[1];
            while (true)
            {
                await asked.WaitReadableAsync();
                var received = asked.TryReceive(question);
                if (received.Status == IoStatus.WouldBlock) continue;
                if (received.Status != IoStatus.Done) return;
                Volatile.Write(ref _bytes, GC.GetAllocatedBytesForCurrentThread());
                Volatile.Write(ref _answers, _answers + 1);
            }
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
        App.WaitFor(listener, EpollFlags.Readable);
        return (client, new(TcpSockets.Accept(listener.Value, out _).OrThrow("accept")));
    }
}
