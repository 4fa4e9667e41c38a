using Ambient.HttpProxy.Exchanges;
using Ambient.Transport;

namespace Ambient.HttpProxy.Resilience;

/// <summary>The exchanges of one worker that wait for their clients: to take more of an answer, or to send more of a request.</summary>
/// <remarks>
/// Each holds a connection to a server, or what came of its answer, for as long as its client likes. Where descriptors or memory run short, the one that has
/// waited longest is ended, rather than those refused who come next. On the loop only.
/// </remarks>
internal sealed class ClientWaits
{
    // A client that makes progress is waited for by the round trip; one that is silent for as long makes none.
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly int MostHeld = SlabPool.BytesOf(SlabSize.Large); // about what comes of one answer before its server is held back

    private readonly LinkedList<ClientWait> _answers = [], _requests = []; // who has waited longest first
    private readonly EventLoop _loop;
    private readonly long _mostBytes;
    private readonly LoopTimer _watch;

    /// <param name="mostBytes">That the worker holds; looked at ten times a second while answers wait.</param>
    public ClientWaits(EventLoop loop, long mostBytes)
    {
        (_loop, _mostBytes) = (loop, mostBytes);
        _watch = new(loop, static waits => ((ClientWaits)waits!).Watch(), this);
    }

    /// <summary>Bytes kept of answers beside the slabs of the worker.</summary>
    public long KeptBytes { get; set; }

    public int Count => _answers.Count + _requests.Count;

    public void Begin(ClientWait wait)
    {
        wait.Since = _loop.Time.GetTimestamp();
        ListOf(wait).AddLast(wait.Place);
        if (wait.IsForAnswer && !_watch.IsRunning) _watch.Start(Interval);
    }

    public void End(ClientWait wait)
    {
        if (wait.Place.List is not null) ListOf(wait).Remove(wait.Place);
    }

    /// <summary>Ends one that holds a descriptor, and closes that at once.</summary>
    /// <returns>False if there is none, or none that has waited for long.</returns>
    public bool TryFreeDescriptor() => TryEndOne(_answers, HoldsDescriptor) || TryEndOne(_requests, HoldsDescriptor);

    private static bool HoldsDescriptor(ClientWait wait) => wait.Exchange.HoldsDescriptor;

    // What they hold is given back after this: too few are ended at once rather than too many.
    private void Watch()
    {
        for (var excess = _loop.Slabs.RentedBytes + KeptBytes - _mostBytes; excess > 0 && TryEndOne(_answers, static _ => true); excess -= MostHeld) { }
        if (_answers.Count > 0) _watch.Start(Interval);
    }

    private LinkedList<ClientWait> ListOf(ClientWait wait) => wait.IsForAnswer ? _answers : _requests;

    private bool TryEndOne(LinkedList<ClientWait> waits, Func<ClientWait, bool> isWorthIt)
    {
        for (var place = waits.First; place is not null && _loop.Time.GetElapsedTime(place.Value.Since) >= Least; place = place.Next)
        {
            if (!isWorthIt(place.Value)) continue;
            waits.Remove(place);
            place.Value.Exchange.Shed();
            return true;
        }

        return false;
    }
}

/// <summary>An exchange's wait for its client, in one direction. Reusable; on the loop only.</summary>
internal sealed class ClientWait
{
    private readonly ClientWaits _waits;

    /// <param name="isForAnswer">The client is to take more of the answer; else to send more of its request.</param>
    public ClientWait(ClientWaits waits, Exchange exchange, bool isForAnswer) => (_waits, Exchange, IsForAnswer, Place) = (waits, exchange, isForAnswer, new(this));

    public Exchange Exchange { get; }

    public bool IsForAnswer { get; }

    public LinkedListNode<ClientWait> Place { get; }

    public long Since { get; set; }

    public void Begin() => _waits.Begin(this);

    /// <summary>Idempotent.</summary>
    public void End() => _waits.End(this);
}
