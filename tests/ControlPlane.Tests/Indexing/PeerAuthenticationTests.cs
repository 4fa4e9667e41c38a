using Ambient.Kubernetes.Resources;
using Ambient.Model.Policies;
using static Ambient.TestKit.Cluster.Objects;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>What PeerAuthentications become: which policies, and who refers to them.</summary>
public sealed class PeerAuthenticationTests
{
    private const string Static = "istio-system/istio_converted_static_strict", Converted = "default/converted_peer_authentication_own";

    // mesh | namespace | own | own ports → reference
    [Theory]
    [InlineData(null, null, null, "", null)]
    [InlineData("STRICT", null, null, "", Static)]
    [InlineData("STRICT", "UNSET", null, "", Static)]
    [InlineData("STRICT", "PERMISSIVE", null, "", null)]
    [InlineData("STRICT", "DISABLE", null, "", null)] // unlike UNSET, it does not inherit
    [InlineData("PERMISSIVE", "STRICT", null, "", Static)]
    [InlineData(null, null, "STRICT", "", Static)]
    [InlineData(null, null, "STRICT", "80=STRICT", Static)]
    [InlineData(null, null, "STRICT", "80=PERMISSIVE", Converted)]
    [InlineData(null, null, "STRICT", "80=DISABLE", Converted)]
    [InlineData(null, null, "PERMISSIVE", "", null)]
    [InlineData(null, null, "PERMISSIVE", "80=DISABLE", null)]
    [InlineData(null, null, "PERMISSIVE", "80=STRICT", Converted)]
    [InlineData(null, null, "DISABLE", "80=STRICT", Converted)]
    [InlineData("STRICT", null, "PERMISSIVE", "", null)]
    [InlineData("STRICT", null, "UNSET", "", Static)]
    [InlineData("STRICT", null, "UNSET", "80=STRICT", Static)]
    [InlineData("STRICT", null, "UNSET", "80=PERMISSIVE", Converted)]
    [InlineData("STRICT", null, "UNSET", "80=DISABLE", Converted)] // stock looks for PERMISSIVE only
    [InlineData("STRICT", "UNSET", "UNSET", "80=PERMISSIVE", Converted)] // stock refers to a policy that does not exist
    [InlineData("PERMISSIVE", null, "UNSET", "80=STRICT", Converted)]
    [InlineData("STRICT", "PERMISSIVE", "UNSET", "80=PERMISSIVE", null)]
    public void A_workload_refers_to_what_its_effective_mode_needs(string? mesh, string? ns, string? own, string ports, string? reference)
    {
        var index = new IndexedMesh(Pod("web", labels: "app=web"));
        if (mesh is not null) index.Set(Peer("istio-system/mesh", mesh));
        if (ns is not null) index.Set(Peer("ns", ns));
        if (own is not null) index.Set(Peer("own", own, "app=web", ports));

        Assert.Equal(reference is null ? [] : [reference], index.Pod("web").AuthorizationPolicies);
        Assert.All(index.Pod("web").AuthorizationPolicies, name => Assert.Contains(index.Snapshot.Policies, policy => policy.ResourceName == name));
    }

    [Fact]
    public void The_static_policy_is_there_as_soon_as_any_object_is_and_refuses_whoever_has_no_identity()
    {
        Assert.Equal(0, new IndexedMesh(Pod("web")).Snapshot.PolicyCount);

        var policy = Assert.Single(new IndexedMesh(Peer("elsewhere/x", "PERMISSIVE")).Snapshot.Policies);

        Assert.Equal(Static, policy.ResourceName);
        Assert.Equal((PolicyAction.Deny, PolicyScope.WorkloadSelector), (policy.Policy.Action, policy.Policy.Scope));
        Assert.Equal([StringMatcher.Presence], Assert.Single(Assert.Single(Assert.Single(policy.Policy.Rules).Clauses).Matches).NotPrincipals);
    }

