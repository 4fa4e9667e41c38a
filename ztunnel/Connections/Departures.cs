using System.Runtime.InteropServices;
using Ambient.Model.Connections;
using Ambient.Transport;

namespace Ambient.Ztunnel.Connections;

/// <summary>
/// Connections from before their destination had a waypoint. They were allowed when they began and are ended so that the next one goes through
/// it: at a moment when nothing is under way, as far as bytes tell, or after ten seconds.
/// </summary>
/// <remarks>On the worker's loop. Costs nothing while there are none.</remarks>
internal sealed class Departures
{
    internal static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(2), LongestPause = TimeSpan.FromMilliseconds(50);
    // Rest is the tenth part of the time that is left: a second at first, the gap between two requests of a busy client in the end.
    private const int RestShare = 10;

    private readonly Dictionary<OpenConnection, Departure> _leaving = [];
    private readonly EventLoop _loop;
    private readonly LoopTimer _look;

    private struct Departure
    {
        public long Since, MovedAt, Sent, Received;

        /// <summary>The server spoke last: what the client asked for may have been answered.</summary>
        public bool IsAnswered;
    }

    public Departures(EventLoop loop) => (_loop, _look) = (loop, new(loop, static departures => ((Departures)departures!).Look(), this));

    public void Add(OpenConnection connection)
    {
        var now = _loop.Time.GetTimestamp();
        _leaving.TryAdd(connection, new() { Since = now, MovedAt = now, Sent = connection.Bytes.Sent.Value, Received = connection.Bytes.Received.Value });
        if (!_look.IsRunning) _look.Start(LongestPause);
    }

    /// <summary>It may stay after all.</summary>
    public void Remove(OpenConnection connection)
    {
        if (_leaving.Count > 0) _leaving.Remove(connection);
    }

    private void Look()
    {
        var (now, least) = (_loop.Time.GetTimestamp(), Longest);
        foreach (var connection in _leaving.Keys.ToList())
        {
            if (!connection.IsClosed && LeftOf(connection, now) is { } left)
            {
                if (left < least) least = left;
                continue;
            }

            _leaving.Remove(connection);
            if (!connection.IsClosed) connection.Owner.End(ReasonCode.WaypointRequired, "it is from before its destination had a waypoint");
        }

        if (_leaving.Count == 0) return;
        var pause = least / (2 * RestShare);
        _look.Start(pause < ShortestPause ? ShortestPause : pause > LongestPause ? LongestPause : pause);
    }

    /// <returns>The time that it still has; null if it rests, or has none.</returns>
    private TimeSpan? LeftOf(OpenConnection connection, long now)
    {
        ref var departure = ref CollectionsMarshal.GetValueRefOrNullRef(_leaving, connection);
        var (sent, received) = (connection.Bytes.Sent.Value, connection.Bytes.Received.Value);
        if (sent != departure.Sent || received != departure.Received)
        {
            departure.IsAnswered = received != departure.Received;
            (departure.Sent, departure.Received, departure.MovedAt) = (sent, received, now);
        }

        var left = Longest - _loop.Time.GetElapsedTime(departure.Since, now);
        var rests = departure.IsAnswered && _loop.Time.GetElapsedTime(departure.MovedAt, now) * RestShare >= left;
        return rests || left <= TimeSpan.Zero ? null : left;
    }
}
