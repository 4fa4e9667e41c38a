using System.Diagnostics;
using System.Net.Sockets;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Load.Generator;

/// <summary>Sends as fast as it goes on several connections; counts what the far application acknowledged.</summary>
internal sealed class BulkClient(Target target, int streams, TimeSpan duration)
{
    private readonly byte[] _block = GC.AllocateArray<byte>(Wire.BlockBytes, pinned: true);
    private readonly byte[] _answers = new byte[4096];

    public string Run()
    {
        new Random(1).NextBytes(_block);
        var sockets = Enumerable.Range(0, streams).Select(_ => target.Connect(Wire.Sink)).ToArray();
        var progress = sockets.Select(_ => new Progress()).ToArray();
        using var epoll = new Epoll();
        using var events = new EpollEvents(streams);
        for (var i = 0; i < streams; i++)
        {
            sockets[i].Blocking = false;
            epoll.Add(Number(sockets[i]), EpollFlags.Readable | EpollFlags.Writable, (ulong)i);
        }

        var start = Stopwatch.GetTimestamp();
        for (var open = streams; open > 0;)
        {
            var count = epoll.Wait(events, 30_000);
            if (count == 0) throw new IOException("Nothing moved for 30 s.");
            var sendingEnds = Stopwatch.GetElapsedTime(start) > duration;
            for (var i = 0; i < count; i++)
                if (Advance(epoll, (int)events.Tag(i), sockets[(int)events.Tag(i)], progress[(int)events.Tag(i)], sendingEnds, events.Flags(i)))
                    open--;
        }
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var bytes = progress.Sum(each => (double)each.Acknowledged * Wire.SegmentBytes);
        foreach (var socket in sockets) socket.Dispose();
        return Report.Line(("bytes", bytes), ("seconds", seconds));
    }

    // True once, when a connection is complete: its last segment is acknowledged.
    private bool Advance(Epoll epoll, int index, Socket socket, Progress progress, bool sendingEnds, EpollFlags ready)
    {
        if (progress.Complete) return false;
        if ((ready & (EpollFlags.Readable | EpollFlags.HangUp | EpollFlags.Error)) != 0)
        {
            var read = TcpSockets.Receive(Number(socket), _answers.AsSpan());
            if (read is { Succeeded: true, Value: > 0 }) progress.Acknowledged += read.Value;
            else if (!read.WouldBlock) throw new IOException("A connection ended early.");
        }
        if (!progress.EndKnown && sendingEnds) progress.RoundUp();
        if (progress.Unsent > 0 && (ready & EpollFlags.Writable) != 0)
        {
            var length = (int)Math.Min(progress.Unsent, _block.Length);
            var sent = TcpSockets.Send(Number(socket), _block.AsSpan(0, length));
            if (sent.Succeeded) progress.Sent += sent.Value;
            else if (!sent.WouldBlock) throw new IOException("A connection broke.");
            if (progress.Unsent == 0) epoll.Modify(Number(socket), EpollFlags.Readable, (ulong)index);
        }
        progress.Complete = progress.EndKnown && progress.Acknowledged * Wire.SegmentBytes == progress.End;
        if (progress.Complete) epoll.Remove(Number(socket));
        return progress.Complete;
    }

    private static int Number(Socket socket) => (int)socket.SafeHandle.DangerousGetHandle();

    private sealed class Progress
    {
        public long Sent;
        public long Acknowledged;
        public long End = long.MaxValue;
        public bool Complete;

        public bool EndKnown => End != long.MaxValue;
        public long Unsent => End - Sent;

        public void RoundUp() => End = (Sent + Wire.SegmentBytes - 1) / Wire.SegmentBytes * Wire.SegmentBytes;
    }
}
