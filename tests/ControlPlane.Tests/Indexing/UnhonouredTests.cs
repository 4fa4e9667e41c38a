using Ambient.Kubernetes.Resources;
using Ambient.TestKit.Cluster;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>Nobody takes what the mesh does not honour for honoured.</summary>
public sealed class UnhonouredTests
{
    private const string AsksForTokens = "{targetRefs: [{kind: Service, name: web}], rules: [{from: [{source: {requestPrincipals: ['*']}}]}]}";

    public static TheoryData<KubernetesObject, string> Kinds => new()
    {
        { Written.Object(ResourceTypes.RequestAuthentication, "x", "{}"), "requests pass with whatever token they carry" },
        { Written.Object(ResourceTypes.EnvoyFilter, "x", "{}"), "not Envoy" },
        { Written.Object(ResourceTypes.WasmPlugin, "x", "{}"), "run no extensions" },
        { Written.Object(ResourceTypes.TrafficExtension, "x", "{}"), "run no extensions" },
        { Written.Object(ResourceTypes.ProxyConfig, "x", "{}"), "parametersRef" },
        { Written.Object(ResourceTypes.Sidecar, "x", "{}"), "no sidecars" },
        { Written.Object(ResourceTypes.WorkloadGroup, "x", "{}"), "WorkloadEntry" },
    };

    [Theory, MemberData(nameof(Kinds), DisableDiscoveryEnumeration = true)]
    public void Its_status_says_so_and_what_follows(KubernetesObject value, string why)
    {
        var mesh = new IndexedMesh(value);

        var condition = mesh.Condition("WaypointAccepted", "x")!;
        Assert.Equal(("False", "UnsupportedValue"), (condition.Status, condition.Reason));
        Assert.Contains("has no effect", condition.Message, StringComparison.Ordinal);
        Assert.Contains(why, condition.Message, StringComparison.Ordinal);
        Assert.Contains(mesh.Index.Diagnostics, static line => line.Object.Name == "x");

        mesh.Remove(value);
        Assert.Empty(mesh.Index.DesiredConditions);
        Assert.Empty(mesh.Index.Diagnostics);
    }

    [Fact]
    public void Equal_names_of_different_kinds_are_told_apart()
    {
        var mesh = new IndexedMesh(Tokens("{}"), Written.Object(ResourceTypes.Sidecar, "x", "{}"));

        Assert.Equal(["RequestAuthentication", "Sidecar"], mesh.Index.DesiredConditions.Select(static set => set.Kind.Kind).Order());
        mesh.Remove(Tokens("{}"));
        Assert.Equal(["Sidecar"], mesh.Index.DesiredConditions.Select(static set => set.Kind.Kind));
    }

    [Fact]
    public void Nothing_is_written_where_it_is_said_already()
    {
        var (value, mesh) = (Tokens("{}"), new IndexedMesh());

        var wanted = Assert.Single(mesh.Set(value).Conditions);
        Assert.Empty(mesh.Set(value with { Status = new() { Conditions = wanted.Conditions } }).Conditions);
        Assert.Equal(wanted, Assert.Single(mesh.Set(value).Conditions));
    }

    [Fact]
    public void Objects_of_another_revision_and_of_namespaces_that_are_not_seen_are_left_to_others()
    {
        var mesh = new IndexedMesh();
        mesh.Set(Objects.MeshConfig("discoverySelectors:\n- matchLabels: {team: a}"), Objects.Namespace("default", "team=a"), Objects.Namespace("shop"),
            Written.Object(ResourceTypes.RequestAuthentication, "x", "{}", labels: "istio.io/rev=other"), Written.Object(ResourceTypes.EnvoyFilter, "shop/x", "{}"));

        Assert.Empty(mesh.Index.DesiredConditions);
        mesh.Set(Objects.Namespace("shop", "team=a"));
        Assert.Equal("shop/x", mesh.Index.DesiredConditions.Single().Object.ToString());
    }

    [Theory]
    [InlineData("{jwtRules: [{issuer: a, outputPayloadToHeader: x-payload}, {outputClaimToHeaders: [{header: x-sub, claim: sub}, {header: x-team, claim: team}]}]}", "what clients send: 'x-sub', 'x-team', 'x-payload'")]
    [InlineData("{jwtRules: [null, {outputClaimToHeaders: [null, {claim: sub}]}]}", null)]
    [InlineData("{jwtRules: 5}", null)]
    public void Headers_on_which_servers_might_rely_are_named(string spec, string? told)
    {
        var message = new IndexedMesh(Tokens(spec)).Condition("WaypointAccepted", "x")!.Message!;

        if (told is null) Assert.DoesNotContain("what clients send", message, StringComparison.Ordinal);
        else Assert.All(told.Split(": ")[1].Split(", "), header => Assert.Contains(header, message, StringComparison.Ordinal));
    }

    [Fact]
    public void Policies_that_refuse_because_nobody_verifies_tokens_are_named_as_long_as_they_do()
    {
        var policy = Written.Object(ResourceTypes.AuthorizationPolicy, "must-sign-in", AsksForTokens);
        var mesh = new IndexedMesh(Tokens("{}"), Objects.Policy("other"), policy, Written.Object(ResourceTypes.AuthorizationPolicy, "shop/elsewhere", AsksForTokens));

        Assert.Contains("in AuthorizationPolicy must-sign-in.", Message(mesh), StringComparison.Ordinal);
        mesh.Remove(policy);
        Assert.DoesNotContain("must-sign-in", Message(mesh), StringComparison.Ordinal);
        mesh.Set(policy with { Spec = policy.Spec! with { Action = "DENY" } });
        Assert.Contains("must-sign-in", Message(mesh), StringComparison.Ordinal);
        mesh.Set(policy with { Spec = policy.Spec! with { Rules = [new()] } });
        Assert.DoesNotContain("must-sign-in", Message(mesh), StringComparison.Ordinal);

        static string Message(IndexedMesh mesh) => mesh.Condition("WaypointAccepted", "x")!.Message!;
    }

    [Theory]
    [InlineData("from: [{source: {notRequestPrincipals: ['*']}}]", true)]
    [InlineData("when: [{key: 'request.auth.claims[iss]', values: [x]}]", true)]
    [InlineData("when: [{key: connection.sni, values: [x]}]", false)]
    [InlineData("to: [{operation: {methods: [GET]}}]", false)]
    public void Only_what_tokens_say_counts(string rule, bool named)
    {
        var mesh = new IndexedMesh(Tokens("{}"), Written.Object(ResourceTypes.AuthorizationPolicy, "p", $"{{targetRefs: [{{kind: Service, name: web}}], rules: [{{{rule}}}]}}"));

        Assert.Equal(named, mesh.Index.DesiredConditions.Single(static set => set.Kind.Kind == "RequestAuthentication").Conditions.Single().Message!.Contains("AuthorizationPolicy p.", StringComparison.Ordinal));
    }

    private static RequestAuthentication Tokens(string spec) => Written.Object(ResourceTypes.RequestAuthentication, "x", spec);
}
