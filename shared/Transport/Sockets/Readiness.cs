using System.Threading.Tasks.Sources;
using Ambient.Linux;

namespace Ambient.Transport;

/// <summary>The waits of one descriptor, for reading and for writing, and what is known of its readiness.</summary>
/// <remarks>
/// Edge-triggered: epoll says once that something may be possible, and it stays so until an attempt finds otherwise.
/// Everything is believed possible at first, since trying costs less than asking.
/// </remarks>
internal struct Readiness
{
    private Waiter _reader;
    private Waiter _writer;

    internal bool CanReceive { get; set; }

    internal bool CanSend { get; set; }

    internal ValueTask WaitReadable(IValueTaskSource source) =>
        CanReceive ? default : new(source, (short)(_reader.Begin() << 1));

    internal void EndReadWait() => _reader.Complete()?.Run();

    internal ValueTask WaitWritable(IValueTaskSource source) =>
        CanSend ? default : new(source, (short)(_writer.Begin() << 1 | 1));

    internal void Note(EpollFlags events)
    {
        const EpollFlags both = EpollFlags.Error | EpollFlags.HangUp;
        if ((events & (EpollFlags.Readable | EpollFlags.PeerFinished | both)) != 0)
            CanReceive = true;
        if ((events & (EpollFlags.Writable | both)) != 0)
            CanSend = true;
    }

    /// <returns>The continuation of a reader that can go on.</returns>
    internal WorkItem? TakeReader() => CanReceive ? _reader.Complete() : null;

    /// <inheritdoc cref="TakeReader"/>
    internal WorkItem? TakeWriter() => CanSend ? _writer.Complete() : null;

    /// <summary>Lets both waits complete, from within somebody's call: so not at once, which would run them in the middle of it.</summary>
    internal void Release(EventLoop loop)
    {
        CanReceive = CanSend = true;
        if (_reader.Complete() is { } reader)
            loop.Defer(reader);
        if (_writer.Complete() is { } writer)
            loop.Defer(writer);
    }

    internal ValueTaskSourceStatus Status(short token) =>
        IsWriter(token) ? _writer.Status(Version(token)) : _reader.Status(Version(token));

    internal void Collect(short token)
    {
        if (IsWriter(token))
            _writer.Collect(Version(token));
        else
            _reader.Collect(Version(token));
    }

    internal void OnCompleted(Action<object?> continuation, object? state, short token, EventLoop loop)
    {
        if (IsWriter(token))
            _writer.OnCompleted(continuation, state, Version(token), loop);
        else
            _reader.OnCompleted(continuation, state, Version(token), loop);
    }

    private static bool IsWriter(short token) => (token & 1) != 0;

    private static short Version(short token) => (short)(token >> 1);
}
