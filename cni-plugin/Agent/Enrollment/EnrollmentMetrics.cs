using Ambient.Hosting.Metrics;

namespace Ambient.CniAgent.Enrollment;

/// <summary>What the agent counts. Names that dashboards of the mesh know already are kept.</summary>
internal sealed class EnrollmentMetrics
{
    private readonly MetricFamily<Gauge> _pods;
    private readonly MetricFamily<Counter> _events;

    public EnrollmentMetrics(MetricRegistry registry)
    {
        _pods = registry.AddGauges("ambient_agent_pods", "Pods by how far their enrolment has come.", ["state"]);
        _events = registry.AddCounters("nodeagent_reconcile_events", "Steps of enrolment that were carried out or failed.", ["type"]);
        Repairs = registry.AddCounter("ambient_agent_rule_repairs", "Times that a pod's rules were no longer in place and were put back.");
    }

    public Counter Repairs { get; }

    public Counter Enrolled => _events.With("enrolled");

    public Counter Removed => _events.With("removed");

    public Counter FailedSteps => _events.With("failed");

    /// <summary>A pod went from one state to another; null is "not known".</summary>
    public void Moved(EnrollmentState? from, EnrollmentState? to)
    {
        if (from is { } left)
            PodsIn(left).Add(-1);
        if (to is { } entered)
            PodsIn(entered).Add(1);
    }

    public Gauge PodsIn(EnrollmentState state) => _pods.With(NameOf(state));

    /// <summary>As labels and status files write it.</summary>
    public static string NameOf(EnrollmentState state) => state switch
    {
        EnrollmentState.Failed => "failed",
        EnrollmentState.Pending => "pending",
        _ => "enrolled",
    };
}
