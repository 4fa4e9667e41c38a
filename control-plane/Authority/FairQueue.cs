using Waiter = Ambient.ControlPlane.Authority.SigningLanes.Waiter;

namespace Ambient.ControlPlane.Authority;

/// <summary>Waiting requests: callers take turns, each caller's requests in their order. Not thread-safe.</summary>
/// <remarks>
/// A caller that comes anew goes before those that have had a turn: who wants a single certificate does not wait for a thousand that want
/// many, also without saying that it is urgent. It counts as new again only after everybody has had a turn, so that nobody who asks
/// for one after the other is preferred for ever. (As fair queueing of packets does it: RFC 8290, section 4.2.)
/// </remarks>
internal sealed class FairQueue
{
    private sealed class Turn(string caller)
    {
        public string Caller { get; } = caller;
        public LinkedList<Waiter> Waiting { get; } = new();
        public LinkedListNode<Turn>? Place { get; set; }
    }

    private readonly Dictionary<string, Turn> _byCaller = new(StringComparer.Ordinal);
    private readonly LinkedList<Turn> _new = new(), _old = new(); // a turn without anybody waiting stays in _old until it comes
    private int _waiting;

    public bool IsEmpty => _waiting == 0;

    public void Add(Waiter waiter)
    {
        if (!_byCaller.TryGetValue(waiter.Caller, out var turn))
        {
            _byCaller[waiter.Caller] = turn = new(waiter.Caller);
            turn.Place = _new.AddLast(turn);
        }
        waiter.Place = turn.Waiting.AddLast(waiter);
        _waiting++;
    }

    /// <summary>The next one; there must be one.</summary>
    public Waiter Take()
    {
        while (true)
        {
            var turn = (_new.First ?? _old.First!).Value;
            turn.Place!.List!.Remove(turn.Place);
            if (turn.Waiting.First is not { } first)
            {
                _byCaller.Remove(turn.Caller); // everybody else has had a turn meanwhile
                continue;
            }
            _old.AddLast(turn.Place); // behind the others, also if nothing of it is left
            turn.Waiting.Remove(first);
            Count();
            return first.Value;
        }
    }

    /// <returns>False if it is not waiting here any more.</returns>
    public bool Remove(Waiter waiter)
    {
        if (waiter.Place?.List is not { } own)
            return false;
        own.Remove(waiter.Place);
        Count();
        return true;
    }

    // With nobody waiting there are no turns: none is kept for callers that do not come back.
    private void Count()
    {
        if (--_waiting > 0) return;
        _byCaller.Clear();
        _new.Clear();
        _old.Clear();
    }
}
