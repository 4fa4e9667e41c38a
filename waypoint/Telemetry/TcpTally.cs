using Ambient.Hosting.Metrics;
using Ambient.Transport;

namespace Ambient.Waypoint.Telemetry;

/// <summary>What is counted of one connection that is not HTTP. On its worker.</summary>
/// <param name="bytes">All of them so far; sent is what the client sent.</param>
internal sealed class TcpTally(Counter? closed, Counter? toClients, Counter? ofClients, ByteCounters bytes)
{
    private long _toClients, _ofClients;

    /// <summary>Adds the bytes since the last time.</summary>
    public void Count()
    {
        var (received, sent) = (bytes.Received.Value, bytes.Sent.Value);
        toClients?.Add(received - _toClients);
        ofClients?.Add(sent - _ofClients);
        (_toClients, _ofClients) = (received, sent);
    }

    public void Close()
    {
        Count();
        closed?.Increment();
    }
}
