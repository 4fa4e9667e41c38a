using System.Net.Sockets;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Transport.Tests;

/// <summary>One end of a connection as an application has it: plain socket calls, and what poll tells.</summary>
internal sealed class App(Descriptor socket) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    internal bool IsClosed => socket.IsClosed;

    internal Descriptor Socket => socket;

    internal int TrySend(ReadOnlySpan<byte> bytes)
    {
        var result = TcpSockets.Send(socket.Value, bytes);
        return result.Succeeded ? result.Value : -result.Errno;
    }

    internal void Send(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            WaitFor(EpollFlags.Writable);
            bytes = bytes[TcpSockets.Send(socket.Value, bytes).OrThrow("send")..];
        }
    }

    /// <returns>Bytes read, 0 for FIN, or -errno; waits for one of them.</returns>
    internal int Receive(Span<byte> into)
    {
        WaitFor(EpollFlags.Readable);
        return TryReceive(into);
    }

    internal int TryReceive(Span<byte> into)
    {
        var result = TcpSockets.Receive(socket.Value, into);
        return result.Succeeded ? result.Value : -result.Errno;
    }

    internal byte[] ReceiveExactly(int count)
    {
        var bytes = new byte[count];
        for (var done = 0; done < count;)
        {
            var read = Receive(bytes.AsSpan(done));
            Assert.True(read > 0, $"the stream ended after {done} of {count} bytes with {read}");
            done += read;
        }

        return bytes;
    }

    internal void Finish() => TcpSockets.FinishSending(socket.Value);

    internal void Close() => socket.Dispose();

    internal void Reset()
    {
        TcpSockets.ResetOnClose(socket.Value);
        socket.Dispose();
    }

    /// <summary>All that poll and FIONREAD tell of the socket now.</summary>
    internal string Look()
    {
        if (IsClosed)
            return "closed";
        using var view = new Socket(new SafeSocketHandle(socket.Value, ownsHandle: false));
        return $"{view.Available} bytes, {Poll(0)}";
    }

    internal void WaitFor(EpollFlags flags) => WaitFor(socket, flags);

    internal static void WaitFor(Descriptor socket, EpollFlags flags)
    {
        using var epoll = new Epoll();
        using var events = new EpollEvents(1);
        epoll.Add(socket.Value, flags, 0);
        for (var began = TimeProvider.System.GetTimestamp(); epoll.Wait(events, (int)Limit.TotalMilliseconds) == 0;) // or a signal came: the collector sends some
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Limit, $"not {flags} within {Limit}");
    }

    public void Dispose() => socket.Dispose();

    private EpollFlags Poll(int milliseconds)
    {
        using var epoll = new Epoll();
        using var events = new EpollEvents(1);
        epoll.Add(socket.Value, EpollFlags.Readable | EpollFlags.Writable | EpollFlags.PeerFinished, 0);
        return epoll.Wait(events, milliseconds) == 1 ? events.Flags(0) : EpollFlags.None;
    }
}
