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

    private const string Correct = "Correct it: kubectl edit authorizationpolicy.";

    public static EnforcementPlan Build(Kube.AuthorizationPolicy policy, MeshSettings settings, Findings findings)
    {
        var spec = policy.Spec ?? new();
        var options = settings.Options;
        var selector = LabelQuery.Of(spec.Selector?.MatchLabels);
        if (spec.Problem is { } problem) findings.Add("spec", $"It cannot be read: {problem}", Correct);
        if (HasTargets(spec)) return new(EnforcementHop.Waypoint, null, null, default, RefusalOf(spec, "no waypoint enforces it")) { IsUnreadable = spec.Problem is not null };

        var isDryRun = IsDryRun(policy);
        if (isDryRun && !options.DryRunPolicies)
            return Nowhere($"The annotation {MeshAnnotations.DryRun} is not supported here; the policy is left out and refuses nothing.");
        switch (spec.Action)
        {
            case null or "" or "ALLOW":
                return Compile(policy, spec, PolicyAction.Allow, selector, isDryRun, settings, findings);
            case "DENY":
                return Compile(policy, spec, PolicyAction.Deny, selector, isDryRun, settings, findings);
            case "AUDIT":
                return Nowhere("ztunnel does not support the AUDIT action; the policy is left out and refuses nothing.");
        }
        var unsupported = $"ztunnel does not support the {(spec.Action == "CUSTOM" ? "CUSTOM" : Findings.Quote(spec.Action))} action";
        if ((options.UnenforceableRules == UnenforceableRules.AsStock && spec.Problem is null) || isDryRun) return Nowhere($"{unsupported}; the policy is not enforced.");
        return Compile(policy, spec, PolicyAction.Deny, selector, false, settings, findings) with
        {
            Refusal = RefusalOf(spec, "it denies every connection")
                ?? $"{unsupported}; connections that it matches are refused, as nobody can ask its provider. Use a waypoint and targetRefs.",
        };
    }

    public static bool HasTargets(AuthorizationPolicySpec spec) => spec.TargetRef is not null || spec.TargetRefs is { Count: > 0 };

    private static EnforcementPlan Nowhere(string reason) => new(EnforcementHop.Nowhere, null, null, default, reason);

    private static EnforcementPlan Compile(Kube.AuthorizationPolicy policy, AuthorizationPolicySpec spec, PolicyAction action,
        LabelQuery? selector, bool isDryRun, MeshSettings settings, Findings findings)
    {
        var denies = action == PolicyAction.Deny;
        var attributes = settings.Options.UnenforceableRules == UnenforceableRules.AsStock ? UnenforceableAttributes.Skip : UnenforceableAttributes.MatchAnything;
        var ns = policy.Metadata.Namespace ?? "";
        var domains = new TrustDomains([settings.Config.TrustDomain, .. settings.Config.TrustDomainAliases]);
        var (rules, plans) = (new List<PolicyRule>(), new List<RulePlan>());
        var refusal = RefusalOf(spec, denies ? "it denies every connection" : "it allows no connection");
        if (refusal is not null)
        {
            if (denies) rules.Add(new(default));
        }
        else if (CountValues(spec) is > MostValues and var count)
        {
            refusal = $"The policy has {count} values, at most {MostValues} are read: it {(denies ? "denies every" : "allows no")} connection. Split it.";
            if (denies) rules.Add(new(default));
            findings.Add("spec.rules", refusal, "Split it into several policies, or use address ranges and namespaces.");
        }
        else
        {
            foreach (var (index, rule) in (spec.Rules ?? []).Index())
            {
                var (compiled, plan) = new RuleCompiler(ns, denies, attributes, domains, findings).Compile(index, rule);
                if (compiled is not null) rules.Add(compiled);
                plans.Add(plan);
            }
        }
        var scope = selector is not null ? PolicyScope.WorkloadSelector : ns == settings.RootNamespace ? PolicyScope.Global : PolicyScope.Namespace;
        var result = new Model.Policies.AuthorizationPolicy
        {
            Name = policy.Metadata.Name,
            Namespace = ns,
            Scope = scope,
            Action = action,
            Rules = rules.ToEquatableArray(),
            DryRun = isDryRun,
        };
        return new(EnforcementHop.Ztunnel, result, selector, plans.ToEquatableArray(), refusal) { IsUnreadable = spec.Problem is not null };
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
                    from?.Source?.ServiceAccounts, from?.Source?.NotServiceAccounts, from?.Source?.IpBlocks, from?.Source?.NotIpBlocks);
            foreach (var to in rule?.To ?? []) count += Count(to?.Operation?.Ports, to?.Operation?.NotPorts);
            foreach (var when in rule?.When ?? []) count += Count(when?.Values, when?.NotValues);
        }
        return count;
    }

    private static long Count(params ReadOnlySpan<IReadOnlyList<string>?> lists)
    {
        long count = 1;
        foreach (var list in lists) count += list?.Count ?? 0;
        return count;
    }
}
