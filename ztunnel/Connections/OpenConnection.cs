using Ambient.Model.Connections;
using Ambient.Transport;

namespace Ambient.Ztunnel.Connections;

/// <summary>Ends a connection from outside, as policy or a revoked certificate asks. On its worker.</summary>
internal interface IConnectionOwner
{
    /// <summary>Ends the connection soon, in whatever state it is, and closes it in the ledger with this reason. Idempotent.</summary>
    void End(ReasonCode reason, string detail);
}

/// <summary>A connection that is carried now: what it is, what it has moved, and its place in its worker's list.</summary>
/// <remarks>On its worker only. One object of about 200 bytes for each connection, so what is not per connection is referred to.</remarks>
internal sealed class OpenConnection
{
    private readonly ConnectionFacts _facts;
    private long _countedReceived, _countedSent;

    internal OpenConnection(in ConnectionFacts facts, ByteCounters bytes, IConnectionOwner owner, TrafficSeries series, long started) =>
        (_facts, Bytes, Owner, Series, Started) = (facts, bytes, owner, series, started);

    public ref readonly ConnectionFacts Facts => ref _facts;

    public ByteCounters Bytes { get; }

    public IConnectionOwner Owner { get; }

    /// <summary>Timestamp of the loop's clock.</summary>
    public long Started { get; }

    public bool IsClosed { get; internal set; }

    internal TrafficSeries Series { get; }

    internal OpenConnection? Previous { get; set; }

    internal OpenConnection? Next { get; set; }

    /// <summary>Adds what has moved since the last time to the series.</summary>
    internal void CountBytes()
    {
        // Both are named from the client's side: what downstream sends is what the metrics call received.
        var (received, sent) = (Bytes.Sent.Value, Bytes.Received.Value);
        Series.CountBytes(received - _countedReceived, sent - _countedSent);
        (_countedReceived, _countedSent) = (received, sent);
    }
}
