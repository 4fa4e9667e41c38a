using Kube = Ambient.Kubernetes.Resources;
using System.Text.Json;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Policies;
using static Ambient.TestKit.Cluster.Objects;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>A policy that cannot be read refuses what it could refuse, where it says that it applies, and says so in its status.</summary>
public sealed class UnreadablePolicyTests
{
    private const string Rule = """{"from":[{"source":{"principal":["a"]}}]}"""; // the field is called principals

    [Theory]
    [InlineData($$"""{"action":"DENY","rules":[{{Rule}}]}""", PolicyAction.Deny)]
    [InlineData($$"""{"action":"CUSTOM","provider":{"name":"x"},"rules":[{{Rule}}]}""", PolicyAction.Deny)]
    [InlineData("""{"action":{"is":"DENY"}}""", PolicyAction.Deny)]
    [InlineData("""{"action":"DENY","rules":[{"to":[{"operation":{"ports":8080}}]}]}""", PolicyAction.Deny)]
    [InlineData("\"nonsense\"", PolicyAction.Deny)]
    [InlineData($$"""{"rules":[{{Rule}}]}""", PolicyAction.Allow)]
    [InlineData("""{"action":"ALLOW","rules":{"from":[]}}""", PolicyAction.Allow)]
    [InlineData("""{"rule":[{}]}""", PolicyAction.Allow)]
    public void Nothing_passes_it(string spec, PolicyAction action)
    {
        var mesh = new IndexedMesh(Read(spec));

        var policy = Assert.Single(mesh.Snapshot.Policies).Policy;
        Assert.Equal((action, PolicyScope.Namespace), (policy.Action, policy.Scope));
        if (action == PolicyAction.Deny) Assert.True(Assert.Single(policy.Rules).Clauses.IsEmpty);
        else Assert.Empty(policy.Rules);
    }

    [Fact]
    public void Its_selector_is_kept_so_that_it_concerns_nobody_else()
    {
        var mesh = new IndexedMesh(Pod("web", "10.0.0.1", "app=web"), Pod("cart", "10.0.0.2", "app=cart"),
            Read("""{"selector":{"matchLabels":{"app":"web"}},"action":"DENY","rules":7}"""));

        Assert.Equal(["default/p"], mesh.Pod("web").AuthorizationPolicies);
        Assert.Empty(mesh.Pod("cart").AuthorizationPolicies);
    }

    [Theory]
    [InlineData("""{"selector":{"matchLabels":["app"]},"rules":[]}""")]
    [InlineData("""{"selector":{"matchExpressions":[]},"rules":[]}""")]
    [InlineData("""{"selector":"app=web"}""")]
    public void With_a_selector_that_cannot_be_read_it_is_for_the_whole_namespace(string spec) =>
        Assert.Equal(PolicyScope.Namespace, Assert.Single(new IndexedMesh(Read(spec)).Snapshot.Policies).Policy.Scope);

    [Theory]
    [InlineData("""{"targetRefs":[{"kind":"Service","name":"web"}],"rules":7}""")]
    [InlineData("""{"targetRefs":"web","rules":[]}""")]
    [InlineData("""{"targetRef":{"kind":"Service","nam":"web"}}""")]
    public void With_targets_it_is_none_of_ztunnels_and_its_status_says_that_nobody_enforces_it(string spec)
    {
        var mesh = new IndexedMesh(Read(spec));

        Assert.Empty(mesh.Snapshot.Policies);
        Assert.Equal(("False", "Invalid"), StatusOf(mesh, "WaypointAccepted"));
        Assert.Null(mesh.Condition("ZtunnelAccepted", "p"));
    }

    [Fact]
    public void An_audit_or_a_dry_run_refuses_nothing_however_it_is_written()
    {
        Assert.Empty(new IndexedMesh(Read("""{"action":"AUDIT","rules":7}""")).Snapshot.Policies);
        Assert.Empty(new IndexedMesh(Read("""{"action":"DENY","rules":7}""", """{"istio.io/dry-run":"true"}""")).Snapshot.Policies);
    }

    [Fact]
    public void Its_status_and_the_log_name_the_field()
    {
        var mesh = new IndexedMesh();

        var changes = mesh.Set(Read($$"""{"rules":[{{Rule}}]}"""));

        Assert.Equal(("False", "Invalid"), StatusOf(mesh, "ZtunnelAccepted"));
        Assert.Contains(".rules[0].from[0].source.principal", mesh.Condition("ZtunnelAccepted", "p")!.Message, StringComparison.Ordinal);
        Assert.Contains(changes.NewDiagnostics, static line => line.Object.Name == "p" && line.Problem.Contains("source.principal", StringComparison.Ordinal));
        Assert.Empty(mesh.Set(Pod("web")).NewDiagnostics);
    }

    [Fact]
    public void A_status_that_cannot_be_read_takes_nothing_from_the_policy()
    {
        var policy = ReadObject("""{"spec":{"action":"DENY","rules":[{}]},"status":{"conditions":"none"}}""");

        Assert.Null(policy.Status);
        Assert.Null(policy.Spec!.Problem);
    }

    [Theory]
    [InlineData("""{"mtls":{"mod":"STRICT"}}""")]
    [InlineData("""{"mtls":"STRICT"}""")]
    [InlineData("""{"mtls":{"mode":"PERMISSIVE"},"portLevelMtls":[8080]}""")]
    public void A_peer_authentication_that_cannot_be_read_is_strict_where_it_applies(string spec)
    {
        var json = $$"""{"metadata":{"namespace":"default","name":"p"},"spec":{{spec.Replace("\"mtls\"", "\"selector\":{\"matchLabels\":{\"app\":\"web\"}},\"mtls\"", StringComparison.Ordinal)}}}""";
        var mesh = new IndexedMesh(Pod("web", "10.0.0.1", "app=web"), Pod("cart", "10.0.0.2", "app=cart"),
            JsonSerializer.Deserialize(json, KubernetesJson.Default.PeerAuthentication)!);

        Assert.Equal(["istio-system/istio_converted_static_strict"], mesh.Pod("web").AuthorizationPolicies);
        Assert.Empty(mesh.Pod("cart").AuthorizationPolicies);
        Assert.Equal(("False", "Invalid"), StatusOf(mesh, "ZtunnelAccepted"));
    }

    [Fact]
    public void A_peer_authentication_that_can_be_read_has_nothing_to_say_in_its_status() =>
        Assert.Empty(new IndexedMesh(Peer("p", "STRICT")).Index.DesiredConditions);

    private static (string, string?) StatusOf(IndexedMesh mesh, string type) => mesh.Condition(type, "p") is { } found ? (found.Status, found.Reason) : ("none", null);

    private static Kube.AuthorizationPolicy Read(string spec, string annotations = "{}") => ReadObject($$"""{"metadata":{"annotations":{{annotations}}},"spec":{{spec}}}""");

    private static Kube.AuthorizationPolicy ReadObject(string json)
    {
        var value = JsonSerializer.Deserialize(json, KubernetesJson.Default.AuthorizationPolicy)!;
        return value with { Metadata = value.Metadata with { Namespace = "default", Name = "p" } };
    }
}
