using System.Net;
using Ambient.Model.Addresses;
using Ambient.Model.Connections;
using Ambient.Model.Identities;
using Ambient.Model.Policies;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Model.Tests.Policies;

/// <summary>The evaluator agrees with the obvious one, on policies and connections from a world so small that much matches.</summary>
public sealed class PolicyProperties
{
    private static readonly string[] Words = ["a", "ab", "b", "td"];
    private static readonly string[] Ranges = ["10.0.0.0/31", "10.0.0.1", "0.0.0.0/0", "fd00::/127", "::/0"];
    private static readonly string[] Addresses = ["10.0.0.0", "10.0.0.1", "10.0.0.2", "fd00::1", "fd00::2"];

    private static Gen<EquatableArray<T>> Few<T>(Gen<T> items) => Gen.Frequency(
        (3, Gen.Constant(default(EquatableArray<T>))),
        (1, items.ListOf(1).Select(list => list.ToEquatableArray())),
        (1, items.ListOf(2).Select(list => list.ToEquatableArray())));

    private static readonly Gen<StringMatcher> Matchers =
        from word in Gen.Elements([.. Words, "td/ns/a/sa/b"])
        from matcher in Gen.Elements(StringMatcher.Exact(word), StringMatcher.Prefix(word), StringMatcher.Suffix(word), StringMatcher.Presence)
        select matcher;

    private static readonly Gen<IpPrefix> Prefixes = Gen.Elements(Ranges).Select(IpPrefix.Parse);

    private static readonly Gen<ServiceAccountName> Accounts =
        from ns in Gen.Elements(Words) from name in Gen.Elements(Words) select new ServiceAccountName(ns, name);

    private static readonly Gen<PolicyMatch> Matches =
        from namespaces in Few(Matchers) from notNamespaces in Few(Matchers)
        from principals in Few(Matchers) from notPrincipals in Few(Matchers)
        from accounts in Few(Accounts) from notAccounts in Few(Accounts)
        from sources in Few(Prefixes) from notSources in Few(Prefixes)
        from destinations in Few(Prefixes) from notDestinations in Few(Prefixes)
        from ports in Few(Gen.Elements<ushort>(80, 81)) from notPorts in Few(Gen.Elements<ushort>(80, 81))
        select new PolicyMatch
        {
            Namespaces = namespaces, NotNamespaces = notNamespaces, Principals = principals, NotPrincipals = notPrincipals,
            ServiceAccounts = accounts, NotServiceAccounts = notAccounts, SourceIps = sources, NotSourceIps = notSources,
            DestinationIps = destinations, NotDestinationIps = notDestinations, DestinationPorts = ports, NotDestinationPorts = notPorts,
        };

    private static readonly Gen<AuthorizationPolicy> Policies =
        from action in Gen.Elements(PolicyAction.Allow, PolicyAction.Deny)
        from dryRun in Gen.Frequency((4, Gen.Constant(false)), (1, Gen.Constant(true)))
        from rules in Few(Few(Few(Matches).Select(m => new PolicyClause(m))).Select(c => new PolicyRule(c)))
        select new AuthorizationPolicy { Namespace = "n", Name = "p", Action = action, DryRun = dryRun, Rules = rules };

    private static readonly Gen<Call> Calls =
        from identity in Gen.Frequency((1, Gen.Constant<SpiffeId?>(null)),
            (4, from ns in Gen.Elements(Words) from account in Gen.Elements(Words) select (SpiffeId?)new SpiffeId("td", ns, account)))
        from source in Gen.Elements(Addresses) from destination in Gen.Elements(Addresses) from port in Gen.Elements<ushort>(80, 81)
        select new Call(identity, source, destination, port);

    private sealed record Call(SpiffeId? Identity, string Source, string Destination, ushort Port);

    [Fact]
    public void The_evaluator_agrees_with_the_obvious_one() => Prop.ForAll(
        Policies.ListOf(3).ToArbitrary(), Calls.ToArbitrary(), (policies, call) =>
        {
            var attributes = new ConnectionAttributes(call.Identity, IPAddress.Parse(call.Source), IPAddress.Parse(call.Destination), call.Port);

            var decision = PolicyEvaluator.Evaluate(new(policies.ToEquatableArray(), default), attributes);

            return decision.Reason == Obvious(policies, call);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1500));

    [Fact]
    public void A_missing_policy_never_allows_anything() => Prop.ForAll(
        Policies.ListOf(2).ToArbitrary(), Calls.ToArbitrary(), (policies, call) =>
        {
            var attributes = new ConnectionAttributes(call.Identity, IPAddress.Parse(call.Source), IPAddress.Parse(call.Destination), call.Port);
            return !PolicyEvaluator.Evaluate(new(policies.ToEquatableArray(), ["n/lost"]), attributes).IsAllowed;
        }).QuickCheckThrowOnFailure();

    private static ReasonCode Obvious(IEnumerable<AuthorizationPolicy> policies, Call call)
    {
        var enforced = policies.Where(policy => !policy.DryRun).ToList();
        bool Matches(AuthorizationPolicy policy) => policy.Rules.Any(rule =>
            rule.Clauses.All(clause => clause.Matches.IsEmpty || clause.Matches.Any(match => Hits(match, call))));

        if (enforced.Any(policy => policy.Action == PolicyAction.Deny && Matches(policy))) return ReasonCode.DeniedByPolicy;
        var allows = enforced.Where(policy => policy.Action == PolicyAction.Allow).ToList();
        return allows.Count == 0 || allows.Any(Matches) ? ReasonCode.None : ReasonCode.NoPolicyAllows;
    }

    private static bool Hits(PolicyMatch match, Call call)
    {
        var principal = call.Identity?.ToString().Replace("spiffe://", "");
        (bool HasValues, bool HasNots, bool Hit, bool NotHit)[] groups =
        [
            Group(match.Namespaces, match.NotNamespaces, matcher => Text(matcher, call.Identity?.Namespace)),
            Group(match.Principals, match.NotPrincipals, matcher => Text(matcher, principal)),
            Group(match.ServiceAccounts, match.NotServiceAccounts, account => principal?.EndsWith($"/ns/{account.Namespace}/sa/{account.Name}") == true),
            Group(match.SourceIps, match.NotSourceIps, range => InRange(range, call.Source)),
            Group(match.DestinationIps, match.NotDestinationIps, range => InRange(range, call.Destination)),
            Group(match.DestinationPorts, match.NotDestinationPorts, port => port == call.Port),
        ];
        return groups.Any(group => group.HasValues || group.HasNots)
            && groups.All(group => (!group.HasValues || group.Hit) && !group.NotHit);
    }

    private static (bool, bool, bool, bool) Group<T>(IEnumerable<T> values, IEnumerable<T> nots, Func<T, bool> hit) =>
        (values.Any(), nots.Any(), values.Any(hit), nots.Any(hit));

    private static bool InRange(IpPrefix range, string address) => IPNetwork.Parse(range.ToString()).Contains(IPAddress.Parse(address));

    private static bool Text(StringMatcher matcher, string? value) => !string.IsNullOrEmpty(value) && matcher.Kind switch
    {
        StringMatchKind.Exact => value == matcher.Text,
        StringMatchKind.Prefix => value.StartsWith(matcher.Text, StringComparison.Ordinal),
        StringMatchKind.Suffix => value.EndsWith(matcher.Text, StringComparison.Ordinal),
        _ => true,
    };
}
