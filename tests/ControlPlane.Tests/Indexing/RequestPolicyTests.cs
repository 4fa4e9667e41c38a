using System.Net;
using System.Text;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Identities;
using Ambient.Model.Policies;
using Ambient.Model.Routes;
using static Ambient.TestKit.Cluster.Objects;
using AuthorizationPolicy = Ambient.Kubernetes.Resources.AuthorizationPolicy;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>What an AuthorizationPolicy with targetRefs lets through at a waypoint.</summary>
public sealed class RequestPolicyTests
{
    private const string OnWeb = "targetRefs: [{kind: Service, name: web}], ";

    private static IndexedMesh Mesh(params KubernetesObject[] objects) => new(
        [Namespace("default", "istio.io/use-waypoint=wp"), Waypoint("wp"), Service("web", "app=web"), GatewayClass("istio-waypoint"), .. objects]);

    private static AuthorizationPolicy Policy(string spec, string name = "p", string annotations = "") =>
        Written.Object(ResourceTypes.AuthorizationPolicy, name, $"{{{spec}}}", annotations);

    private static RequestPolicy Compiled(string spec, string annotations = "") =>
        Mesh(Policy(OnWeb + spec, annotations: annotations)).FindTraffic("AuthorizationPolicy/p")!.Policy!;

    [Theory]
    [InlineData("hosts: [web.example.com]", "GET http://WEB.example.com/", true)]
    [InlineData("hosts: [web.example.com]", "GET http://web.example.com:80/", false)]
    [InlineData("hosts: ['web.example.com:*']", "GET http://web.example.com:80/", true)]
    [InlineData("hosts: ['*.example.com']", "GET http://web.example.com/", true)]
    [InlineData("notHosts: [a]", "GET http://a/", false)]
    [InlineData("notHosts: [a]", "GET http://b/", true)]
    [InlineData("methods: [GET, PUT]", "PUT http://a/", true)]
    [InlineData("methods: [GET]", "POST http://a/", false)]
    [InlineData("methods: [get]", "GET http://a/", false)]
    [InlineData("notMethods: [GET]", "GET http://a/", false)]
    [InlineData("paths: [/api]", "GET http://a/api", true)]
    [InlineData("paths: [/api]", "GET http://a/api/", false)]
    [InlineData("paths: ['/api/*']", "GET http://a/api/x/y", true)]
    [InlineData("paths: ['*/info']", "GET http://a/x/info", true)]
    [InlineData("paths: ['*']", "GET http://a/", true)]
    [InlineData("paths: ['/a/{*}/b']", "GET http://a/a/x/b", true)]
    [InlineData("paths: ['/a/{*}/b']", "GET http://a/a/x/y/b", false)]
    [InlineData("paths: ['/a/{**}']", "GET http://a/a/", true)]
    [InlineData("paths: ['/a/{**}']", "GET http://a/a/x/y", true)]
    [InlineData("paths: ['/a/{**}']", "GET http://a/a", false)]
    [InlineData("paths: ['/a/{**}/z']", "GET http://a/a/x/y/z", true)]
    [InlineData("paths: ['/a/{**}/z']", "GET http://a/a/z", true)]
    [InlineData("paths: ['/a/{**}/z']", "GET http://a/a/x/zz", false)]
    [InlineData("paths: ['/a.b/{*}']", "GET http://a/aXb/c", false)]
    [InlineData("notPaths: [/private]", "GET http://a/private", false)]
    [InlineData("ports: ['80']", "GET http://a/", true)]
    [InlineData("ports: ['81']", "GET http://a/", false)]
    public void An_operation_is_tested(string operation, string request, bool allowed) =>
        Assert.Equal(allowed, IsAllowed($"rules: [{{to: [{{operation: {{{operation}}}}}]}}]", request));

    [Theory]
    [InlineData("principals: [cluster.local/ns/shop/sa/web]", true)]
    [InlineData("principals: ['*/sa/other']", false)]
    [InlineData("namespaces: [shop]", true)]
    [InlineData("serviceAccounts: [shop/web]", true)]
    [InlineData("serviceAccounts: [web]", false)]
    [InlineData("ipBlocks: [10.0.0.0/8]", true)]
    [InlineData("remoteIpBlocks: [203.0.113.0/24]", true)]
    [InlineData("remoteIpBlocks: [10.0.0.0/8]", false)]
    [InlineData("notRemoteIpBlocks: [203.0.113.7]", false)]
    public void A_source_is_tested(string source, bool allowed) =>
        Assert.Equal(allowed, IsAllowed($"rules: [{{from: [{{source: {{{source}}}}}]}}]", "GET http://a/"));

