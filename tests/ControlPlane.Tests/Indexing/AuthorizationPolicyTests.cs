using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Policies;
using static Ambient.TestKit.Cluster.Objects;
using ModelPolicy = Ambient.Model.Policies.AuthorizationPolicy;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>What an AuthorizationPolicy becomes, and what its status says.</summary>
public sealed class AuthorizationPolicyTests
{
    [Theory]
    [InlineData("shop/p", "", PolicyScope.Namespace)]
    [InlineData("istio-system/p", "", PolicyScope.Global)]
    [InlineData("shop/p", "app=web", PolicyScope.WorkloadSelector)]
    [InlineData("istio-system/p", "app=web", PolicyScope.WorkloadSelector)]
    public void Its_scope_follows_from_its_namespace_and_selector(string name, string selector, PolicyScope scope) =>
        Assert.Equal(scope, Find(new IndexedMesh(Policy(name, selector: selector)), name).Scope);

    [Fact]
    public void The_root_namespace_is_the_configurations()
    {
        var mesh = new IndexedMesh(MeshConfig("rootNamespace: bank"), Policy("bank/p"), Policy("istio-system/q"));

        Assert.Equal(PolicyScope.Global, Find(mesh, "bank/p").Scope);
        Assert.Equal(PolicyScope.Namespace, Find(mesh, "istio-system/q").Scope);
    }

    [Theory]
    [InlineData(null, PolicyAction.Allow)]
    [InlineData("ALLOW", PolicyAction.Allow)]
    [InlineData("DENY", PolicyAction.Deny)]
    public void Its_action_is_kept(string? action, PolicyAction expected) => Assert.Equal(expected, Find(new IndexedMesh(Policy("p", action)), "p").Action);

    [Fact]
    public void Without_rules_it_matches_nothing_and_an_empty_rule_matches_everything()
    {
        Assert.Empty(Find(new IndexedMesh(Policy("p")), "p").Rules);
        Assert.True(Assert.Single(Find(new IndexedMesh(Policy("p", rules: new AuthorizationRule())), "p").Rules).Clauses.IsEmpty);
    }

    [Theory]
    [InlineData("principals", "cluster.local/ns/a/sa/b", "Principals=[cluster.local/ns/a/sa/b]")]
    [InlineData("principals", "*", "Principals=[*]")]
    [InlineData("principals", "*/sa/b", "Principals=[*/sa/b]")]
    [InlineData("principals", "cluster.local/*", "Principals=[cluster.local/*]")]
    [InlineData("notPrincipals", "*", "NotPrincipals=[*]")]
    [InlineData("namespaces", "shop", "Namespaces=[shop]")]
    [InlineData("notNamespaces", "sh*", "NotNamespaces=[sh*]")]
    [InlineData("serviceAccounts", "a/b", "ServiceAccounts=[a/b]")]
    [InlineData("serviceAccounts", "b", "ServiceAccounts=[default/b]")]
    [InlineData("notServiceAccounts", "b", "NotServiceAccounts=[default/b]")]
    [InlineData("ipBlocks", "10.0.0.1", "SourceIps=[10.0.0.1/32]")]
    [InlineData("ipBlocks", "fd00::1", "SourceIps=[fd00::1/128]")]
    [InlineData("notIpBlocks", "10.0.0.0/8", "NotSourceIps=[10.0.0.0/8]")]
    [InlineData("ports", "8080", "DestinationPorts=[8080]")]
    [InlineData("notPorts", "8080", "NotDestinationPorts=[8080]")]
    [InlineData("when source.ip", "10.0.0.0/8", "SourceIps=[10.0.0.0/8]")]
    [InlineData("when source.namespace", "a", "Namespaces=[a]")]
    [InlineData("when source.principal", "*", "Principals=[*]")]
    [InlineData("when destination.ip", "10.0.0.1", "DestinationIps=[10.0.0.1/32]")]
    [InlineData("when destination.port", "80", "DestinationPorts=[80]")]
    [InlineData("whenNot source.ip", "10.0.0.0/8", "NotSourceIps=[10.0.0.0/8]")]
    [InlineData("whenNot destination.ip", "10.0.0.1", "NotDestinationIps=[10.0.0.1/32]")]
    public void Each_attribute_of_a_connection_has_its_field(string attribute, string value, string expected)
    {
        var policy = Find(new IndexedMesh(Policy("p", rules: RuleOf(attribute, value))), "p");

        var match = Assert.Single(Assert.Single(Assert.Single(policy.Rules).Clauses).Matches);
        Assert.Equal(expected, Show(match));
    }

