namespace Ambient.Xds.Client;

/// <summary>How long to wait before the next stream, by how the last one ended.</summary>
/// <param name="random">Spreads the waits over ±50 %, so that many nodes do not come back at once.</param>
public sealed class ReconnectDelay(Random random)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(10), Longest = TimeSpan.FromSeconds(15);
    private TimeSpan _last = Shortest;

    /// <param name="lasted">How long the stream was tried and open: one that held longer than any wait ends the failures before it.</param>
    /// <returns>0 to 15 s.</returns>
    public TimeSpan After(StreamEnd end, TimeSpan lasted)
    {
        if (lasted > Longest) _last = Shortest;
        switch (end)
        {
            case StreamEnd.Complete:
                _last = Shortest;
                return TimeSpan.Zero;
            case StreamEnd.Reconnect:
                _last = Shortest;
                break;
            default:
                _last = _last * 2 < Longest ? _last * 2 : Longest;
                break;
        }
        var spread = _last * (0.5 + random.NextDouble());
        return spread < Longest ? spread : Longest;
    }
}
