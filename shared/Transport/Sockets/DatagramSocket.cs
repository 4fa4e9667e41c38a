using System.Threading.Tasks.Sources;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Transport;

/// <summary>A UDP socket on an event loop; on the loop only.</summary>
public sealed class DatagramSocket : IReadyHandler, IValueTaskSource, IDisposable
{
    private readonly EventLoop _loop;
    private readonly Descriptor _descriptor;
    private readonly Registration _registration;
    private Readiness _ready;
    private bool _isClosed;

    private DatagramSocket(EventLoop loop, Descriptor descriptor)
    {
        _loop = loop;
        _descriptor = descriptor;
        _ready.CanReceive = _ready.CanSend = true;
        _registration = loop.Watch(descriptor, this);
    }

    /// <param name="fd">A non-blocking UDP socket, taken over, also if this throws.</param>
    /// <exception cref="LinuxException">It cannot be watched.</exception>
    public static DatagramSocket Attach(EventLoop loop, Descriptor fd)
    {
        try
        {
            return new(loop, fd);
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    public SocketName LocalName => UdpSockets.LocalName(_descriptor);

    /// <summary>Receives one datagram.</summary>
    /// <param name="isTruncated">It was longer than <paramref name="into"/>; the rest is lost.</param>
    /// <returns>
    /// Done, with 0 bytes for an empty datagram. Broken with ECONNREFUSED says that a datagram sent earlier on a connected
    /// socket was refused; the socket goes on working. Broken without errno: it is closed.
    /// </returns>
    public IoResult TryReceive(Span<byte> into, out SocketName from, out bool isTruncated)
    {
        from = default;
        isTruncated = false;
        if (_isClosed)
            return new(IoStatus.Broken);
        if (!_ready.CanReceive)
            return IoResult.WouldBlock;

        var result = UdpSockets.Receive(_descriptor.Value, into, out from);
        isTruncated = result.Value > into.Length;
        if (result.Succeeded)
            return IoResult.Done(Math.Min(result.Value, into.Length));
        if (!result.WouldBlock)
            return new(IoStatus.Broken, Errno: result.Errno);
        _ready.CanReceive = false;
        return IoResult.WouldBlock;
    }

    /// <summary>Sends one datagram, whole or not at all.</summary>
    /// <param name="to">As received, or from <see cref="SocketName.For"/>; the default means the connected peer.</param>
    /// <returns>Broken with an errno concerns this datagram (EMSGSIZE, ENETUNREACH); the socket goes on working.</returns>
    public IoResult TrySend(ReadOnlySpan<byte> datagram, SocketName to)
    {
        if (_isClosed)
            return new(IoStatus.Broken);
        if (!_ready.CanSend)
            return IoResult.WouldBlock;

        var result = UdpSockets.Send(_descriptor.Value, datagram, to);
        if (result.Succeeded)
            return IoResult.Done(result.Value);
        if (!result.WouldBlock)
            return new(IoStatus.Broken, Errno: result.Errno);
        _ready.CanSend = false;
        return IoResult.WouldBlock;
    }

    /// <summary>Completes when there is a datagram, an error, or the socket was closed. One waiter at a time.</summary>
    public ValueTask WaitReadableAsync() => _ready.WaitReadable(this);

    /// <summary>Completes when a datagram can be sent, or the socket was closed. One waiter at a time.</summary>
    public ValueTask WaitWritableAsync() => _ready.WaitWritable(this);

    public void Dispose()
    {
        if (_isClosed)
            return;
        _isClosed = true;
        _loop.Unwatch(_registration);
        _descriptor.Dispose();
        _ready.Release(_loop);
    }

    void IReadyHandler.Ready(EpollFlags events)
    {
        _ready.Note(events);
        _ready.TakeReader()?.Run();
        _ready.TakeWriter()?.Run();
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _ready.Status(token);

    void IValueTaskSource.GetResult(short token) => _ready.Collect(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _ready.OnCompleted(continuation, state, token, _loop);
}
