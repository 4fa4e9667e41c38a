using Waiter = Ambient.ControlPlane.Authority.SigningLanes.Waiter;

namespace Ambient.ControlPlane.Authority;

/// <summary>Waiting requests: callers take turns, each caller's requests in their order. Not thread-safe.</summary>
internal sealed class FairQueue
{
    private readonly Dictionary<string, LinkedList<Waiter>> _byCaller = new(StringComparer.Ordinal);
    private readonly LinkedList<string> _turns = new();
    private readonly Dictionary<string, LinkedListNode<string>> _turnOf = new(StringComparer.Ordinal);

    public bool IsEmpty => _turns.Count == 0;

    public void Add(Waiter waiter)
    {
        if (!_byCaller.TryGetValue(waiter.Caller, out var own))
        {
            _byCaller[waiter.Caller] = own = new();
            _turnOf[waiter.Caller] = _turns.AddLast(waiter.Caller);
        }
        waiter.Place = own.AddLast(waiter);
    }

    /// <summary>The next one; there must be one.</summary>
    public Waiter Take()
    {
        var turn = _turns.First!;
        var waiter = _byCaller[turn.Value].First!.Value;
        Remove(waiter);
        if (turn.List is not null) // has more: behind the others
        {
            _turns.Remove(turn);
            _turns.AddLast(turn);
        }
        return waiter;
    }

    /// <returns>False if it is not waiting here any more.</returns>
    public bool Remove(Waiter waiter)
    {
        if (waiter.Place?.List is not { } own)
            return false;
        own.Remove(waiter.Place);
        if (own.Count == 0)
        {
            _byCaller.Remove(waiter.Caller);
            _turns.Remove(_turnOf[waiter.Caller]);
            _turnOf.Remove(waiter.Caller);
        }
        return true;
    }
}
