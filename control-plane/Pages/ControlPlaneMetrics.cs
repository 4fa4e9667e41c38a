using Ambient.ControlPlane.Running;
using Ambient.Hosting.Metrics;

namespace Ambient.ControlPlane.Pages;

/// <summary>What the control plane measures of itself, beside what discovery and the authority add.</summary>
internal sealed class ControlPlaneMetrics : IMetricSource
{
    private readonly ControlPlaneServices _services;
    private readonly MetricFamily<Gauge> _objects, _unreadable;

    private ControlPlaneMetrics(MetricRegistry metrics, ControlPlaneServices services)
    {
        _services = services;
        _objects = metrics.AddGauges("ambient_objects", "Objects of the cluster that are held", ["kind"]);
        _unreadable = metrics.AddGauges("ambient_objects_unreadable", "Objects that could not be read; their last readable state is in force", ["kind"]);
    }

    public static void AddTo(MetricRegistry metrics, ControlPlaneServices services, string istioVersion)
    {
        metrics.AddGauges("istio_build", "Istio component build info", ["component", "tag"]).With("pilot", istioVersion).Set(1);
        metrics.Add(new ControlPlaneMetrics(metrics, services));
        metrics.AddGauge("ambient_informers_unsynced", "Kinds that have not been read in full yet", () => services.Informers.All.Count(static one => !one.HasSynced));
        metrics.AddGauge("ambient_informers_failing", "Kinds that cannot be followed at the moment", () => services.Informers.All.Concat(services.WaypointInformers.All).Count(static one => one.Status.LastError is not null));
        metrics.AddGauge("ambient_index_rounds", "Times that the index was rebuilt", () => services.Index.Rounds);
        metrics.AddGauge("ambient_index_object_changes", "Changes of objects that the index has taken", () => services.Index.Objects);
        metrics.AddGauge("ambient_index_last_round_microseconds", "Time that the last rebuild took", () => (long)services.Index.LastRound.TotalMicroseconds);
        metrics.AddGauge("ambient_leader", "1 while this replica leads", () => services.Election.IsLeader ? 1 : 0);
        metrics.AddGauge("ambient_statuses_written", "Statuses of objects that this replica has written", () => services.Statuses.Written);
        metrics.AddGauge("ambient_statuses_failed", "Writes of statuses that failed", () => services.Statuses.Failed);
        ProcessMetrics.AddTo(metrics);
    }

    // Brings the families up to date that the registry itself writes.
    public ValueTask RefreshAsync()
    {
        foreach (var status in _services.Informers.All.Select(static informer => informer.Status))
        {
            _objects.With(status.Kind).Set(status.Objects);
            _unreadable.With(status.Kind).Set(status.Unreadable);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask WriteAsync(OpenMetricsWriter writer) => default;
}
