using Ambient.Model.Connections;

namespace Ambient.Model.Policies;

/// <summary>What the policies say about a connection.</summary>
/// <param name="Reason">Why it is refused; <see cref="ReasonCode.None"/> if it is allowed.</param>
/// <param name="Policy">The policy that decided, or null if none did on its own.</param>
/// <param name="MissingPolicy">Name of the policy that is referred to and not known, if that decided.</param>
public readonly record struct PolicyDecision(ReasonCode Reason, AuthorizationPolicy? Policy, string? MissingPolicy = null)
{
    public static readonly PolicyDecision Allowed = default;

    public bool IsAllowed => Reason == ReasonCode.None;

    /// <summary>One sentence for the access log.</summary>
    public override string ToString() => Reason switch
    {
        ReasonCode.None => Policy is null ? "no ALLOW policy applies" : $"allowed by {Policy?.Key}",
        ReasonCode.DeniedByPolicy => $"denied by policy {Policy?.Key}",
        ReasonCode.WaypointRequired => $"it did not come through waypoint {Policy?.RequiredWaypoint} ({Policy?.Key})",
        ReasonCode.PolicyMissing => $"the workload refers to policy {MissingPolicy}, which is not known here",
        ReasonCode.PolicyMalformed => $"policy {Policy?.Key} cannot be read, so it denies: {Policy?.Fault}",
        _ => "ALLOW policies apply and none matched",
    };
}

/// <summary>What a dry-run policy would have done; told to the log only.</summary>
public enum DryRunOutcome { WouldDeny, WouldAllow, NoAllowMatched }
