using Ambient.Model;
using Ambient.Model.Telemetry;
using Ambient.Transport;

namespace Ambient.Waypoint.Telemetry;

/// <summary>What is counted of one connection that is not HTTP. On its worker.</summary>
/// <param name="values">Of its labels. Its series may be dropped while it is quiet, so they are asked for each time.</param>
/// <param name="bytes">All of them so far; sent is what the client sent.</param>
internal sealed class TcpTally(RequestMetrics metrics, EquatableArray<MetricOverride> changes, string[] values, ByteCounters bytes)
{
    private long _toClient, _ofClient;

    /// <summary>Adds the bytes since the last time.</summary>
    public void Count()
    {
        var (received, sent) = (bytes.Received.Value, bytes.Sent.Value);
        metrics.TcpCounted(changes, values, received - _toClient, sent - _ofClient);
        (_toClient, _ofClient) = (received, sent);
    }

    public void Close()
    {
        Count();
        metrics.TcpClosed(changes, values);
    }
}