    [Fact]
    public void Exempt_ports_are_excluded_from_one_rule()
    {
        var policy = ConvertedFor("STRICT", "80=PERMISSIVE 81=DISABLE 82=STRICT");

        var clauses = Assert.Single(policy.Rules).Clauses;
        Assert.Equal([StringMatcher.Presence], clauses[0].Matches[0].NotPrincipals);
        Assert.Equal(["80", "81"], clauses.Skip(1).Select(static clause => $"{Assert.Single(Assert.Single(clause.Matches).NotDestinationPorts)}"));
    }

    [Fact]
    public void Each_strict_port_has_a_rule_of_its_own()
    {
        var policy = ConvertedFor("PERMISSIVE", "80=STRICT 81=STRICT 82=PERMISSIVE");

        Assert.Equal(["80", "81"], policy.Rules.Select(static rule => $"{Assert.Single(Assert.Single(Assert.Single(rule.Clauses).Matches).DestinationPorts)}"));
        Assert.All(policy.Rules, static rule => Assert.Equal([StringMatcher.Presence], rule.Clauses[0].Matches[0].NotPrincipals));
    }

    [Fact]
    public void The_oldest_of_a_level_is_in_force()
    {
        var mesh = new IndexedMesh(Pod("web", labels: "app=web"),
            Peer("young", "PERMISSIVE", "app=web"), Peer("old", "STRICT", "app=web", age: 5),
            Peer("istio-system/young", "STRICT"), Peer("istio-system/old", "PERMISSIVE", age: 5));

        Assert.Equal([Static], mesh.Pod("web").AuthorizationPolicies);
    }

    [Fact]
    public void A_selector_in_the_root_namespace_selects_nothing_and_says_so()
    {
        var mesh = new IndexedMesh(Pod("web", labels: "app=web"), Pod("istio-system/web", "10.0.0.2", "app=web"), Peer("istio-system/own", "STRICT", "app=web"));

        Assert.Empty(mesh.Pod("web").AuthorizationPolicies);
        Assert.Empty(mesh.Pod("istio-system/web").AuthorizationPolicies);
        Assert.Equal("spec.selector", Assert.Single(mesh.Index.Diagnostics).Field);
    }

    [Theory]
    [InlineData("", "80=STRICT", "spec.portLevelMtls", false)] // ports need a selector
    [InlineData("app=web", "70000=STRICT", "spec.portLevelMtls", true)] // which port was meant? all
    [InlineData("app=web", "70000=PERMISSIVE", "spec.portLevelMtls", false)]
    [InlineData("app=web", "80=ALWAYS", "spec.portLevelMtls[80].mode", true)] // unknown: strict
    public void What_cannot_be_read_is_closed_and_reported(string selector, string ports, string field, bool refused)
    {
        var mesh = new IndexedMesh(Pod("web", labels: "app=web"), Peer("own", "UNSET", selector, ports));

        Assert.Equal(refused, mesh.Pod("web").AuthorizationPolicies.Count == 1);
        Assert.Equal(field, Assert.Single(mesh.Index.Diagnostics).Field);
    }

    [Fact]
    public void An_unknown_mode_is_strict() =>
        Assert.Equal([Static], new IndexedMesh(Pod("web"), Peer("ns", "MAYBE")).Pod("web").AuthorizationPolicies);

    [Fact]
    public void Endpoints_and_entries_follow_their_labels_too()
    {
        var mesh = new IndexedMesh(Peer("own", "STRICT", "app=vm"), WorkloadEntry("vm", "10.6.0.1", "app=vm"),
            ServiceEntry("entry", "x.example.com", labels: "app=vm", endpoints: new WorkloadEntrySpec { Address = "10.5.0.1" }));

        Assert.All(mesh.Snapshot.Workloads, static workload => Assert.Equal([Static], workload.AuthorizationPolicies));
        Assert.Equal(2, mesh.Snapshot.WorkloadCount);
    }

    private static Model.Policies.AuthorizationPolicy ConvertedFor(string mode, string ports) =>
        new IndexedMesh(Peer("own", mode, "app=web", ports)).Snapshot.Policies.Single(static policy => policy.ResourceName == Converted).Policy;
}
