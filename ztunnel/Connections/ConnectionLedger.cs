using System.Net;
using Ambient.Model.Connections;
using Ambient.Transport;

namespace Ambient.Ztunnel.Connections;

/// <summary>What one worker carries now. Opening and closing take no lock; counting is on the worker's own series.</summary>
/// <remarks>On the worker's loop only, except where a member says otherwise.</remarks>
internal sealed class ConnectionLedger(EventLoop loop, TrafficShard series, AccessLog log)
{
    // Each list is linked through the connections themselves; the head is the youngest.
    private OpenConnection? _outbound, _inbound;
    private readonly Departures _departures = new(loop);
    private int _outboundSockets, _inboundSockets, _count;

    public EventLoop Loop { get; } = loop;

    /// <summary>Connections now. Any thread.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Enters a connection whose route is known, counts it as opened and logs that at debug level.</summary>
    /// <param name="bytes">What the relay will count into.</param>
    /// <param name="owner">Told when the connection has to end.</param>
    public OpenConnection Open(in ConnectionFacts facts, ByteCounters bytes, IConnectionOwner owner)
    {
        var own = series.Find(facts, ResponseFlag.None);
        var connection = new OpenConnection(facts, bytes, owner, own, Loop.Time.GetTimestamp());
        own.CountOpened();
        Link(connection, ref Head(facts.Direction));
        log.Opened(facts);
        return connection;
    }

    /// <summary>Takes it out, counts what it moved and how it ended, and writes its line. Further calls do nothing.</summary>
    /// <param name="detail">What went wrong in words, with the system's or peer's own; null if nothing did.</param>
    public void Close(OpenConnection connection, ReasonCode code, string? detail = null)
    {
        if (connection.IsClosed) return;
        connection.IsClosed = true;
        Unlink(connection, ref Head(connection.Facts.Direction));

        var reason = Reason.Of(code);
        connection.CountBytes();
        var closing = reason.IsFailure ? series.Find(connection.Facts, reason.ResponseFlag) : connection.Series;
        closing.CountClosed(reason.IsFailure);
        connection.Series.Leave();
        log.Closed(connection, Loop.Time.GetElapsedTime(connection.Started), reason, detail);
    }

    /// <summary>A connection that was turned away before enough was known of it to count it: one line, no metrics.</summary>
    public void Refuse(IPEndPoint? source, IPEndPoint? destination, Direction direction, ReasonCode code, string? detail = null) =>
        log.Refused(source, destination, direction, Reason.Of(code), detail);

    /// <summary>Asks again about every inbound connection, as after a change of policies or of what they apply to.</summary>
    /// <param name="judge">The reason to end it; None lets it go on.</param>
    /// <returns>How many were ended. Those that only have to go another way are not among them: see <see cref="Departures"/>.</returns>
    public int Rejudge(Func<OpenConnection, ReasonCode> judge)
    {
        var ended = 0;
        for (var (connection, next) = (_inbound, _inbound?.Next); connection is not null; (connection, next) = (next, next?.Next))
        {
            if (connection.IsClosed) continue; // ended with another one
            var reason = judge(connection);
            if (reason == ReasonCode.WaypointRequired) _departures.Add(connection);
            else _departures.Remove(connection);
            if (reason is ReasonCode.None or ReasonCode.WaypointRequired) continue;
            ended++;
            connection.Owner.End(reason, "policy change: an open connection is no longer allowed");
        }

        return ended;
    }

    /// <summary>See <see cref="TrafficShard.Quiet"/>.</summary>
    public List<string?[]> QuietSeries(TimeSpan time) => series.Quiet(Loop.Time.GetTimestamp(), TicksOf(time));

    /// <summary>See <see cref="TrafficShard.Forget"/>.</summary>
    public void ForgetSeries(IEnumerable<string?[]> labels, TimeSpan time) => series.Forget(labels, Loop.Time.GetTimestamp(), TicksOf(time));

    private long TicksOf(TimeSpan time) => (long)(time.TotalSeconds * Loop.Time.TimestampFrequency);

    /// <summary>Of all pods, the youngest first.</summary>
    public IEnumerable<OpenConnection> List(Direction direction)
    {
        for (var connection = Head(direction); connection is not null; connection = connection.Next) yield return connection;
    }

    /// <summary>Brings what open connections have moved into their series: a scrape sees long connections progress.</summary>
    public void CountBytes()
    {
        for (var connection = _outbound; connection is not null; connection = connection.Next) connection.CountBytes();
        for (var connection = _inbound; connection is not null; connection = connection.Next) connection.CountBytes();
    }

    /// <summary>A socket was accepted (a tunnel counts once); <see cref="SocketClosed"/> must follow.</summary>
    public void SocketOpened(Direction direction) => Sockets(direction)++;

    public void SocketClosed(Direction direction) => Sockets(direction)--;

    /// <summary>Any thread.</summary>
    public int SocketsOpen(Direction direction) => Volatile.Read(ref Sockets(direction));

    private ref OpenConnection? Head(Direction direction) => ref direction == Direction.Outbound ? ref _outbound : ref _inbound;

    private ref int Sockets(Direction direction) => ref direction == Direction.Outbound ? ref _outboundSockets : ref _inboundSockets;

    private void Link(OpenConnection connection, ref OpenConnection? head)
    {
        connection.Next = head;
        if (head is not null) head.Previous = connection;
        head = connection;
        Volatile.Write(ref _count, _count + 1);
    }

    private void Unlink(OpenConnection connection, ref OpenConnection? head)
    {
        if (connection.Previous is { } previous) previous.Next = connection.Next;
        else head = connection.Next;
        if (connection.Next is { } next) next.Previous = connection.Previous;

        // Next stays: whoever walks the list right now goes on from here.
        connection.Previous = null;
        Volatile.Write(ref _count, _count - 1);
    }
}
