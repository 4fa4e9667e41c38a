namespace Ambient.Transport;

/// <summary>Told by a relay, on its loop.</summary>
public interface IRelayOwner
{
    /// <summary>Both directions have ended, and that was passed on. Called once; from within <see cref="Relay.Start"/> if nothing had to be waited for.</summary>
    void RelayEnded(RelayOutcome outcome);

    /// <summary>A defect: a stream threw. Called instead of <see cref="RelayEnded"/>; both streams were aborted.</summary>
    void RelayFailed(Exception defect);
}

/// <summary>Joins two streams so that neither peer can tell that it does not talk to the other: bytes, FIN and RST pass as they are.</summary>
/// <remarks>
/// Both streams belong to the loop that starts the relay, and remain the owner's to dispose. Idle, it is three small objects and
/// no stack frame: nothing is kept for a connection but what carrying it takes.
/// </remarks>
public sealed class Relay
{
    private readonly Duplex _downstream, _upstream;
    private readonly ByteCounters _counters;
    private readonly IRelayOwner _owner;
    private RelayEnd? _sent, _received;
    private bool _isOver;

    private Relay(Duplex downstream, Duplex upstream, ByteCounters counters, IRelayOwner owner) =>
        (_downstream, _upstream, _counters, _owner) = (downstream, upstream, counters, owner);

    /// <summary>
    /// Carries both directions until both have ended. A reset of either stream, seen at any time, resets the other. Allocates
    /// nothing per chunk, and lets others go first after a megabyte.
    /// </summary>
    /// <param name="downstream">Who opened the connection.</param>
    /// <param name="upstream">Where it goes.</param>
    /// <param name="counters">Count bytes as the sinks accept them.</param>
    public static void Start(Duplex downstream, Duplex upstream, ByteCounters counters, IRelayOwner owner)
    {
        var relay = new Relay(downstream, upstream, counters, owner);
        var sender = new Pump(relay, downstream, upstream);
        var receiver = new Pump(relay, upstream, downstream);
        sender.Run();
        receiver.Run();
    }

    internal void Count(Duplex from, int bytes)
    {
        if (ReferenceEquals(from, _downstream)) _counters.Sent.Add(bytes);
        else _counters.Received.Add(bytes);
    }

    internal void Ended(Duplex from, RelayEnd end)
    {
        if (ReferenceEquals(from, _downstream)) _sent = end;
        else _received = end;
        if (_sent is not { } sent || _received is not { } received || _isOver) return;
        Finish();
        _owner.RelayEnded(new(sent, received));
    }

    internal void Failed(Exception defect)
    {
        if (_isOver) return;
        Finish();
        _downstream.Abort();
        _upstream.Abort();
        _owner.RelayFailed(defect);
    }

    private void Finish()
    {
        _isOver = true;
        _downstream.BreakWatcher = _upstream.BreakWatcher = null;
    }
}
