using Ambient.ControlPlane.Indexing.Services;
using Ambient.Kubernetes.Resources;
using Ambient.Model;

namespace Ambient.ControlPlane.Indexing.Routes;

/// <summary>What the status of a route of Gateway API says at each of its parents. Pure.</summary>
internal static class RouteConditions
{
    private const int LongestMessage = 4096;

    public static ParentConditions Of(ParentOutcome outcome, long? generation)
    {
        var conditions = new List<Condition>
        {
            outcome.Refusal is { } refusal ? New("Accepted", false, refusal.Reason, refusal.Message) : New("Accepted", true, "Accepted", "Waypoints of the service honour it."),
        };
        if (outcome is { Refusal: null, Dropped.IsEmpty: false }) conditions.Add(New("PartiallyInvalid", true, UnusablePartException.UnsupportedValue, string.Join(' ', outcome.Dropped)));
        conditions.Add(outcome.Unresolved is { } unresolved ? New("ResolvedRefs", false, unresolved.Reason, unresolved.Message) : New("ResolvedRefs", true, "ResolvedRefs", "All references lead somewhere."));
        return new(outcome.Reference, conditions.ToEquatableArray());

        Condition New(string type, bool status, string reason, string message) =>
            ServiceConditions.New(type, status, reason, message.Length <= LongestMessage ? message : message[..LongestMessage], generation);
    }
}