    [Theory]
    [InlineData("key: 'request.headers[X-Token]', values: [abc]", true)]
    [InlineData("key: 'request.headers[x-token]', values: ['a*']", true)]
    [InlineData("key: 'request.headers[x-token]', values: [ABC]", false)]
    [InlineData("key: 'request.headers[x-token]', notValues: [abc]", false)]
    [InlineData("key: 'request.headers[x-none]', values: ['*']", false)]
    [InlineData("key: 'request.headers[x-none]', notValues: [abc]", true)]
    [InlineData("key: 'request.headers[Host]', values: [A]", true)]
    [InlineData("key: 'request.headers[:authority]', values: [b]", false)]
    [InlineData("key: 'request.headers[:method]', values: [GET]", true)]
    [InlineData("key: remote.ip, values: [203.0.113.7]", true)]
    [InlineData("key: source.ip, values: [10.1.2.3]", true)]
    [InlineData("key: source.namespace, values: [shop]", true)]
    [InlineData("key: source.serviceAccount, values: [shop/web]", true)]
    [InlineData("key: destination.port, values: ['80']", true)]
    public void A_condition_is_tested(string condition, bool allowed) =>
        Assert.Equal(allowed, IsAllowed($"rules: [{{when: [{{{condition}}}]}}]", "GET http://a/"));

