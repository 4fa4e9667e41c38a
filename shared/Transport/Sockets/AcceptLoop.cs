using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Transport;

/// <summary>Takes a new connection: owns the descriptor from the moment it is called. Runs on the loop.</summary>
public delegate void AcceptHandler(Descriptor connection, SocketName peer);

/// <summary>Accepts the connections of one listening socket on one loop. Other loops may accept from duplicates of the same socket.</summary>
/// <remarks>On the loop only. What a single connection does wrong never ends it; running out of descriptors makes it pause, which <see cref="EventLoop.AcceptPaused"/> is told.</remarks>
public sealed class AcceptLoop : IReadyHandler, IDisposable
{
    private const int MaxPerTurn = 8, MostWaiting = 4096;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly EventLoop _loop;
    private readonly Descriptor _listener;
    private readonly AcceptHandler _accepted;
    private readonly Registration _registration;
    private readonly LoopTimer _resume;
    private bool _isStopped, _goesOn;

    private AcceptLoop(EventLoop loop, Descriptor listener, AcceptHandler accepted)
    {
        _loop = loop;
        _listener = listener;
        _accepted = accepted;
        _resume = new(loop, static accepting => ((AcceptLoop)accepting!).AcceptReady(), this);
        // Exclusive: one arrival wakes one of the loops that share the socket, not all.
        _registration = loop.Watch(listener, EpollFlags.Readable | EpollFlags.EdgeTriggered | EpollFlags.Exclusive, this);
    }

    /// <summary>Starts accepting. On the loop only.</summary>
    /// <param name="listener">Listening and non-blocking; taken over, also if this throws.</param>
    /// <exception cref="LinuxException">It cannot be watched.</exception>
    public static AcceptLoop Start(EventLoop loop, Descriptor listener, AcceptHandler accepted)
    {
        try
        {
            return new(loop, listener, accepted);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>Where it listens; useful after binding to port 0.</summary>
    public SocketName LocalName => TcpSockets.LocalName(_listener);

    /// <summary>Takes the connections that wait, which closing would reset though they are made, and closes the socket. Idempotent.</summary>
    public void Dispose()
    {
        if (_isStopped)
            return;
        _isStopped = true;
        try
        {
            TakeWaiting();
        }
        finally
        {
            _resume.Cancel();
            _loop.Unwatch(_registration);
            _listener.Dispose();
        }
    }

    void IReadyHandler.Ready(EpollFlags events) => AcceptReady();

    // Whatever is left waiting causes no further edge. So the rest is taken up again, also after a handler has thrown; once in
    // a turn, however many edges others cause meanwhile, or whoever keeps coming would take ever more of each turn from the rest.
    private void AcceptReady()
    {
        if (_goesOn)
            return;
        var isDrained = false;
        try
        {
            for (var i = 0; i < MaxPerTurn && !isDrained; i++)
                isDrained = _isStopped || !TryAcceptOne();
        }
        finally
        {
            _goesOn = !isDrained;
            if (_goesOn)
                _loop.Defer(WorkItem.Of(static accepting => ((AcceptLoop)accepting!).GoOn(), this));
        }
    }

    private void GoOn()
    {
        _goesOn = false;
        AcceptReady();
    }

    // Whoever keeps coming meanwhile is not waited for.
    private void TakeWaiting()
    {
        for (var i = 0; i < MostWaiting && TryAcceptOne(); i++) { }
    }

    /// <returns>False if there is none now.</returns>
    private bool TryAcceptOne()
    {
        var result = TcpSockets.Accept(_listener.Value, out var peer);
        if (result.Succeeded)
        {
            _accepted(new Descriptor(result.Value), peer);
            return true;
        }

        if (result.WouldBlock)
            return false;
        if (result.Errno is Errno.FilesExhausted or Errno.SystemFilesExhausted or Errno.NoBuffers or Errno.OutOfMemory)
        {
            PauseFor(result.Errno);
            return false;
        }

        return true; // what accept(2) passes on is an error of that one connection
    }

    // The waiting connections cause no further edge, so only time resumes.
    private void PauseFor(int errno)
    {
        _resume.Start(Pause);
        _loop.AcceptPaused?.Invoke(errno);
    }
}
