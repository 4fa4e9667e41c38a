using Ambient.Model.Connections;
using Ambient.Model.Routes;

namespace Ambient.Model.Policies;

/// <summary>Decides whether a connection may reach a workload: deny, then allow, then default.</summary>
/// <remarks>
/// 1. A policy that the workload refers to and that is not known here refuses: what it would have forbidden cannot be told.
/// 2. A matching DENY refuses. 3. Without an enforced ALLOW, the connection is allowed. 4. A matching ALLOW allows.
/// 5. Otherwise it is refused. Dry-run policies never change the outcome, nor does a dry-run ALLOW create a default deny.
/// </remarks>
public static class PolicyEvaluator
{
    /// <param name="onDryRun">Told about each dry-run policy that would have mattered; null if nobody wants to know.</param>
    public static PolicyDecision Evaluate(
        PolicySet policies, in ConnectionAttributes connection, Action<DryRunOutcome, AuthorizationPolicy?>? onDryRun = null) =>
        Evaluate(policies, connection, default, onDryRun);

    /// <param name="request">Absent where only a connection is seen.</param>
    /// <param name="onDryRun">Told about each dry-run policy that would have mattered; null if nobody wants to know.</param>
    public static PolicyDecision Evaluate(
        PolicySet policies, in ConnectionAttributes connection, in RouteRequest request, Action<DryRunOutcome, AuthorizationPolicy?>? onDryRun = null)
    {
        if (onDryRun is not null) ReportDryRuns(policies, connection, request, onDryRun);
        if (!policies.Missing.IsEmpty) return new(ReasonCode.PolicyMissing, null, policies.Missing[0]);
        return FindDeny(policies, connection, request) ?? FindAllow(policies, connection, request);
    }

    private static PolicyDecision? FindDeny(PolicySet policies, in ConnectionAttributes connection, in RouteRequest request)
    {
        foreach (var policy in policies.Policies)
        {
            if (policy.Action != PolicyAction.Deny || policy.DryRun || !policy.IsMatch(connection, request)) continue;
            return new(ReasonOf(policy), policy);
        }
        return null;
    }

    private static ReasonCode ReasonOf(AuthorizationPolicy deny) =>
        deny.Fault is not null ? ReasonCode.PolicyMalformed
        : deny.RequiredWaypoint is not null ? ReasonCode.WaypointRequired : ReasonCode.DeniedByPolicy;

    private static PolicyDecision FindAllow(PolicySet policies, in ConnectionAttributes connection, in RouteRequest request)
    {
        var applies = false;
        AuthorizationPolicy? malformed = null;
        foreach (var policy in policies.Policies)
        {
            if (policy.Action != PolicyAction.Allow || policy.DryRun) continue;
            applies = true;
            if (policy.IsMatch(connection, request)) return new(ReasonCode.None, policy);
            if (policy.Fault is not null) malformed ??= policy;
        }
        if (malformed is not null) return new(ReasonCode.PolicyMalformed, malformed);
        return applies ? new(ReasonCode.NoPolicyAllows, null) : PolicyDecision.Allowed;
    }

    private static void ReportDryRuns(
        PolicySet policies, in ConnectionAttributes connection, in RouteRequest request, Action<DryRunOutcome, AuthorizationPolicy?> report)
    {
        var (enforcedAllow, dryRunAllow, dryRunAllowed) = (false, false, false);
        foreach (var policy in policies.Policies)
        {
            var isAllow = policy.Action == PolicyAction.Allow;
            enforcedAllow |= isAllow && !policy.DryRun;
            dryRunAllow |= isAllow && policy.DryRun;
            if (!policy.DryRun || !policy.IsMatch(connection, request)) continue;
            dryRunAllowed |= isAllow;
            report(isAllow ? DryRunOutcome.WouldAllow : DryRunOutcome.WouldDeny, policy);
        }
        if (dryRunAllow && !dryRunAllowed && !enforcedAllow) report(DryRunOutcome.NoAllowMatched, null);
    }
}