    [Fact]
    public void Alternatives_are_ored_within_to_and_from_and_conditions_are_anded()
    {
        var rule = new AuthorizationRule
        {
            From = [new() { Source = new() { Namespaces = ["a"] } }, new() { Source = new() { Namespaces = ["b"] } }],
            To = [new() { Operation = new() { Ports = ["80"] } }],
            When = [new() { Key = "source.ip", Values = ["10.0.0.0/8"] }, new() { Key = "destination.port", NotValues = ["81"] }],
        };

        var clauses = Assert.Single(Find(new IndexedMesh(Policy("p", rules: rule)), "p").Rules).Clauses;

        Assert.Equal([1, 2, 1, 1], clauses.Select(static clause => clause.Matches.Count));
    }

    [Theory]
    [InlineData("methods")]
    [InlineData("hosts")]
    [InlineData("paths")]
    [InlineData("notMethods")]
    [InlineData("requestPrincipals")]
    [InlineData("remoteIpBlocks")]
    [InlineData("when request.headers[x]")]
    public void An_allow_rule_with_attributes_of_requests_is_left_out_and_the_status_says_so(string attribute)
    {
        var mesh = new IndexedMesh(Policy("p", "ALLOW", "", "", RuleOf(attribute, "1.2.3.4"), To(new() { Ports = ["80"] })));

        Assert.Equal("DestinationPorts=[80]", Show(Assert.Single(Find(mesh, "p").Rules).Clauses[0].Matches[0]));
        AssertStatus(mesh, "True", "UnsupportedValue", attribute.Replace("when ", ""), "omitted");
    }

    [Fact]
    public void A_deny_rule_is_enforced_without_its_attributes_of_requests_and_the_status_says_so()
    {
        var mesh = new IndexedMesh(Policy("p", "DENY", rules: To(new() { Ports = ["80"], Methods = ["DELETE"], Paths = ["/x"] })));

        Assert.Equal("DestinationPorts=[80]", Show(Assert.Single(Find(mesh, "p").Rules).Clauses[0].Matches[0]));
        AssertStatus(mesh, "True", "UnsupportedValue", "methods, paths", "denies more");
    }

    [Fact]
    public void A_deny_rule_of_requests_alone_denies_every_connection_and_the_status_says_so()
    {
        var mesh = new IndexedMesh(Policy("p", "DENY", rules: To(new() { Methods = ["DELETE"] })));

        Assert.True(Assert.Single(Find(mesh, "p").Rules).Clauses.IsEmpty);
        AssertStatus(mesh, "True", "UnsupportedValue", "methods", "everything is denied");
    }

    [Fact]
    public void One_alternative_of_requests_alone_takes_the_limit_off_its_deny_rule()
    {
        var rule = new AuthorizationRule
        {
            To = [new() { Operation = new() { Ports = ["80"] } }, new() { Operation = new() { Methods = ["DELETE"] } }],
            From = [new() { Source = new() { Namespaces = ["a"] } }],
        };

        var clause = Assert.Single(Assert.Single(Find(new IndexedMesh(Policy("p", "DENY", rules: rule)), "p").Rules).Clauses);

        Assert.Equal("Namespaces=[a]", Show(clause.Matches[0]));
    }

    [Fact]
    public void As_stock_such_a_deny_rule_has_no_effect_but_the_status_does_not_claim_otherwise()
    {
        var mesh = new IndexedMesh(new IndexOptions { UnenforceableRules = UnenforceableRules.AsStock });
        mesh.Set(Policy("p", "DENY", rules: To(new() { Methods = ["DELETE"] })), Policy("custom", "CUSTOM", rules: new AuthorizationRule()));

        Assert.Empty(Find(mesh, "p").Rules);
        AssertStatus(mesh, "False", "UnsupportedValue", "methods", "no effect");
        Assert.Equal("default/p", Assert.Single(mesh.Snapshot.Policies).ResourceName);
    }

