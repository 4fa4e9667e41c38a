using Ambient.ControlPlane.Indexing.Policies;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Telemetry;

namespace Ambient.ControlPlane.Indexing.Observation;

/// <summary>The status of a Telemetry. Pure.</summary>
internal static class TelemetryConditions
{
    public static Condition Refused(string reason, string message, long? generation) =>
        ServiceConditions.New(PolicyConditions.WaypointAccepted, false, reason, message, generation);

    /// <param name="problems">What of it is not honoured.</param>
    /// <param name="outcomes">One for each targetRef; none for other scopes.</param>
    public static Condition Of(TelemetryScope scope, string ns, IReadOnlyList<string> problems, IReadOnlyList<TargetOutcome> outcomes, long? generation)
    {
        if (scope == TelemetryScope.Target) return PolicyConditions.ForTargets(problems, outcomes, generation);
        var holds = scope == TelemetryScope.Mesh ? "in force for all waypoints" : $"in force for services of {ns} behind waypoints";
        return ServiceConditions.New(PolicyConditions.WaypointAccepted, true, problems.Count == 0 ? "Accepted" : "UnsupportedValue", string.Join(' ', [.. problems, holds]), generation);
    }
}
