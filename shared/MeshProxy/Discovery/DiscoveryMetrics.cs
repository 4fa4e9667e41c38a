using Ambient.Hosting.Metrics;
using Ambient.Xds.Client;

namespace Ambient.MeshProxy.Discovery;

/// <summary>What the control plane's stream brings, counted.</summary>
public sealed class DiscoveryMetrics : IDiscoveryJournal
{
    private readonly MetricFamily<Counter> _terminations, _messages, _bytes, _rejections;
    private readonly MetricFamily<Gauge> _rejected;
    private readonly Gauge _connected;

    public DiscoveryMetrics(MetricRegistry metrics)
    {
        _terminations = metrics.AddCounters("istio_xds_connection_terminations",
            "The total number of completed connections to the control plane (unstable)", ["reason"]);
        _messages = metrics.AddCounters("istio_xds_message", "Total number of messages received (unstable)", ["url"]);
        _bytes = metrics.AddCounters("istio_xds_message_bytes", "Total number of bytes received (unstable)", ["url"]);
        _connected = metrics.AddGauge("ambient_xds_connected", "1 while the control plane answers, else 0: what is known is used on (unstable)");
        _rejections = metrics.AddCounters("ambient_xds_rejections", "Total number of resources rejected (unstable)", ["url"]);
        _rejected = metrics.AddGauges("ambient_xds_rejected_resources",
            "Resources of which the latest version is rejected and an older one, or none, is in use (unstable)", ["url"]);
    }

    public void Connected() => _connected.Set(1);

    public void Ended(StreamEnd how)
    {
        _connected.Set(0);
        _terminations.With(how.ToString()).Add(1);
    }

    public void Received(string typeUrl, long payloadBytes)
    {
        _messages.With(typeUrl).Add(1);
        _bytes.With(typeUrl).Add(payloadBytes);
    }

    public void Rejected(string typeUrl, int newly, int inForce)
    {
        _rejections.With(typeUrl).Add(newly);
        _rejected.With(typeUrl).Set(inForce);
    }
}