    [Fact]
    public void Custom_refuses_what_it_would_have_asked_about()
    {
        var mesh = new IndexedMesh(Policy("p", "CUSTOM", rules: To(new() { Ports = ["80"] })));

        Assert.Equal(PolicyAction.Deny, Find(mesh, "p").Action);
        AssertStatus(mesh, "False", "UnsupportedValue", "CUSTOM", "refused");
    }

    [Theory]
    [InlineData("AUDIT", "")]
    [InlineData("DENY", "istio.io/dry-run=true")]
    public void What_refuses_nothing_is_left_out_and_the_status_says_so(string action, string annotations)
    {
        var mesh = new IndexedMesh(Pod("web", labels: "app=web"), Policy("p", action, "app=web", annotations, new AuthorizationRule()));

        Assert.Equal(0, mesh.Snapshot.PolicyCount);
        Assert.True(mesh.Pod("web").AuthorizationPolicies.IsEmpty);
        AssertStatus(mesh, "False", "UnsupportedValue", "");
    }

    [Fact]
    public void Dry_run_is_sent_where_that_is_asked_for()
    {
        var mesh = new IndexedMesh(new IndexOptions { DryRunPolicies = true });
        mesh.Set(Policy("p", "DENY", annotations: "istio.io/dry-run=true", rules: new AuthorizationRule()));

        Assert.True(Find(mesh, "p").DryRun);
        AssertStatus(mesh, "True", "Accepted", "attached to ztunnel");
    }

    [Theory]
    [InlineData("ports", "70000")]
    [InlineData("ports", "0")]
    [InlineData("ports", "http")]
    [InlineData("ipBlocks", "10.0.0.300")]
    [InlineData("ipBlocks", "10.0.0.0/33")]
    [InlineData("principals", "")]
    [InlineData("principals", "spiffe://cluster.local/ns/a/sa/b")]
    [InlineData("principals", "a*b")]
    [InlineData("serviceAccounts", "a/b/c")]
    [InlineData("serviceAccounts", "*")]
    [InlineData("when destination.port", "x")]
    public void A_value_that_cannot_be_read_allows_nothing_denies_anything_and_is_named(string attribute, string value)
    {
        var mesh = new IndexedMesh(Policy("allow", "ALLOW", rules: RuleOf(attribute, value)), Policy("p", "DENY", rules: RuleOf(attribute, value)));

        Assert.Empty(Find(mesh, "allow").Rules);
        Assert.True(Assert.Single(Find(mesh, "p").Rules).Clauses.IsEmpty);
        AssertStatus(mesh, "True", "UnsupportedValue", "spec.rules[0]", "denies more");
        Assert.Equal(2, mesh.Index.Diagnostics.Count(static line => line.Kind == "AuthorizationPolicy"));
    }

    [Fact]
    public void An_exclusion_that_cannot_be_read_excludes_nobody_from_a_deny_and_everybody_from_an_allow()
    {
        var mesh = new IndexedMesh(
            Policy("allow", "ALLOW", rules: RuleOf("notPorts", "x")), Policy("p", "DENY", rules: To(new() { Ports = ["80"], NotPorts = ["81", "x"] })));

        Assert.Empty(Find(mesh, "allow").Rules);
        Assert.Equal("DestinationPorts=[80] NotDestinationPorts=[81]", Show(Find(mesh, "p").Rules[0].Clauses[0].Matches[0]));
    }

    [Fact]
    public void A_policy_of_absurd_size_is_not_read_and_refuses_all_it_could_refuse()
    {
        string[] many = [.. Enumerable.Range(0, 20_001).Select(static number => $"10.{number / 65536}.{number / 256 % 256}.{number % 256}")];
        var mesh = new IndexedMesh(Policy("p", "DENY", rules: From(new() { IpBlocks = many })), Policy("allow", "ALLOW", rules: From(new() { IpBlocks = many })));

        Assert.True(Assert.Single(Find(mesh, "p").Rules).Clauses.IsEmpty);
        Assert.Empty(Find(mesh, "allow").Rules);
        AssertStatus(mesh, "False", "UnsupportedValue", "20000");
    }

