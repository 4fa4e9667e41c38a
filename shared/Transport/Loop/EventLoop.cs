using Ambient.Linux;

namespace Ambient.Transport;

/// <summary>One thread with one epoll instance. What is attached to a loop is touched by its thread only, so it needs no locks.</summary>
/// <remarks>
/// A turn: events of descriptors, due timers, work deferred or posted before, some bulk work, then work at the turn's end. Awaiting a
/// task on the loop continues on the loop. An exception that escapes from a handler is reported and ends that handler only.
/// </remarks>
public sealed partial class EventLoop : IDisposable
{
    private const int EventsPerTurn = 256;
    private const ulong WakeTag = ulong.MaxValue;
    private const EpollFlags AllEvents =
        EpollFlags.Readable | EpollFlags.Writable | EpollFlags.PeerFinished | EpollFlags.EdgeTriggered;

    [ThreadStatic] private static EventLoop? _current;

    private readonly Epoll _epoll = new();
    private readonly EpollEvents _events = new(EventsPerTurn);
    private readonly EventFd _wake = new();
    private readonly Registrations _registrations = new();
    private readonly PostedWork _posted = new();
    private readonly WorkQueue _deferred = new();
    private readonly Queue<ITurnEnd> _turnEnds = new();
    private readonly Alarm _alarm;
    private readonly Thread _thread;
    private bool _isStopping;
    private bool _freesItself; // disposed on its own thread, which still needs everything until it ends

    /// <param name="name">Of the thread, as tools show it (the kernel keeps 15 characters).</param>
    /// <param name="time">The clock of timers and deadlines.</param>
    /// <exception cref="LinuxException">Out of descriptors.</exception>
    public EventLoop(string name, TimeProvider time)
    {
        Name = name;
        Time = time;
        Timers = new(time);
        Slabs = new(this);
        _alarm = new(time, _wake);
        _thread = new(Run) { Name = name, IsBackground = true };
        _epoll.Add(_wake.Descriptor, EpollFlags.Readable | EpollFlags.EdgeTriggered, WakeTag);
    }

    /// <summary>The loop whose thread is running; null on every other thread.</summary>
    public static EventLoop? Current => _current;

    public string Name { get; }

    public bool IsCurrent => _current == this;

    public TimeProvider Time { get; }

    /// <summary>Buffers for the loop's own use.</summary>
    public SlabPool Slabs { get; }

    /// <summary>Gets exceptions that escaped from handlers, on the loop. Set before <see cref="Start"/>; without it they are dropped.</summary>
    public Action<Exception>? UnhandledException { get; set; }

    /// <summary>Gets the errno (EMFILE, ENFILE, ENOBUFS, ENOMEM) each time that a listening socket of the loop pauses, on the loop. Set before <see cref="Start"/>.</summary>
    public Action<int>? AcceptPaused { get; set; }

    /// <summary>Descriptors that are attached now. For tests and metrics; exact on the loop.</summary>
    public int Attached => _registrations.Count;

    internal TimerHeap Timers { get; }

    public void Start() => _thread.Start();

    /// <summary>Ends the thread once all work that was posted is done. Returns at once; <see cref="Dispose"/> waits.</summary>
    public void Stop() => Post(static loop => loop._isStopping = true, this);

    /// <summary>Stops, waits for the thread (unless called on it) and frees the loop. What is still attached is not closed.</summary>
    public void Dispose()
    {
        Stop();
        if (_thread.ThreadState.HasFlag(ThreadState.Unstarted))
            _posted.TryClose();
        else if (IsCurrent)
        {
            _freesItself = true;
            return;
        }
        else
            _thread.Join();
        Free();
    }

    /// <summary>Watches a descriptor, edge-triggered, for reading, writing and the peer's end. On the loop only.</summary>
    /// <returns>To be given to <see cref="Unwatch(Registration)"/> when the descriptor is closed, or before.</returns>
    /// <exception cref="LinuxException">It cannot be watched.</exception>
    public Registration Watch(Descriptor descriptor, IReadyHandler handler) => Watch(descriptor, AllEvents, handler);

    /// <inheritdoc cref="Watch(Descriptor, IReadyHandler)"/>
    public Registration Watch(Descriptor descriptor, EpollFlags events, IReadyHandler handler)
    {
        var registration = _registrations.Add(handler);
        try
        {
            _epoll.Add(descriptor.Value, events, registration.Tag);
            return registration;
        }
        catch
        {
            _registrations.Remove(registration);
            throw;
        }
    }

    /// <summary>From now on no event reaches the handler, also none that the kernel has reported already. Idempotent.</summary>
    public void Unwatch(Registration registration) => _registrations.Remove(registration);

    /// <summary>As <see cref="Unwatch(Registration)"/>, for a descriptor that stays open.</summary>
    public void Unwatch(Registration registration, Descriptor descriptor)
    {
        _epoll.Remove(descriptor.Value);
        _registrations.Remove(registration);
    }

    private void Run()
    {
        _current = this;
        SynchronizationContext.SetSynchronizationContext(new LoopContext(this));
        while (!_isStopping || !_posted.TryClose())
            Turn();
        Slabs.Dispose();
        _current = null;
        if (_freesItself)
            Free();
    }

    private void Turn()
    {
        var ready = _epoll.Wait(_events, SleepMilliseconds());
        _bulkBytes = 0;
        for (var i = 0; i < ready; i++)
            Dispatch(_events.Tag(i), _events.Flags(i));
        FireTimers();
        RunDeferred();
        RunPosted();
        RunBulk();
        EndTurn();
    }

    private int SleepMilliseconds()
    {
        if (_deferred.Count > 0 || _bulk.Count > 0 || _isStopping || !_posted.IsEmpty)
            return 0;
        return _alarm.Set(Timers);
    }

    private void Dispatch(ulong tag, EpollFlags events)
    {
        if (tag == WakeTag)
            return; // edge-triggered: the counter needs no reading, each write is an edge
        try
        {
            _registrations.Find(tag)?.Ready(events);
        }
        catch (Exception e)
        {
            Report(e);
        }
    }

    private void FireTimers()
    {
        if (Timers.Count == 0)
            return;
        var now = Timers.Now;
        while (Timers.TakeDue(now) is { } timer)
        {
            try
            {
                timer.Fire();
            }
            catch (Exception e)
            {
                Report(e);
            }
        }
    }

    // What is deferred meanwhile waits for the next turn: events come in between.
    private void RunDeferred()
    {
        for (var left = _deferred.Count; left > 0; left--)
            Invoke(_deferred.Dequeue());
    }

    private void RunPosted()
    {
        if (_posted.IsEmpty)
            return;
        var work = _posted.Take();
        while (work.Count > 0)
            Invoke(work.Dequeue());
    }

    private void EndTurn()
    {
        while (_turnEnds.TryDequeue(out var work))
        {
            try
            {
                work.TurnEnded();
            }
            catch (Exception e)
            {
                Report(e);
            }
        }
    }

    private void Invoke(in WorkItem item)
    {
        try
        {
            item.Run();
        }
        catch (Exception e)
        {
            Report(e);
        }
    }

    private void Report(Exception e)
    {
        try
        {
            UnhandledException?.Invoke(e);
        }
        catch (Exception)
        {
            // The reporter itself failed; there is nobody left to tell, and the loop carries other connections.
        }
    }

    private void Free()
    {
        _alarm.Dispose();
        _epoll.Dispose();
        _events.Dispose();
        _wake.Dispose();
    }
}
