using System.Text.RegularExpressions;
using Ambient.Model;
using Ambient.Model.Policies;
using Kube = Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Policies;

/// <summary>One rule of a policy → what a connection or request is tested for. See <see cref="EnforcementPlan"/> for what cannot be tested.</summary>
/// <param name="denies">True: err by matching more. False: err by matching less.</param>
/// <param name="seesRequests">Who evaluates it sees requests, and not only connections.</param>
internal sealed partial class RuleCompiler(
    string policyNamespace, bool denies, bool seesRequests, UnenforceableAttributes attributes, TrustDomains domains, Findings findings)
{
    private readonly SortedSet<string> _attributes = new(StringComparer.Ordinal);
    private readonly List<string> _unreadable = [];
    private bool _impossible; // an ALLOW rule that nothing may match
    private bool _stockLosesRule; // a DENY rule of which stock passes over everything

    /// <returns>The rule to enforce, or null if none; and what became of it.</returns>
    public (PolicyRule? Rule, RulePlan Plan) Compile(int index, Kube.AuthorizationRule? rule)
    {
        var clauses = new List<PolicyClause>();
        var field = $"spec.rules[{index}]";
        if (rule is null) Unreadable(field, "null");
        AddClause(clauses, rule?.To, (to, i) => Operation(to, $"{field}.to[{i}].operation"));
        AddClause(clauses, rule?.From, (from, i) => Source(from, $"{field}.from[{i}].source"));
        foreach (var (i, when) in (rule?.When ?? []).Index())
            AddClause(clauses, [when], (condition, _) => Condition(condition, $"{field}.when[{i}]"));

        var isExact = _attributes.Count == 0 && _unreadable.Count == 0;
        if (!denies && (_impossible || _attributes.Count > 0 || rule is null)) return (null, Plan(index, RuleEffect.Closed));
        if (denies && _stockLosesRule) return (null, Plan(index, RuleEffect.Ineffective));
        return (new(clauses.ToEquatableArray()), Plan(index, isExact ? RuleEffect.Exact : RuleEffect.Closed));
    }

    private RulePlan Plan(int index, RuleEffect effect) => new(index, effect, _attributes.ToEquatableArray(), _unreadable.ToEquatableArray());

    /// <summary>Alternatives of which one must hold. None at all is no condition.</summary>
    private void AddClause<T>(List<PolicyClause> clauses, IReadOnlyList<T>? alternatives, Func<T, int, MatchDraft> read)
    {
        if (alternatives is not { Count: > 0 }) return;
        var matches = new List<PolicyMatch>();
        var (isOpen, isSkipped) = (false, false);
        foreach (var (index, alternative) in alternatives.Index())
        {
            var draft = read(alternative, index);
            var skips = draft.HasRequestAttributes && attributes == UnenforceableAttributes.Skip;
            if (draft.Outcome == MatchOutcome.Test) matches.Add(draft.ToMatch());
            else if (draft.Outcome == MatchOutcome.Anything && skips) isSkipped = true;
            else if (draft.Outcome == MatchOutcome.Anything) isOpen = true;
        }
        if (isOpen) return;
        if (matches.Count > 0) clauses.Add(new(matches.ToEquatableArray()));
        else if (isSkipped) _stockLosesRule = true;
        else _impossible = true;
    }

    private MatchDraft Operation(Kube.RuleTo? to, string field)
    {
        var draft = NewDraft();
        if (to?.Operation is not { } operation) return Empty(draft, field);
        draft.Ports(operation.Ports, operation.NotPorts, $"{field}.ports", $"{field}.notPorts");
        Request(draft.Hosts, draft, operation.Hosts, operation.NotHosts, field, "hosts", "notHosts");
        Request(draft.Methods, draft, operation.Methods, operation.NotMethods, field, "methods", "notMethods");
        Request(draft.Paths, draft, operation.Paths, operation.NotPaths, field, "paths", "notPaths");
        return draft.IsUntouched ? Empty(draft, field) : draft;
    }

    private MatchDraft Source(Kube.RuleFrom? from, string field)
    {
        var draft = NewDraft();
        if (from?.Source is not { } source) return Empty(draft, field);
        draft.Principals(source.Principals, source.NotPrincipals, $"{field}.principals", $"{field}.notPrincipals");
        draft.Namespaces(source.Namespaces, source.NotNamespaces, $"{field}.namespaces", $"{field}.notNamespaces");
        draft.ServiceAccounts(source.ServiceAccounts, source.NotServiceAccounts, policyNamespace, $"{field}.serviceAccounts", $"{field}.notServiceAccounts");
        draft.SourceIps(source.IpBlocks, source.NotIpBlocks, $"{field}.ipBlocks", $"{field}.notIpBlocks");
        Request(draft.RemoteIps, draft, source.RemoteIpBlocks, source.NotRemoteIpBlocks, field, "remoteIpBlocks", "notRemoteIpBlocks");
        Unknown(draft, source.RequestPrincipals, "requestPrincipals");
        Unknown(draft, source.NotRequestPrincipals, "notRequestPrincipals");
        return draft.IsUntouched ? Empty(draft, field) : draft;
    }

    private MatchDraft Condition(Kube.RuleCondition? condition, string field)
    {
        var draft = NewDraft();
        var (values, notValues) = (condition?.Values, condition?.NotValues);
        if (condition is null || (values is not { Count: > 0 } && notValues is not { Count: > 0 })) return Empty(draft, field);
        var (positive, negative) = ($"{field}.values", $"{field}.notValues");
        switch (condition.Key)
        {
            case "source.ip": draft.SourceIps(values, notValues, positive, negative); break;
            case "source.namespace": draft.Namespaces(values, notValues, positive, negative); break;
            case "source.principal": draft.Principals(values, notValues, positive, negative); break;
            case "destination.ip": draft.DestinationIps(values, notValues, positive, negative); break;
            case "destination.port": draft.Ports(values, notValues, positive, negative); break;
            case "source.serviceAccount": draft.ServiceAccounts(values, notValues, policyNamespace, positive, negative); break;
            case "remote.ip" when seesRequests: draft.RemoteIps(values, notValues, positive, negative); break;
            case var key when seesRequests && HeaderOf(key) is { } header: Header(draft, header, values, notValues, positive, negative); break;
            default: Unknown(draft, ["?"], condition.Key.Length > 0 ? condition.Key : "when without key"); break;
        }
        return draft;
    }

    /// <summary>What the two versions of HTTP have in different places is looked for where it is.</summary>
    private static void Header(MatchDraft draft, string name, IReadOnlyList<string>? values, IReadOnlyList<string>? notValues, string field, string notField)
    {
        if (name is "host" or ":authority") draft.Hosts(values, notValues, field, notField);
        else if (name == ":method") draft.Methods(values, notValues, field, notField);
        else draft.Header(name, values, notValues, field, notField);
    }

    /// <summary>Lower case.</summary>
    /// <returns>Null for a key that is about something else, or about what no header can be.</returns>
    private static string? HeaderOf(string key) => HeaderKey().Match(key) is { Success: true } match ? match.Groups[1].Value.ToLowerInvariant() : null;

    [GeneratedRegex(@"\Arequest\.headers\[(:authority|:method|[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,256})\]\z")]
    private static partial Regex HeaderKey();

    private MatchDraft NewDraft() => new(denies, domains, Unreadable);

    private void Request(Action<IReadOnlyList<string>?, IReadOnlyList<string>?, string, string> test, MatchDraft draft,
        IReadOnlyList<string>? values, IReadOnlyList<string>? notValues, string field, string name, string notName)
    {
        if (seesRequests)
        {
            test(values, notValues, $"{field}.{name}", $"{field}.{notName}");
            return;
        }
        Unknown(draft, values, name);
        Unknown(draft, notValues, notName);
    }

    private void Unknown(MatchDraft draft, IReadOnlyList<string>? values, string attribute)
    {
        if (values is not { Count: > 0 }) return;
        _attributes.Add(attribute.Length <= 80 ? attribute : attribute[..80]);
        draft.LeaveOut(isRequestAttribute: true);
    }

    // It might stand for anything or for nothing, and nobody can ask.
    private MatchDraft Empty(MatchDraft draft, string field)
    {
        Unreadable(field, "empty");
        draft.LeaveOut(isRequestAttribute: false);
        return draft;
    }

    private void Unreadable(string field, string value)
    {
        if (_unreadable.Count < Findings.Most) _unreadable.Add($"{field}: {value}");
        findings.Add(field, $"{value} cannot be evaluated; " + (denies ? "the rule denies more than it says." : "the rule allows less than it says."),
            "Correct it: kubectl edit authorizationpolicy.");
    }
}

/// <summary>What a DENY does where an alternative consists of attributes that a connection does not have.</summary>
internal enum UnenforceableAttributes
{
    /// <summary>It holds for every connection.</summary>
    MatchAnything,

    /// <summary>It is passed over, as stock does.</summary>
    Skip,
}