    [Theory]
    [InlineData("gateway.networking.k8s.io:Gateway:wp", "True", "Accepted", "bound to default/wp")]
    [InlineData("gateway.networking.k8s.io:Gateway:none", "False", "TargetNotFound", "does not exist")]
    [InlineData("gateway.networking.k8s.io:Gateway:unready", "False", "AncestorNotBound", "no address")]
    [InlineData(":Service:web", "True", "Accepted", "bound to default/wp, default/next")]
    [InlineData("core:Service:web", "True", "Accepted", "bound to default/wp, default/next")]
    [InlineData(":Service:plain", "False", "AncestorNotBound", "plain")]
    [InlineData(":Service:none", "False", "TargetNotFound", "Service.core:default/none")]
    [InlineData("networking.istio.io:ServiceEntry:entry", "True", "Accepted", "bound to default/wp")]
    [InlineData("gateway.networking.k8s.io:GatewayClass:istio-waypoint", "False", "Invalid", "root namespace")]
    [InlineData("apps:Deployment:web", "False", "Invalid", "Deployment.apps:default/web")]
    public void A_target_is_bound_or_the_status_says_why_not(string target, string status, string reason, string words)
    {
        var mesh = new IndexedMesh(Targets());
        mesh.Set(PolicyOn("p", target));

        var condition = mesh.Condition("WaypointAccepted", "p")!;
        Assert.Equal((status, reason), (condition.Status, condition.Reason));
        Assert.Contains(words, condition.Message);
        Assert.Equal(0, mesh.Snapshot.PolicyCount);
        Assert.Null(mesh.Condition("ZtunnelAccepted", "p"));
    }

    [Theory]
    [InlineData("istio-waypoint", "True", "Accepted")]
    [InlineData("ambient-waypoint", "True", "Accepted")]
    [InlineData("istio", "False", "Invalid")]
    [InlineData("none", "False", "TargetNotFound")]
    public void A_class_of_waypoints_can_be_a_target_in_the_root_namespace(string name, string status, string reason)
    {
        var mesh = new IndexedMesh(GatewayClass("istio-waypoint"), GatewayClass("ambient-waypoint", "ambient.mesh/waypoint-controller"), GatewayClass("istio", "istio.io/gateway-controller"),
            PolicyOn("istio-system/p", $"gateway.networking.k8s.io:GatewayClass:{name}"));

        var condition = mesh.Condition("WaypointAccepted", "istio-system/p")!;
        Assert.Equal((status, reason), (condition.Status, condition.Reason));
    }

    [Fact]
    public void Several_targets_are_folded_into_one_condition()
    {
        var mesh = new IndexedMesh(Targets());
        mesh.Set(PolicyOn("p", ":Service:web", ":Service:plain", "gateway.networking.k8s.io:Gateway:none"));

        var condition = mesh.Condition("WaypointAccepted", "p")!;
        Assert.Equal(("True", "PartiallyInvalid"), (condition.Status, condition.Reason));
        Assert.Equal("Invalid targetRefs: Service.core:default/plain, Gateway.gateway.networking.k8s.io:default/none", condition.Message);

        mesh.Set(PolicyOn("p", ":Service:plain", ":Service:none"));
        Assert.Equal(("False", "AncestorNotBound"), (mesh.Condition("WaypointAccepted", "p")!.Status, mesh.Condition("WaypointAccepted", "p")!.Reason));
    }

    [Fact]
    public void A_policys_status_follows_its_target()
    {
        var mesh = new IndexedMesh(PolicyOn("p", ":Service:web"));
        Assert.Equal("TargetNotFound", mesh.Condition("WaypointAccepted", "p")!.Reason);

        mesh.Set(Service("web", labels: "istio.io/use-waypoint=wp"));
        Assert.Equal("AncestorNotBound", mesh.Condition("WaypointAccepted", "p")!.Reason);

        mesh.Set(Waypoint("wp"));
        Assert.Equal("Accepted", mesh.Condition("WaypointAccepted", "p")!.Reason);
    }

    [Fact]
    public void A_policy_that_gets_a_target_changes_its_family_of_conditions()
    {
        var mesh = new IndexedMesh(Policy("p"));

        var changes = mesh.Set(PolicyOn("p", ":Service:web"));

        Assert.Equal(["istio-ambient-waypoint-policy", "istio-ambient-ztunnel-policy"], changes.Conditions.Select(static set => set.FieldManager).Order());
        Assert.Empty(changes.Conditions.Single(static set => set.FieldManager == "istio-ambient-ztunnel-policy").Conditions);
        Assert.Equal(["default/p"], changes.Delta.RemovedPolicies);
    }

