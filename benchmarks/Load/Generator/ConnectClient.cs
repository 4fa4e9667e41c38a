using System.Diagnostics;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Load.Generator;

/// <summary>
/// Opens connections, some at a time; each sends one byte to the far application and waits for it to come back. Then it
/// closes them at once, or keeps them all open until its caller has looked at the proxies.
/// </summary>
internal sealed class ConnectClient(Target target, int atOnce)
{
    private readonly Epoll _epoll = new();
    private readonly EpollEvents _events = new(1024);
    private readonly Latencies _latencies = new();
    private readonly byte[] _scratch = new byte[1024];
    private DialedConnection?[] _connections = new DialedConnection?[1024];
    private int _opening;
    private int _done;
    private int _failed;
    private bool _mayFail;

    /// <summary>New connections for a while, closed as soon as their byte came back.</summary>
    public string RunFor(TimeSpan duration)
    {
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < duration)
        {
            while (_opening < atOnce) Open();
            Turn(connection => Close(connection));
        }
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return Report.Line(("connections", _done), ("failed", _failed), ("seconds", seconds), ("p50", _latencies.Microseconds(50)), ("p99", _latencies.Microseconds(99)));
    }

    /// <summary>Opens <paramref name="count"/> connections, reports, and holds them until standard input ends.</summary>
    public string RunHeld(int count, TextReader hold, TextWriter output)
    {
        var start = Stopwatch.GetTimestamp();
        while (_done < count)
        {
            while (_opening < atOnce && _done + _opening < count) Open();
            Turn(connection => _epoll.Remove(connection.Number));
        }
        var report = Report.Line(("connections", _done), ("seconds", Stopwatch.GetElapsedTime(start).TotalSeconds));
        output.WriteLine(report);
        output.Flush();
        hold.ReadToEnd();
        foreach (var connection in _connections.OfType<DialedConnection>()) Close(connection);
        return "closed=1";
    }

    /// <summary>
    /// <paramref name="count"/> connections that come to many ends: closed in order, reset, or reset with bytes on their way.
    /// One that a policy cuts is counted as failed, and comes on top.
    /// </summary>
    public string RunChurn(int count)
    {
        var random = new Random(1);
        var block = new byte[64 << 10];
        _mayFail = true;
        while (_done < count)
        {
            while (_opening < atOnce && _done + _opening < count) Open();
            Turn(connection =>
            {
                var ending = random.Next(3);
                if (ending == 2) TcpSockets.Send(connection.Number, block);
                if (ending > 0) TcpSockets.ResetOnClose(connection.Number);
                Close(connection);
            });
        }
        return Report.Line(("connections", _done), ("failed", _failed));
    }

    private void Open()
    {
        var connection = DialedConnection.Start(target);
        if (connection.Number >= _connections.Length) Array.Resize(ref _connections, connection.Number * 2);
        _connections[connection.Number] = connection;
        _epoll.Add(connection.Number, EpollFlags.Writable, (ulong)connection.Number);
        _opening++;
    }

    private void Turn(Action<DialedConnection> onDone)
    {
        var count = _epoll.Wait(_events, 20_000);
        if (count == 0) throw new IOException($"Nothing moved for 20 s after {_done} connections.");
        for (var i = 0; i < count; i++)
        {
            var connection = _connections[(int)_events.Tag(i)]!;
            var waitedForWritable = connection.WaitsForWritable;
            if (connection.Advance(_scratch))
            {
                _opening--;
                Count(connection, onDone);
            }
            else if (waitedForWritable && !connection.WaitsForWritable)
            {
                _epoll.Modify(connection.Number, EpollFlags.Readable, (ulong)connection.Number);
            }
        }
    }

    // A proxy that drops a connection now and then is not stopped for it, but what it dropped does not count.
    private void Count(DialedConnection connection, Action<DialedConnection> onDone)
    {
        if (connection.HasFailed)
        {
            if (++_failed > 100 + _done && !_mayFail) throw new IOException($"{_failed} connections ended before their byte came back, {_done} did not.");
            Close(connection);
            return;
        }
        _latencies.Add(Stopwatch.GetTimestamp() - connection.StartedAt);
        _done++;
        onDone(connection);
    }

    private void Close(DialedConnection connection)
    {
        _connections[connection.Number] = null;
        connection.Dispose();
    }
}
