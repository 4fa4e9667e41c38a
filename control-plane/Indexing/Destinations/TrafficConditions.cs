using Ambient.ControlPlane.Indexing.Policies;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.Kubernetes.Resources;
using Ambient.Model;

namespace Ambient.ControlPlane.Indexing.Destinations;

/// <summary>What came of an object of Istio's that says how services are called.</summary>
/// <param name="Refusal">Why it has no effect: reason and message; null if it has.</param>
/// <param name="BoundTo">Waypoints that honour it.</param>
/// <param name="Problems">What of it is not honoured.</param>
internal sealed record TrafficOutcome((string Reason, string Message)? Refusal, EquatableArray<string> BoundTo, EquatableArray<string> Problems);

/// <summary>The status of VirtualServices and DestinationRules. Pure.</summary>
internal static class TrafficConditions
{
    private const int MostTold = 8;

    public static Condition Of(TrafficOutcome outcome, long? generation)
    {
        var problems = string.Join(' ', outcome.Problems.Take(MostTold));
        if (outcome.Problems.Count > MostTold) problems += $" And {outcome.Problems.Count - MostTold} more.";
        if (outcome.Refusal is var (reason, message)) return New(false, reason, problems.Length > 0 ? $"{message} {problems}" : message);
        if (outcome.BoundTo.IsEmpty) return New(false, "AncestorNotBound", $"None of its services is bound to a waypoint; set the label {MeshLabels.UseWaypoint}. {problems}".TrimEnd());
        var bound = $"bound to {string.Join(", ", outcome.BoundTo.Take(MostTold))}{(outcome.BoundTo.Count > MostTold ? $" and {outcome.BoundTo.Count - MostTold} more" : "")}";
        return problems.Length == 0 ? New(true, "Accepted", bound) : New(true, "UnsupportedValue", $"{problems} It is {bound}.");

        Condition New(bool status, string why, string text) => ServiceConditions.New(PolicyConditions.WaypointAccepted, status, why, text, generation);
    }
}
