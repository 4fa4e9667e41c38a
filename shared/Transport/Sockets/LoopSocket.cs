using System.Diagnostics;
using System.Net;
using System.Threading.Tasks.Sources;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Transport;

/// <summary>A TCP connection on an event loop. Idle, it is some hundred bytes and holds no buffer.</summary>
public sealed partial class LoopSocket : Duplex, IReadyHandler, IValueTaskSource
{
    private readonly EventLoop _loop;
    private readonly Descriptor _descriptor;
    private readonly Registration _registration;
    private Readiness _ready;
    private State _state;
    private int _error;
    private IPEndPoint? _local;
    private IPEndPoint? _remote;

    [Flags]
    private enum State : byte
    {
        None = 0,
        PeerFinished = 1, // FIN has arrived, before any error
        Finished = 2,     // FIN was sent
        Broken = 4,
        Closed = 8,
    }

    private LoopSocket(EventLoop loop, Descriptor descriptor, bool connected)
    {
        _loop = loop;
        _descriptor = descriptor;
        _ready.CanReceive = _ready.CanSend = connected;
        _registration = loop.Watch(descriptor, this);
    }

    /// <summary>Puts a connected, non-blocking socket on <paramref name="loop"/>. On the loop only.</summary>
    /// <param name="fd">Taken over, also if this throws.</param>
    /// <exception cref="LinuxException">It cannot be watched.</exception>
    public static LoopSocket Attach(EventLoop loop, Descriptor fd) => Attach(loop, fd, connected: true);

    public override EventLoop Loop => _loop;

    public override bool IsBroken => (_state & State.Broken) != 0;

    public override bool HoldsDescriptor => (_state & State.Closed) == 0;

    public override bool MayReceive => _ready.CanReceive;

    /// <summary>The kernel's number for <see cref="IsBroken"/>; 0 if it gave none.</summary>
    public int BrokenErrno => _error;

    /// <summary>The descriptor, still owned by this object: for options.</summary>
    public Descriptor Descriptor => _descriptor;

    /// <summary>Our end; null if the connection broke before it was first asked for.</summary>
    public IPEndPoint? LocalEndPoint => _local ??= EndPointOf(TcpSockets.LocalName);

    /// <summary>The peer's end; null if the connection broke before it was first asked for.</summary>
    public IPEndPoint? RemoteEndPoint => _remote ??= EndPointOf(TcpSockets.RemoteName);

    public override IoResult TryReceive(ReadOnlySpan<IoVector> into) =>
        BeforeReceive() is { } known ? known : AfterReceive(TcpSockets.Receive(_descriptor.Value, into), Length(into));

    /// <summary>As <see cref="TryReceive(ReadOnlySpan{IoVector})"/> into any memory.</summary>
    public IoResult TryReceive(Span<byte> into) =>
        BeforeReceive() is { } known ? known : AfterReceive(TcpSockets.Receive(_descriptor.Value, into), into.Length);

    public override IoResult TrySend(ReadOnlySpan<IoVector> from) =>
        BeforeSend() is { } known ? known : AfterSend(TcpSockets.Send(_descriptor.Value, from), Length(from));

    /// <summary>As <see cref="TrySend(ReadOnlySpan{IoVector})"/> from any memory.</summary>
    public IoResult TrySend(ReadOnlySpan<byte> from) =>
        BeforeSend() is { } known ? known : AfterSend(TcpSockets.Send(_descriptor.Value, from), from.Length);

    public override ValueTask WaitReadableAsync() => _ready.WaitReadable(this);

    public override void EndReadWait() => _ready.EndReadWait();

    public override ValueTask WaitWritableAsync() => _ready.WaitWritable(this);

    public override void FinishSending()
    {
        if ((_state & (State.Finished | State.Closed)) != 0)
            return;
        _state |= State.Finished;
        _ = TcpSockets.FinishSending(_descriptor.Value); // fails only on a connection that is gone already
    }

    public override void Abort()
    {
        if ((_state & State.Closed) != 0)
            return;
        TcpSockets.ResetOnClose(_descriptor.Value);
        var wasBroken = IsBroken;
        Close();
        if (!wasBroken)
            NotifyBroken();
    }

    /// <summary>Closes. The kernel still delivers what was sent; if bytes are left unread it resets the connection instead (RFC 1122 §4.2.2.13).</summary>
    public override void Dispose()
    {
        if ((_state & State.Closed) == 0)
            Close();
    }

