using Ambient.ControlPlane.Indexing.Selection;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Policies;
using Kube = Ambient.Kubernetes.Resources;
using PolicyAction = Ambient.Model.Policies.PolicyAction;

namespace Ambient.ControlPlane.Indexing.Policies;

/// <summary>AuthorizationPolicy → <see cref="EnforcementPlan"/>. Pure.</summary>
internal static class PolicyBuilder
{
    /// <summary>Values of all lists of a policy together; one with more is not read, and refuses all it could refuse.</summary>
    public const int MostValues = 20_000;

    // A template becomes an expression, which takes so much more room than a text.
    private const long CostOfTemplate = 40;

    private const string Correct = "Correct it: kubectl edit authorizationpolicy.";

    public static EnforcementPlan Build(Kube.AuthorizationPolicy policy, MeshSettings settings, Findings findings)
    {
        var spec = policy.Spec ?? new();
        var options = settings.Options;
        var selector = LabelQuery.Of(spec.Selector?.MatchLabels);
        if (spec.Problem is { } problem) findings.Add("spec", $"It cannot be read: {problem}", Correct);
        var hop = HasTargets(spec) ? EnforcementHop.Waypoint : EnforcementHop.Ztunnel;
        var (enforcer, isDryRun) = (hop == EnforcementHop.Waypoint ? "waypoints" : "ztunnel", IsDryRun(policy));
        if (isDryRun && !options.DryRunPolicies && hop == EnforcementHop.Ztunnel)
            return Nowhere(hop, $"The annotation {MeshAnnotations.DryRun} is not supported here; the policy is left out and refuses nothing.");
        switch (spec.Action)
        {
            case null or "" or "ALLOW":
                return Compile(policy, spec, PolicyAction.Allow, hop, selector, isDryRun, settings, findings);
            case "DENY":
                return Compile(policy, spec, PolicyAction.Deny, hop, selector, isDryRun, settings, findings);
            case "AUDIT":
                return Nowhere(hop, $"The AUDIT action is not supported by {enforcer}; the policy is left out and refuses nothing.");
        }
        var unsupported = $"The {(spec.Action == "CUSTOM" ? "CUSTOM" : Findings.Quote(spec.Action))} action is not supported by {enforcer}";
        if ((UnknownIn(hop, options) == UnenforceableAttributes.Skip && spec.Problem is null) || isDryRun) return Nowhere(hop, $"{unsupported}; the policy is not enforced.");
        return Compile(policy, spec, PolicyAction.Deny, hop, selector, false, settings, findings) with
        {
            Refusal = RefusalOf(spec, "it denies everything")
                ?? $"{unsupported}; what it matches is refused, as nobody can ask its provider.{(hop == EnforcementHop.Ztunnel ? " Use a waypoint and targetRefs." : "")}",
        };
    }

    public static bool HasTargets(AuthorizationPolicySpec spec) => spec.TargetRef is not null || spec.TargetRefs is { Count: > 0 };

    /// <summary>Only a node proxy can be asked to take a policy as stock does: stock's waypoints understand what ours do not yet.</summary>
    private static UnenforceableAttributes UnknownIn(EnforcementHop hop, IndexOptions options) =>
        hop == EnforcementHop.Ztunnel && options.UnenforceableRules == UnenforceableRules.AsStock ? UnenforceableAttributes.Skip : UnenforceableAttributes.MatchAnything;

    private static EnforcementPlan Nowhere(EnforcementHop hop, string reason) =>
        new(hop == EnforcementHop.Waypoint ? hop : EnforcementHop.Nowhere, null, null, default, reason);

    private static EnforcementPlan Compile(Kube.AuthorizationPolicy policy, AuthorizationPolicySpec spec, PolicyAction action,
        EnforcementHop hop, LabelQuery? selector, bool isDryRun, MeshSettings settings, Findings findings)
    {
        var denies = action == PolicyAction.Deny;
        var (seesRequests, attributes) = (hop == EnforcementHop.Waypoint, UnknownIn(hop, settings.Options));
        var ns = policy.Metadata.Namespace ?? "";
        var domains = new TrustDomains([settings.Config.TrustDomain, .. settings.Config.TrustDomainAliases]);
        var (rules, plans) = (new List<PolicyRule>(), new List<RulePlan>());
        var refusal = RefusalOf(spec, denies ? "it denies everything" : "it allows nothing");
        if (refusal is not null)
        {
            if (denies) rules.Add(new(default));
        }
        else if (CountValues(spec) is > MostValues and var count)
        {
            refusal = $"The policy has {count} values, at most {MostValues} are read: it {(denies ? "denies everything" : "allows nothing")}. Split it.";
            if (denies) rules.Add(new(default));
            findings.Add("spec.rules", refusal, "Split it into several policies, or use address ranges and namespaces.");
        }
        else
        {
            foreach (var (index, rule) in (spec.Rules ?? []).Index())
            {
                var (compiled, plan) = new RuleCompiler(ns, denies, seesRequests, attributes, domains, findings).Compile(index, rule);
                if (compiled is not null) rules.Add(compiled);
                plans.Add(plan);
            }
        }
        var scope = seesRequests || selector is not null ? PolicyScope.WorkloadSelector : ns == settings.RootNamespace ? PolicyScope.Global : PolicyScope.Namespace;
        var result = new Model.Policies.AuthorizationPolicy
        {
            Name = policy.Metadata.Name,
            Namespace = ns,
            Scope = scope,
            Action = action,
            Rules = rules.ToEquatableArray(),
            DryRun = isDryRun,
        };
        return new(hop, result, seesRequests ? null : selector, plans.ToEquatableArray(), refusal) { IsUnreadable = spec.Problem is not null };
    }

    private static string? RefusalOf(AuthorizationPolicySpec spec, string effect) =>
        spec.Problem is null ? null : $"The policy cannot be read, so {effect}: {spec.Problem} {Correct}";

    private static bool IsDryRun(Kube.AuthorizationPolicy policy) =>
        bool.TryParse(policy.Metadata.Annotation(MeshAnnotations.DryRun), out var dryRun) && dryRun;

    private static long CountValues(AuthorizationPolicySpec spec)
    {
        long count = 0;
        foreach (var rule in spec.Rules ?? [])
        {
            count++;
            foreach (var from in rule?.From ?? [])
                count += Count(from?.Source?.Principals, from?.Source?.NotPrincipals, from?.Source?.Namespaces, from?.Source?.NotNamespaces,
                    from?.Source?.ServiceAccounts, from?.Source?.NotServiceAccounts, from?.Source?.IpBlocks, from?.Source?.NotIpBlocks,
                    from?.Source?.RemoteIpBlocks, from?.Source?.NotRemoteIpBlocks);
            foreach (var operation in (rule?.To ?? []).Select(static to => to?.Operation).OfType<RuleOperation>())
                count += Count(operation.Ports, operation.NotPorts, operation.Hosts, operation.NotHosts, operation.Methods, operation.NotMethods)
                    + CountPaths(operation.Paths) + CountPaths(operation.NotPaths);
            foreach (var when in rule?.When ?? []) count += Count(when?.Values, when?.NotValues);
        }
        return count;
    }

    private static long CountPaths(IReadOnlyList<string>? paths) => (paths ?? []).Sum(static path => path?.Contains('{') == true ? CostOfTemplate : 1L);

    private static long Count(params ReadOnlySpan<IReadOnlyList<string>?> lists)
    {
        long count = 1;
        foreach (var list in lists) count += list?.Count ?? 0;
        return count;
    }
}