    [Theory]
    [InlineData("from: [{source: {requestPrincipals: ['*']}}]", "requestPrincipals")]
    [InlineData("from: [{source: {notRequestPrincipals: ['*']}}]", "notRequestPrincipals")]
    [InlineData("when: [{key: 'request.auth.claims[iss]', values: [x]}]", "request.auth.claims[iss]")]
    [InlineData("when: [{key: connection.sni, values: [x]}]", "connection.sni")]
    [InlineData("when: [{key: 'request.headers[:path]', values: [/x]}]", "request.headers[:path]")]
    [InlineData("when: [{key: 'request.headers[a b]', values: [/x]}]", "request.headers[a b]")]
    [InlineData("when: [{key: made.up, values: [x]}]", "made.up")]
    public void What_cannot_be_known_is_decided_on_the_closed_side_and_told(string rule, string attribute)
    {
        Assert.False(IsAllowed($"rules: [{{{rule}}}]", "GET http://a/"));
        Assert.False(IsAllowed($"action: DENY, rules: [{{{rule}}}]", "GET http://a/"));
        Assert.False(IsAllowed($"action: DENY, rules: [{{to: [{{operation: {{methods: [GET]}}}}], {rule}}}]", "GET http://a/"));
        Assert.True(IsAllowed($"action: DENY, rules: [{{to: [{{operation: {{methods: [PUT]}}}}], {rule}}}]", "GET http://a/"));

        var condition = Mesh(Policy($"{OnWeb}rules: [{{{rule}}}]")).Condition("WaypointAccepted", "p")!;
        Assert.Equal(("True", "UnsupportedValue"), (condition.Status, condition.Reason));
        Assert.Contains(attribute, condition.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("paths: ['/a*b']")]
    [InlineData("paths: ['/a{*}']")]
    [InlineData("paths: ['/{*}/*']")]
    [InlineData("paths: ['/{**}/{*}']")]
    [InlineData("paths: ['{*}']")]
    [InlineData("paths: ['']")]
    [InlineData("hosts: ['a*b*']")]
    [InlineData("ports: [http]")]
    public void What_cannot_be_read_is_decided_on_the_closed_side(string operation)
    {
        Assert.False(IsAllowed($"rules: [{{to: [{{operation: {{{operation}}}}}]}}]", "GET http://a/"));
        Assert.False(IsAllowed($"action: DENY, rules: [{{to: [{{operation: {{{operation}}}}}]}}]", "GET http://a/"));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("rules: [{}]", true)]
    [InlineData("action: DENY", true)]
    [InlineData("action: DENY, rules: [{}]", false)]
    [InlineData("action: CUSTOM, provider: {name: x}, rules: [{to: [{operation: {paths: [/a]}}]}]", true)]
    [InlineData("action: CUSTOM, provider: {name: x}, rules: [{to: [{operation: {paths: [/]}}]}]", false)]
    [InlineData("action: UNHEARD, rules: [{}]", false)]
    [InlineData("rules: [{unheard: 1}]", false)]
    [InlineData("action: DENY, rules: [{unheard: 1}]", false)]
    public void Whole_policies_allow_and_deny(string spec, bool allowed) => Assert.Equal(allowed, IsAllowed(spec, "GET http://a/"));

    [Fact]
    public void An_audit_refuses_nothing_and_says_that_it_is_not_supported()
    {
        var mesh = Mesh(Policy($"{OnWeb}action: AUDIT, rules: [{{}}]"));

        Assert.Null(mesh.FindTraffic("AuthorizationPolicy/p"));
        Assert.Equal(("False", "UnsupportedValue"), (mesh.Condition("WaypointAccepted", "p")!.Status, mesh.Condition("WaypointAccepted", "p")!.Reason));
    }

    [Fact]
    public void A_dry_run_is_sent_as_such() => Assert.True(Compiled("action: DENY, rules: [{}]", "istio.io/dry-run=true").Policy.DryRun);

    [Fact]
    public void A_custom_policy_says_that_it_refuses()
    {
        var condition = Mesh(Policy($"{OnWeb}action: CUSTOM, rules: [{{}}]")).Condition("WaypointAccepted", "p")!;

        Assert.Equal(("False", "UnsupportedValue"), (condition.Status, condition.Reason));
        Assert.Contains("refused", condition.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_for_what_its_references_name_whether_or_not_that_is_there()
    {
        var mesh = Mesh(ServiceEntry("partner", "a.example.com b.example.com"), Waypoint("istio-system/other"),
            Policy("targetRefs: [{kind: Service, name: none}, {group: networking.istio.io, kind: ServiceEntry, name: partner}, {group: gateway.networking.k8s.io, kind: Gateway, name: wp}, {kind: Service, name: x, namespace: elsewhere}]"),
            Policy("targetRefs: [{group: gateway.networking.k8s.io, kind: GatewayClass, name: istio-waypoint}]", "istio-system/class"),
            Policy("targetRefs: [{group: gateway.networking.k8s.io, kind: GatewayClass, name: istio-waypoint}]", "default/class"));

        var policy = mesh.FindTraffic("AuthorizationPolicy/p")!.Policy!;
        Assert.Equal([new("default", "a.example.com"), new("default", "b.example.com"), IndexedMesh.Key("none")], policy.Services);
        Assert.Equal(["default/wp"], policy.Gateways);
        Assert.Equal(["default/wp", "istio-system/other"], mesh.FindTraffic("AuthorizationPolicy/istio-system/class")!.Policy!.Gateways);
        Assert.Null(mesh.FindTraffic("AuthorizationPolicy/default/class"));

        mesh.Remove(Waypoint("istio-system/other"));
        Assert.Equal(["default/wp"], mesh.FindTraffic("AuthorizationPolicy/istio-system/class")!.Policy!.Gateways);
    }

    [Fact]
    public void No_node_proxy_gets_it() => Assert.Empty(Mesh(Policy($"{OnWeb}action: DENY, rules: [{{}}]")).Snapshot.Policies);

    private static bool IsAllowed(string spec, string request)
    {
        var policy = Compiled(spec);
        Assert.True(policy.AppliesTo(IndexedMesh.Key("web"), "default/wp"));
        var uri = new Uri(request.Split(' ')[1]);
        var connection = new ConnectionAttributes(SpiffeId.Parse("spiffe://cluster.local/ns/shop/sa/web"), IPAddress.Parse("10.1.2.3"), IPAddress.Parse("10.96.0.1"), 80);
        return PolicyEvaluator.Evaluate(new([policy.Policy], default), connection, new RouteRequest
        {
            Method = Encoding.ASCII.GetBytes(request.Split(' ')[0]),
            Path = Encoding.ASCII.GetBytes(uri.AbsolutePath),
            Authority = Encoding.ASCII.GetBytes(request.Split('/')[2]),
            Fields = new Token(),
            RemoteIp = IPAddress.Parse("203.0.113.7"),
        }).IsAllowed;
    }

    private sealed class Token : IRequestFields
    {
        public bool TryGet(string name, out ReadOnlySpan<byte> value)
        {
            value = name == "x-token" ? "abc"u8 : default;
            return name == "x-token";
        }
    }
}
