using Ambient.Model.Routes;

namespace Ambient.Model.Policies;

/// <summary>What a policy applies to.</summary>
public enum PolicyScope
{
    /// <summary>Every workload, whatever the policy's own namespace.</summary>
    Global,

    /// <summary>Every workload of the policy's namespace.</summary>
    Namespace,

    /// <summary>The workloads that name it.</summary>
    WorkloadSelector,
}

public enum PolicyAction { Allow, Deny }

/// <summary>Who may connect, or who may not. Immutable, equal by content.</summary>
/// <remarks>
/// A matcher that makes no sense cannot be expressed: the matchers' constructors refuse it. Whoever reads a policy and meets
/// one either refuses the policy or takes <see cref="Malformed"/> in its place, which errs on the closed side.
/// </remarks>
public sealed record AuthorizationPolicy
{
    public required string Name { get; init; }

    public required string Namespace { get; init; }

    public PolicyScope Scope { get; init; }

    public PolicyAction Action { get; init; }

    /// <summary>Rules of which one must hold (OR). Without rules the policy never matches.</summary>
    public EquatableArray<PolicyRule> Rules { get; init; }

    /// <summary>Only reported in the log, never enforced.</summary>
    public bool DryRun { get; init; }

    /// <summary>For a policy that keeps out what comes around a waypoint: which one it must come through, for people to read; null for any other.</summary>
    public string? RequiredWaypoint { get; init; }

    /// <summary>Why it could not be read; null for a sound policy.</summary>
    public string? Fault { get; private init; }

    /// <summary><c>namespace/name</c>, as workloads refer to it.</summary>
    public string Key => $"{Namespace}/{Name}";

    /// <summary>
    /// Stands for a policy that could not be read: as DENY it matches every connection, as ALLOW none.
    /// </summary>
    public static AuthorizationPolicy Malformed(string @namespace, string name, PolicyScope scope, PolicyAction action, string fault) =>
        new() { Namespace = @namespace, Name = name, Scope = scope, Action = action, Fault = fault };

    /// <param name="request">Where there is only a connection, tests of a request pass for a DENY and fail for an ALLOW: both err on the closed side.</param>
    public bool IsMatch(in ConnectionAttributes connection, in RouteRequest request = default)
    {
        if (Fault is not null) return Action == PolicyAction.Deny;
        foreach (var rule in Rules)
            if (rule.IsMatch(connection, request, assumed: Action == PolicyAction.Deny)) return true;
        return false;
    }
}