    /// <summary>Takes the connection off the loop, open and with whatever is unread. This object is then closed.</summary>
    public Descriptor Detach()
    {
        ObjectDisposedException.ThrowIf((_state & State.Closed) != 0, this);
        _loop.Unwatch(_registration, _descriptor);
        var detached = new Descriptor(_descriptor.Release());
        Release();
        return detached;
    }

    void IReadyHandler.Ready(EpollFlags events)
    {
        _ready.Note(events);
        if ((events & (EpollFlags.PeerFinished | EpollFlags.Error)) == EpollFlags.PeerFinished)
            _state |= State.PeerFinished;
        var breaks = (events & EpollFlags.Error) != 0 && !IsBroken;
        if (breaks)
            _state |= State.Broken;

        // The reader goes first: what arrived before a reset is passed on before the reset is.
        _ready.TakeReader()?.Run();
        if (breaks)
            NotifyBroken();
        _ready.TakeWriter()?.Run();
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _ready.Status(token);

    void IValueTaskSource.GetResult(short token) => _ready.Collect(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _ready.OnCompleted(continuation, state, token, _loop);

    private static LoopSocket Attach(EventLoop loop, Descriptor fd, bool connected)
    {
        Debug.Assert(loop.IsCurrent, "Sockets are attached on their loop.");
        try
        {
            return new(loop, fd, connected);
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    private IoResult? BeforeReceive()
    {
        if ((_state & State.Closed) != 0)
            return new IoResult(IoStatus.Broken, Errno: _error);
        return _ready.CanReceive ? null : IoResult.WouldBlock;
    }

    private IoResult AfterReceive(CallResult result, int room)
    {
        if (result.Value > 0)
        {
            // Less than asked for: the queue is empty, and whatever comes is a new edge. Unless the end is known to be
            // queued behind, whose edge is used up.
            if (result.Value < room && (_state & (State.PeerFinished | State.Broken)) == 0)
                _ready.CanReceive = false;
            return IoResult.Done(result.Value);
        }

        if (result.Value == 0)
            return HasFinished() ? IoResult.End : Failed();
        if (!result.WouldBlock)
            return Break(result.Errno);
        _ready.CanReceive = false;
        return IoResult.WouldBlock;
    }

    // The kernel reports an error once, to whichever call comes first. If sending used it up, reading says 0, which looks
    // like FIN. It was one if FIN came before the error; the kernel then says EPIPE instead of ECONNRESET.
    private bool HasFinished() => _error is 0 or Errno.BrokenPipe || (_state & State.PeerFinished) != 0;

    private IoResult? BeforeSend()
    {
        if ((_state & (State.Broken | State.Closed)) != 0)
            return Failed();
        return _ready.CanSend ? null : IoResult.WouldBlock;
    }

    private IoResult AfterSend(CallResult result, int offered)
    {
        if (result.Succeeded)
        {
            if (result.Value < offered)
                _ready.CanSend = false;
            return IoResult.Done(result.Value);
        }

        if (!result.WouldBlock)
            return Break(result.Errno);
        _ready.CanSend = false;
        return IoResult.WouldBlock;
    }

    // What failed one direction has ended the connection: the other's waiter learns it now.
    private IoResult Break(int errno)
    {
        _error = errno;
        if (!IsBroken)
        {
            _state |= State.Broken;
            _ready.Release(_loop);
            NotifyBroken();
        }

        return Failed();
    }

    private IoResult Failed() =>
        new(_error is Errno.ConnectionReset or Errno.BrokenPipe ? IoStatus.Reset : IoStatus.Broken, Errno: _error);

    private void Close()
    {
        _loop.Unwatch(_registration);
        _descriptor.Dispose();
        Release();
    }

    private void Release()
    {
        _state |= State.Broken | State.Closed;
        _ready.Release(_loop);
    }

    private IPEndPoint? EndPointOf(Func<Descriptor, SocketName> read)
    {
        if ((_state & State.Closed) != 0)
            return null;
        var name = read(_descriptor);
        return name.IsKnown ? name.ToEndPoint() : null;
    }

    private static int Length(ReadOnlySpan<IoVector> vectors)
    {
        var length = 0;
        foreach (ref readonly var vector in vectors)
            length += vector.Length;
        return length;
    }
}
