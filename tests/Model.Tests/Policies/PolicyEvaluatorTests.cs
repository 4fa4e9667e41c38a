using System.Net;
using Ambient.Model.Connections;
using Ambient.Model.Identities;
using Ambient.Model.Policies;
using Ambient.TestKit.Mesh;

namespace Ambient.Model.Tests.Policies;

public sealed class PolicyEvaluatorTests
{
    private static readonly PolicyMatch Port80 = new() { DestinationPorts = [80] };
    private static readonly PolicyMatch Port81 = new() { DestinationPorts = [81] };

    [Fact]
    public void Without_policies_everything_is_allowed() => Assert.Equal(ReasonCode.None, Judge(Mesh).Reason);

    [Fact]
    public void A_matching_deny_refuses_also_what_an_allow_allows()
    {
        var mesh = Mesh.Policy("allow", PolicyAction.Allow, match: Port80).Policy("deny", PolicyAction.Deny, match: Port80);

        Assert.Equal(ReasonCode.DeniedByPolicy, Judge(mesh).Reason);
        Assert.Equal("denied by policy default/deny", Judge(mesh).ToString());
    }

    [Fact]
    public void A_deny_that_does_not_match_allows() =>
        Assert.Equal(ReasonCode.None, Judge(Mesh.Policy("deny", PolicyAction.Deny, match: Port81)).Reason);

    [Fact]
    public void Allow_policies_allow_only_what_one_of_them_matches()
    {
        var mesh = Mesh.Policy("other", PolicyAction.Allow, match: Port81);
        Assert.Equal(ReasonCode.NoPolicyAllows, Judge(mesh).Reason);

        mesh.Policy("this", PolicyAction.Allow, match: Port80);
        Assert.Equal("allowed by default/this", Judge(mesh).ToString());
    }

    [Fact]
    public void An_allow_without_rules_allows_nothing() =>
        Assert.Equal(ReasonCode.NoPolicyAllows, Judge(Mesh.Policy("nothing", PolicyAction.Allow)).Reason);

    [Theory]
    [InlineData(PolicyScope.Global, "root/p", false, true)]
    [InlineData(PolicyScope.Namespace, "default/p", false, true)]
    [InlineData(PolicyScope.Namespace, "other/p", false, false)]
    [InlineData(PolicyScope.WorkloadSelector, "default/p", false, false)]
    [InlineData(PolicyScope.WorkloadSelector, "other/p", true, true)]
    public void A_policy_applies_by_its_scope(PolicyScope scope, string name, bool attached, bool applies)
    {
        var mesh = new MeshBuilder().Policy(name, PolicyAction.Deny, scope, Port80)
            .Workload("web", "10.1.0.2", with: w => attached ? w with { AuthorizationPolicies = [name] } : w);

        Assert.Equal(applies ? ReasonCode.DeniedByPolicy : ReasonCode.None, Judge(mesh).Reason);
    }

    [Fact]
    public void A_policy_that_is_referred_to_and_missing_refuses()
    {
        var mesh = new MeshBuilder().Policy("allow", PolicyAction.Allow, match: Port80)
            .Workload("web", "10.1.0.2", with: w => w with { AuthorizationPolicies = ["default/lost"] });

        Assert.Equal(ReasonCode.PolicyMissing, Judge(mesh).Reason);
        Assert.Contains("default/lost", Judge(mesh).ToString());
    }

    [Theory]
    [InlineData(PolicyAction.Deny)]
    [InlineData(PolicyAction.Allow)]
    public void A_policy_that_cannot_be_read_refuses(PolicyAction action)
    {
        var state = Mesh.BuildState();
        state.Apply(new() { Policies = [new("default/bad", AuthorizationPolicy.Malformed("default", "bad", PolicyScope.Namespace, action, "no CIDR"))] });
        var snapshot = state.Current;

        var decision = PolicyEvaluator.Evaluate(snapshot.PoliciesFor(snapshot.FindWorkload(MeshBuilder.Uid("web"))!), Connection);

        Assert.Equal(ReasonCode.PolicyMalformed, decision.Reason);
    }

    [Fact]
    public void Dry_runs_are_reported_and_change_nothing()
    {
        var mesh = Mesh.Policy("deny", PolicyAction.Deny, match: Port80, dryRun: true)
            .Policy("allow", PolicyAction.Allow, match: Port81, dryRun: true);
        var reports = new List<string>();

        var decision = Judge(mesh, (outcome, policy) => reports.Add($"{outcome} {policy?.Key}"));

        Assert.True(decision.IsAllowed);
        Assert.Equal(["WouldDeny default/deny", "NoAllowMatched "], reports);
    }

    [Fact]
    public void A_dry_run_allow_is_not_said_to_have_missed_when_an_enforced_one_applies()
    {
        var mesh = Mesh.Policy("dry", PolicyAction.Allow, match: Port81, dryRun: true).Policy("real", PolicyAction.Allow, match: Port80);
        var reports = new List<DryRunOutcome>();

        Judge(mesh, (outcome, _) => reports.Add(outcome));

        Assert.Empty(reports);
    }

    [Fact]
    public void Strict_mutual_tls_as_a_policy_refuses_plaintext()
    {
        var strict = new PolicyMatch { NotPrincipals = [StringMatcher.Presence] };
        var mesh = Mesh.Policy("strict", PolicyAction.Deny, match: strict).Build();
        var policies = mesh.PoliciesFor(mesh.FindWorkload(MeshBuilder.Uid("web"))!);
        var plaintext = new ConnectionAttributes(null, IPAddress.Loopback, IPAddress.Loopback, 80);

        Assert.Equal(ReasonCode.DeniedByPolicy, PolicyEvaluator.Evaluate(policies, plaintext).Reason);
        Assert.True(PolicyEvaluator.Evaluate(policies, Connection).IsAllowed);
    }

    private static MeshBuilder Mesh => new MeshBuilder().Workload("web", "10.1.0.2");

    private static ConnectionAttributes Connection =>
        new(new SpiffeId("td", "shop", "client"), IPAddress.Parse("10.1.0.1"), IPAddress.Parse("10.1.0.2"), 80);

    private static PolicyDecision Judge(MeshBuilder builder, Action<DryRunOutcome, AuthorizationPolicy?>? onDryRun = null)
    {
        var mesh = builder.Build();
        return PolicyEvaluator.Evaluate(mesh.PoliciesFor(mesh.FindWorkload(MeshBuilder.Uid("web"))!), Connection, onDryRun);
    }
}
