namespace Ambient.Transport;

/// <summary>Joins two streams so that neither peer can tell that it does not talk to the other: bytes, FIN and RST pass as they are.</summary>
/// <remarks>Both streams belong to the loop that calls, and remain the caller's to dispose.</remarks>
public static class Relay
{
    /// <summary>Carries one direction until it ends. Allocates nothing per chunk, and lets others go first after a megabyte.</summary>
    /// <param name="counter">Counts bytes as the sink accepts them.</param>
    /// <returns>
    /// How it ended; that has been passed on: a finish finishes the sink, a reset resets it, and a sink that broke resets the source.
    /// </returns>
    public static ValueTask<RelayEnd> PumpAsync(Duplex from, Duplex to, ByteCounter counter) =>
        new Pump(from, to, counter).WatchSource().RunAsync();

    /// <summary>Carries both directions until both have ended. A reset of either stream, seen at any time, resets the other.</summary>
    /// <param name="downstream">Who opened the connection.</param>
    /// <param name="upstream">Where it goes.</param>
    public static async ValueTask<RelayOutcome> RunAsync(Duplex downstream, Duplex upstream, ByteCounters counters)
    {
        var sender = new Pump(downstream, upstream, counters.Sent).WatchSource();
        var receiver = new Pump(upstream, downstream, counters.Received).WatchSource();
        var sending = sender.RunAsync();
        var receiving = receiver.RunAsync();
        var outcome = new RelayOutcome(await sending, await receiving);
        downstream.BreakWatcher = upstream.BreakWatcher = null;
        return outcome;
    }
}
