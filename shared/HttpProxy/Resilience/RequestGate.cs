using System.Runtime.CompilerServices;
using Ambient.Model.Traffic;
using Ambient.Transport;

namespace Ambient.HttpProxy.Resilience;

/// <summary>Lets as many requests to a cluster as its limits allow; some more may wait. Thread-safe; requests wait on their own loops.</summary>
public sealed class RequestGate(ConnectionLimits limits)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<GateTicket> _waiting = [];
    private int _active;

    /// <summary>Nothing is limited: there is nothing to ask.</summary>
    internal bool IsOpen => limits is { MaxConnections: 0, MaxRequests: 0 };

    /// <summary>Under way now; those that wait are not.</summary>
    public int Active { get { lock (_gate) return _active; } }

    public int Waiting { get { lock (_gate) return _waiting.Count; } }

    /// <param name="oneEach">Each request takes a connection of its own (HTTP/1.1).</param>
    /// <param name="ticket">Kept by the request until <see cref="Leave"/>; waits if it was told to.</param>
    /// <returns>False if there is no room, not even to wait.</returns>
    internal bool TryEnter(GateTicket ticket, bool oneEach)
    {
        lock (_gate)
        {
            if (limits.MaxRequests > 0 && _active + _waiting.Count >= limits.MaxRequests) return false;
            if (!oneEach || limits.MaxConnections == 0 || _active < limits.MaxConnections)
            {
                _active++;
                ticket.State = GateState.Inside;
                return true;
            }

            if (limits.MaxPendingRequests > 0 && _waiting.Count >= limits.MaxPendingRequests) return false;
            ticket.State = GateState.Waiting;
            _waiting.AddLast(ticket.Place);
            return true;
        }
    }

    /// <summary>Of a request that is inside, or waits.</summary>
    internal void Leave(GateTicket ticket)
    {
        GateTicket? next = null;
        lock (_gate)
        {
            if (ticket.State == GateState.Waiting) _waiting.Remove(ticket.Place);
            else if (ticket.State == GateState.Inside) next = GiveOn();
            ticket.State = GateState.Outside;
        }

        next?.Wake();
    }

    /// <summary>For a connection that is not HTTP: one that finds no room does not wait.</summary>
    /// <returns>False if there is no room; else <see cref="LeaveConnection"/> when it is over.</returns>
    public bool TryEnterConnection()
    {
        lock (_gate)
        {
            if (limits.MaxConnections > 0 && _active >= limits.MaxConnections) return false;
            _active++;
            return true;
        }
    }

    public void LeaveConnection()
    {
        GateTicket? next;
        lock (_gate) next = GiveOn();
        next?.Wake();
    }

    /// <summary>A place has become free; under the lock.</summary>
    /// <returns>Whose it is now, to be woken; null if nobody waits.</returns>
    private GateTicket? GiveOn()
    {
        if (_waiting.First?.Value is not { } next)
        {
            _active--;
            return null;
        }

        _waiting.RemoveFirst();
        next.State = GateState.Inside;
        return next;
    }
}

internal enum GateState : byte { Outside, Waiting, Inside }

/// <summary>A request's place before or behind a gate. Reusable; one request at a time.</summary>
internal sealed class GateTicket
{
    private readonly EventLoop _loop;
    private readonly LoopSignal _signal;
    private bool _hasGivenUp;

    public GateTicket(EventLoop loop)
    {
        (_loop, _signal) = (loop, new(loop));
        Place = new(this);
    }

    public LinkedListNode<GateTicket> Place { get; }

    public GateState State { get; set; }

    /// <summary>Completes once it is inside, or with <see cref="GiveUp"/>. On the loop, right after it was told to wait.</summary>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder))]
    public async ValueTask WaitAsync()
    {
        _hasGivenUp = false;
        while (State == GateState.Waiting && !_hasGivenUp) await _signal.WaitAsync(); // what wakes it may have been meant for a wait before this one
    }

    /// <summary>Ends the wait; it is still to leave the gate. On the loop.</summary>
    public void GiveUp()
    {
        _hasGivenUp = true;
        _signal.Set();
    }

    public void Wake() => _loop.Post(static ticket => ((GateTicket)ticket!)._signal.Set(), this);
}
