using Ambient.ControlPlane.Indexing.Selection;
using Ambient.Model;
using Ambient.Model.Policies;

namespace Ambient.ControlPlane.Indexing.Policies;

/// <summary>Who evaluates a policy.</summary>
internal enum EnforcementHop
{
    /// <summary>The node proxy of each workload it applies to: connections, their identities, addresses and ports.</summary>
    Ztunnel,

    /// <summary>The waypoints of its targets: requests.</summary>
    Waypoint,

    /// <summary>Nobody.</summary>
    Nowhere,
}

/// <summary>What became of one rule at the hop that evaluates it.</summary>
internal enum RuleEffect
{
    /// <summary>It means what is written.</summary>
    Exact,

    /// <summary>It allows less, or denies more, than is written: what cannot be evaluated was decided on the closed side.</summary>
    Closed,

    /// <summary>It has no effect. Only where stock's behaviour is asked for.</summary>
    Ineffective,
}

/// <param name="Index">Place in <c>spec.rules</c>.</param>
/// <param name="Attributes">Attributes that are not known where it is evaluated, as those of requests are not of a connection; sorted.</param>
/// <param name="Unreadable">Values that are no port, address or name; each with its field.</param>
internal sealed record RulePlan(int Index, RuleEffect Effect, EquatableArray<string> Attributes, EquatableArray<string> Unreadable);

/// <summary>
/// Where a policy is enforced, rule by rule. Nothing a user wrote is dropped silently: what no hop can evaluate stands here,
/// in the object's status, and is decided so that no connection passes that the policy, read in any way, would refuse.
/// </summary>
/// <remarks>
/// In detail. ALLOW: a rule with attributes of requests is left out, an unreadable value matches nothing. DENY: attributes of
/// requests and lists with an unreadable value put no condition on the connection, so the rule denies more; a rule of which
/// no condition is left denies every connection of the workloads it applies to. Stock lets that rule do nothing: a policy
/// that is accepted and not enforced. CUSTOM: nobody can ask its authorizer, so it denies what it would have asked about.
/// A policy that cannot be read as a whole, for an unknown field or a value of the wrong kind, matches everything as DENY and
/// nothing as ALLOW.
/// AUDIT and dry-run refuse nothing, so leaving them out refuses nothing less.
/// Waypoints see requests, so there all that is left of these cases are claims of tokens, which nobody verifies yet.
/// </remarks>
/// <param name="Policy">What the proxies get; null if nothing.</param>
/// <param name="Selector">Of workloads; null: all of the namespace, or of the mesh.</param>
/// <param name="Refusal">Why it is enforced nowhere or not as the action it names; null if neither.</param>
internal sealed record EnforcementPlan(
    EnforcementHop Hop, AuthorizationPolicy? Policy, LabelQuery? Selector, EquatableArray<RulePlan> Rules, string? Refusal = null)
{
    /// <summary>What it says is not known; it refuses all it could refuse.</summary>
    public bool IsUnreadable { get; init; }

    /// <summary>It refuses more than it says, because nobody verifies tokens.</summary>
    public bool RefusesForTokens => Policy is not null && Rules.Any(static rule => rule.Effect == RuleEffect.Closed && rule.Attributes.Any(IsOfTokens));

    private static bool IsOfTokens(string attribute) => attribute is "requestPrincipals" or "notRequestPrincipals" || attribute.StartsWith("request.auth.", StringComparison.Ordinal);
}
