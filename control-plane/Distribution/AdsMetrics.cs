using Ambient.ControlPlane.Callers;
using Ambient.Hosting.Metrics;
using Ambient.Xds.Server;

namespace Ambient.ControlPlane.Distribution;

/// <summary>What discovery measures.</summary>
internal sealed class AdsMetrics
{
    private static readonly double[] Seconds = [0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30];
    private readonly MeshResources _resources;
    private readonly Action<string, Caller?, string, string>? _rejected;
    private readonly MetricFamily<Gauge> _clients;
    private readonly MetricFamily<Counter> _responses, _bytes, _rejections, _refused;
    private readonly MetricFamily<Histogram> _sent, _applied;

    /// <param name="rejected">Told of the type, the caller, what it calls itself, and what it said of the resources that it rejected.</param>
    public AdsMetrics(MetricRegistry metrics, MeshResources resources, Action<string, Caller?, string, string>? rejected = null)
    {
        (_resources, _rejected) = (resources, rejected);
        _clients = metrics.AddGauges("ambient_discovery_clients", "Streams that are open now", ["kind"], maxSeries: 16);
        _refused = metrics.AddCounters("ambient_discovery_streams_refused", "Streams that were refused at their start", ["code"]);
        _responses = metrics.AddCounters("ambient_discovery_responses", "Responses sent", ["url"]);
        _bytes = metrics.AddCounters("ambient_discovery_response_bytes", "Bytes of responses sent", ["url"]);
        _rejections = metrics.AddCounters("ambient_discovery_rejections", "Responses that clients rejected, at least in part", ["url"]);
        _sent = metrics.AddHistograms("ambient_discovery_change_to_sent_seconds", "From a change until it was sent to a client", Seconds, ["url"]);
        _applied = metrics.AddHistograms("ambient_discovery_change_to_applied_seconds", "From a change until a client has acknowledged it", Seconds, ["url"]);
        metrics.AddGauge("ambient_discovery_addresses", "Workloads and services that are distributed", () => resources.AddressCount);
        metrics.AddGauge("ambient_discovery_policies", "Policies that are distributed", () => resources.PolicyCount);
        metrics.AddGauge("ambient_discovery_traffic", "Routes, destination policies and policies for requests that are distributed", () => resources.TrafficCount);
    }

    public void Refused(Grpc.StatusCode code) => _refused.With(code.ToString()).Add(1);

    public Gauge ClientsOf(string kind) => _clients.With(kind);

    /// <param name="caller">Whose sessions; null where nobody needs to say who he is.</param>
    public ISessionJournal JournalOf(Caller? caller) => new CallerJournal(this, caller);

    private void Observe(MetricFamily<Histogram> family, string typeUrl, long? changesAfter)
    {
        if (changesAfter is { } sequence && _resources.AgeOfChangesAfter(typeUrl, sequence) is { } age) family.With(typeUrl).Observe(age.TotalSeconds);
    }

    private sealed class CallerJournal(AdsMetrics metrics, Caller? caller) : ISessionJournal
    {
        public void Sent(string typeUrl, int bytes, long? changesAfter)
        {
            metrics._responses.With(typeUrl).Add(1);
            metrics._bytes.With(typeUrl).Add(bytes);
            metrics.Observe(metrics._sent, typeUrl, changesAfter);
        }

        public void Acknowledged(string typeUrl, long? changesAfter) => metrics.Observe(metrics._applied, typeUrl, changesAfter);

        public void Rejected(string typeUrl, string client, string detail)
        {
            metrics._rejections.With(typeUrl).Add(1);
            metrics._rejected?.Invoke(typeUrl, caller, client, detail);
        }
    }
}