    [Fact]
    public void Accepted_as_written_it_says_just_that() =>
        AssertStatus(new IndexedMesh(Policy("p", "DENY", rules: From(new() { Namespaces = ["a"] }))), "True", "Accepted", "attached to ztunnel");

    private static KubernetesObject[] Targets() =>
    [
        Waypoint("wp"), Waypoint("next"), Waypoint("unready", ready: false), Service("plain"),
        Service("web", labels: "istio.io/use-waypoint=wp istio.io/use-waypoint-canary=next"),
        ServiceEntry("entry", "x.example.com", labels: "istio.io/use-waypoint=wp"), GatewayClass("istio-waypoint"),
    ];

    private static AuthorizationRule RuleOf(string attribute, string value)
    {
        string[] values = [value];
        if (attribute.StartsWith("when ", StringComparison.Ordinal)) return new() { When = [new() { Key = attribute[5..], Values = values }] };
        if (attribute.StartsWith("whenNot ", StringComparison.Ordinal)) return new() { When = [new() { Key = attribute[8..], NotValues = values }] };
        return attribute switch
        {
            "principals" => From(new() { Principals = values }),
            "notPrincipals" => From(new() { NotPrincipals = values }),
            "namespaces" => From(new() { Namespaces = values }),
            "notNamespaces" => From(new() { NotNamespaces = values }),
            "serviceAccounts" => From(new() { ServiceAccounts = values }),
            "notServiceAccounts" => From(new() { NotServiceAccounts = values }),
            "ipBlocks" => From(new() { IpBlocks = values }),
            "notIpBlocks" => From(new() { NotIpBlocks = values }),
            "requestPrincipals" => From(new() { RequestPrincipals = values }),
            "remoteIpBlocks" => From(new() { RemoteIpBlocks = values }),
            "ports" => To(new() { Ports = values }),
            "notPorts" => To(new() { NotPorts = values }),
            "methods" => To(new() { Methods = values }),
            "notMethods" => To(new() { NotMethods = values }),
            "hosts" => To(new() { Hosts = values }),
            "paths" => To(new() { Paths = values }),
            _ => throw new ArgumentOutOfRangeException(nameof(attribute), attribute, null),
        };
    }

    private static string Show(PolicyMatch match)
    {
        (string Name, string Text)[] fields =
        [
            ("Principals", $"{match.Principals}"), ("NotPrincipals", $"{match.NotPrincipals}"),
            ("Namespaces", $"{match.Namespaces}"), ("NotNamespaces", $"{match.NotNamespaces}"),
            ("ServiceAccounts", $"[{string.Join(", ", match.ServiceAccounts.Select(static account => $"{account.Namespace}/{account.Name}"))}]"),
            ("NotServiceAccounts", $"[{string.Join(", ", match.NotServiceAccounts.Select(static account => $"{account.Namespace}/{account.Name}"))}]"),
            ("SourceIps", $"{match.SourceIps}"), ("NotSourceIps", $"{match.NotSourceIps}"),
            ("DestinationIps", $"{match.DestinationIps}"), ("NotDestinationIps", $"{match.NotDestinationIps}"),
            ("DestinationPorts", $"{match.DestinationPorts}"), ("NotDestinationPorts", $"{match.NotDestinationPorts}"),
        ];
        return string.Join(' ', fields.Where(static field => field.Text != "[]").Select(static field => $"{field.Name}={field.Text}"));
    }

    private static ModelPolicy Find(IndexedMesh mesh, string name) =>
        mesh.Snapshot.Policies.Single(policy => policy.ResourceName == (name.Contains('/') ? name : $"default/{name}")).Policy;

    private static void AssertStatus(IndexedMesh mesh, string status, string reason, params string[] words)
    {
        var condition = mesh.Condition("ZtunnelAccepted", "p")!;
        Assert.Equal((status, reason), (condition.Status, condition.Reason));
        Assert.All(words, word => Assert.Contains(word, condition.Message));
    }
}
