using Ambient.ControlPlane.Indexing.Services;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Policies;

/// <summary>What came of one targetRef.</summary>
/// <param name="Reference"><c>Kind.group:namespace/name</c>, the core group as <c>core</c>.</param>
/// <param name="BoundTo">Names of what enforces it there; null if nothing does.</param>
internal sealed record TargetOutcome(string Reference, string? BoundTo, string Reason, string Message);

/// <summary>What a policy's status says about where it is enforced. Pure.</summary>
internal static class PolicyConditions
{
    public const string ZtunnelAccepted = "ZtunnelAccepted";
    public const string WaypointAccepted = "WaypointAccepted";

    private const string Accepted = "Accepted", UnsupportedValue = "UnsupportedValue", Invalid = "Invalid", PartiallyInvalid = "PartiallyInvalid";
    private const int MostNamed = 10;

    public static readonly string[] ZtunnelTypes = [ZtunnelAccepted], WaypointTypes = [WaypointAccepted];

    public static Condition ForZtunnel(EnforcementPlan plan, long? generation)
    {
        if (plan.Refusal is { } refusal) return ServiceConditions.New(ZtunnelAccepted, false, plan.IsUnreadable ? Invalid : UnsupportedValue, refusal, generation);

        var sentences = SentencesFor(plan);
        if (sentences.Count == 0) return ServiceConditions.New(ZtunnelAccepted, true, Accepted, "attached to ztunnel", generation);
        // A rule without effect is a policy that is not enforced, whatever else it says.
        var isEnforced = plan.Rules.All(static rule => rule.Effect != RuleEffect.Ineffective);
        return ServiceConditions.New(ZtunnelAccepted, isEnforced, UnsupportedValue, string.Join(' ', sentences), generation);
    }

    /// <returns>Null for a policy that is in force as it is written: there is nothing to say.</returns>
    public static Condition? ForPeers(PeerFacts? facts, IReadOnlyList<Diagnostic> found, long? generation)
    {
        if (facts is null || found.Count == 0) return null;
        var text = string.Join(' ', found.Select(static line => $"{line.Field}: {line.Problem} {line.NextStep}"));
        return ServiceConditions.New(ZtunnelAccepted, !facts.IsUnreadable, facts.IsUnreadable ? Invalid : UnsupportedValue, text, generation);
    }

    /// <param name="outcomes">One for each targetRef; at least one.</param>
    public static Condition ForWaypoint(EnforcementPlan plan, IReadOnlyList<TargetOutcome> outcomes, long? generation)
    {
        if (plan.Refusal is { } refusal) return ServiceConditions.New(WaypointAccepted, false, plan.IsUnreadable ? Invalid : UnsupportedValue, refusal, generation);
        return ForTargets(SentencesFor(plan), outcomes, generation);
    }

    /// <param name="problems">What is not honoured, in sentences.</param>
    /// <param name="outcomes">One for each targetRef; at least one.</param>
    public static Condition ForTargets(IReadOnlyList<string> problems, IReadOnlyList<TargetOutcome> outcomes, long? generation)
    {
        var bound = outcomes.Where(static outcome => outcome.BoundTo is not null).ToList();
        var failed = outcomes.Where(static outcome => outcome.BoundTo is null).ToList();
        if (failed.Count == 0)
        {
            var sentences = problems.Append($"bound to {Few(bound.Select(static outcome => outcome.BoundTo!).Distinct())}").ToList();
            return New(true, sentences.Count == 1 ? Accepted : UnsupportedValue, string.Join(' ', sentences));
        }
        if (outcomes.Count == 1) return New(false, failed[0].Reason, failed[0].Message);
        var invalid = $"Invalid targetRefs: {Few(failed.Select(static outcome => outcome.Reference))}";
        return bound.Count > 0 ? New(true, PartiallyInvalid, invalid) : New(false, failed[0].Reason, invalid);

        Condition New(bool status, string reason, string message) => ServiceConditions.New(WaypointAccepted, status, reason, message, generation);
    }

    private static List<string> SentencesFor(EnforcementPlan plan)
    {
        var sentences = new List<string>();
        var denies = plan.Policy?.Action == Model.Policies.PolicyAction.Deny;
        var attributes = plan.Rules.SelectMany(static rule => rule.Attributes).Distinct().Order(StringComparer.Ordinal).ToList();
        if (attributes.Count > 0)
        {
            var isAimed = plan.Hop == EnforcementHop.Waypoint;
            sentences.Add($"{(isAimed ? "Waypoints do not verify tokens, so they" : "ztunnel does not see requests, so it")} cannot evaluate: {Few(attributes)}.");
            sentences.Add(EffectOf(plan, denies));
            if (!isAimed) sentences.Add("To enforce it as written, use a waypoint and targetRefs.");
        }
        var unreadable = plan.Rules.SelectMany(static rule => rule.Unreadable).ToList();
        if (unreadable.Count > 0)
            sentences.Add($"These values cannot be read, so the policy {(denies ? "denies more" : "allows less")} than it says: {Few(unreadable)}.");
        return sentences;
    }

    private static string EffectOf(EnforcementPlan plan, bool denies)
    {
        if (!denies) return "Rules of an ALLOW policy with such attributes are omitted: it allows less than it says.";
        if (plan.Rules.Any(static rule => rule.Effect == RuleEffect.Ineffective))
            return "Nothing of such a DENY rule is left, so it has no effect.";
        return DeniesEverything(plan)
            ? "Nothing else limits the DENY rule, so everything is denied."
            : "The DENY rule is enforced without them: it denies more than it says.";
    }

    private static bool DeniesEverything(EnforcementPlan plan) => plan.Policy!.Rules.Any(static rule => rule.Clauses.IsEmpty);

    public static string Few(IEnumerable<string> items)
    {
        var all = items.ToList();
        return all.Count <= MostNamed ? string.Join(", ", all) : $"{string.Join(", ", all.Take(MostNamed))} and {all.Count - MostNamed} more";
    }
}
