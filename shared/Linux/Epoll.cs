namespace Ambient.Linux;

/// <summary>What epoll reports of a descriptor, and how it is to be watched (&lt;sys/epoll.h&gt;).</summary>
[Flags]
public enum EpollFlags : uint
{
    None = 0,
    Readable = 0x001,
    Writable = 0x004,
    Error = 0x008,
    HangUp = 0x010,
    PeerFinished = 0x2000, // EPOLLRDHUP
    Exclusive = 1u << 28,
    EdgeTriggered = 1u << 31,
}

/// <summary>One epoll instance. Waiting belongs to one thread; watching may happen on any.</summary>
public sealed unsafe class Epoll : IDisposable
{
    private readonly Descriptor _epoll;

    /// <exception cref="LinuxException">Out of descriptors.</exception>
    public Epoll() => _epoll = new(CallResult.Of(Libc.epoll_create1(Libc.EPOLL_CLOEXEC)).OrThrow("epoll_create1"));

    /// <summary>Starts watching; the tag comes back with every event.</summary>
    /// <exception cref="LinuxException">For example EEXIST: it is watched already, or the descriptor cannot be watched.</exception>
    public void Add(int descriptor, EpollFlags events, ulong tag) => Control(Libc.EPOLL_CTL_ADD, descriptor, events, tag);

    public void Modify(int descriptor, EpollFlags events, ulong tag) => Control(Libc.EPOLL_CTL_MOD, descriptor, events, tag);

    /// <summary>Stops watching. Closing the last descriptor of a file does that too.</summary>
    public void Remove(int descriptor) => Control(Libc.EPOLL_CTL_DEL, descriptor, EpollFlags.None, 0);

    /// <summary>Waits until something is ready.</summary>
    /// <param name="events">Filled from the start.</param>
    /// <param name="timeoutMilliseconds">-1 waits forever, 0 only looks.</param>
    /// <returns>How many events there are; 0 on a timeout or when a signal came.</returns>
    public int Wait(EpollEvents events, int timeoutMilliseconds)
    {
        var result = CallResult.Of(Libc.epoll_wait(_epoll.Value, events.Start, events.Capacity, timeoutMilliseconds));
        if (result.Succeeded)
            return result.Value;
        return result.Errno == Errno.Interrupted ? 0 : result.OrThrow("epoll_wait");
    }

    public void Dispose() => _epoll.Dispose();

    private void Control(int operation, int descriptor, EpollFlags events, ulong tag)
    {
        var buffer = stackalloc byte[EpollEvents.Stride];
        *(uint*)buffer = (uint)events;
        *(ulong*)(buffer + EpollEvents.TagOffset) = tag;
        CallResult.Of(Libc.epoll_ctl(_epoll.Value, operation, descriptor, buffer)).OrThrow("epoll_ctl");
    }
}
