using System.Text.Json.Nodes;
using Ambient.Playground.Api;
using Ambient.Playground.Api.Documents;

namespace Ambient.Playground.Tests.Api;

public sealed class CustomKindTests
{
    [Theory]
    [InlineData("""{"type":"object","properties":{"spec":{}}}""", "has type (none)")]
    [InlineData("""{"type":"object","properties":{"spec":{"type":"thing"}}}""", "has type thing")]
    [InlineData("""{"type":"object","properties":{"spec":{"type":"string","pattern":"("}}}""", "unreadable pattern")]
    public async Task Schemas_that_are_not_structural_are_refused(string schema, string why)
    {
        await using var api = await TestApi.StartAsync();

        Assert.Contains(why, Assert.Throws<StatusException>(() => Define(api, schema)).Message);
    }

    [Fact]
    public async Task Unknown_fields_are_dropped_unless_the_schema_keeps_them()
    {
        await using var api = await TestApi.StartAsync();
        Define(api, """{"type":"object","properties":{"spec":{"type":"object","properties":{"open":{"type":"object","x-kubernetes-preserve-unknown-fields":true},"closed":{"type":"object"}}}}}""");

        var made = api.Create("""{"apiVersion":"wear.example/v1","kind":"Shoe","metadata":{"name":"a","namespace":"default"},"spec":{"open":{"a":1},"closed":{"a":1},"extra":2}}""").Copy();

        Assert.Equal("""{"open":{"a":1},"closed":{}}""", made["spec"]!.ToJsonString());
    }

    [Fact]
    public async Task Defaults_come_at_every_level()
    {
        await using var api = await TestApi.StartAsync();
        Define(api, """{"type":"object","properties":{"spec":{"type":"object","default":{},"properties":{"size":{"type":"integer","default":41},"laces":{"type":"array","items":{"type":"object","properties":{"colour":{"type":"string","default":"black"}}}}}}}}""");

        var made = api.Create("""{"apiVersion":"wear.example/v1","kind":"Shoe","metadata":{"name":"a","namespace":"default"}}""").Copy();
        var laced = api.Create("""{"apiVersion":"wear.example/v1","kind":"Shoe","metadata":{"name":"b","namespace":"default"},"spec":{"laces":[{}]}}""").Copy();

        Assert.Equal("""{"size":41}""", made["spec"]!.ToJsonString());
        Assert.Equal("black", laced["spec"]!["laces"]![0].Text("colour"));
    }

    [Fact]
    public async Task Several_problems_are_told_at_once()
    {
        await using var api = await TestApi.StartAsync();

        var (status, body) = await api.PostAsync("/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways",
            """{"metadata":{"name":"g"},"spec":{"listeners":[{"name":"a","port":99999,"protocol":"HTTP"},{"name":"a","port":"80"}]}}""");

        Assert.Equal(422, status);
        var fields = body["details"]!["causes"]!.AsArray().Select(cause => cause.Text("field")).ToList();
        Assert.Equal(["spec.gatewayClassName", "spec.listeners[0].port", "spec.listeners[1].port", "spec.listeners[1].protocol", "spec.listeners[1]"], fields.OrderBy(field => fields.IndexOf(field)).Order().OrderBy(Rank));

        static int Rank(string? field) => Array.IndexOf((string[])["spec.gatewayClassName", "spec.listeners[0].port", "spec.listeners[1].port", "spec.listeners[1].protocol", "spec.listeners[1]"], field);
    }

    [Fact]
    public async Task The_mesh_kinds_take_the_examples_that_users_write()
    {
        await using var api = await TestApi.StartAsync();
        foreach (var document in Yaml.ParseAll(Examples))
        {
            var made = await api.PostAsync($"/apis/{document.Text("apiVersion")}/namespaces/default/{Plural(api, document)}?fieldValidation=Strict", document.ToText());
            Assert.True(made.Status == 201, $"{document.Text("kind")}: {made.Body.Text("message")}");
        }
    }

    private const string Examples = """
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: external}
        spec:
          hosts: [api.example.com]
          addresses: [240.0.0.1]
          ports: [{number: 443, name: tls, protocol: TLS}]
          location: MESH_EXTERNAL
          resolution: STATIC
          endpoints: [{address: 192.0.2.10, ports: {tls: 8443}, labels: {a: b}, locality: r/z/s, weight: 3}]
        ---
        apiVersion: networking.istio.io/v1
        kind: WorkloadEntry
        metadata: {name: vm, labels: {app: vm}}
        spec: {address: 192.0.2.11, serviceAccount: vm, labels: {app: vm}, network: n}
        ---
        apiVersion: networking.istio.io/v1beta1
        kind: VirtualService
        metadata: {name: v}
        spec: {hosts: [a], http: [{route: [{destination: {host: b, port: {number: 80}}, weight: 100}]}]}
        ---
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: d}
        spec: {host: a, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}
        ---
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: l7}
        spec:
          targetRefs: [{kind: Service, group: "", name: web}]
          action: DENY
          rules:
          - from: [{source: {namespaces: [a], notIpBlocks: [10.0.0.0/8]}}]
            to: [{operation: {methods: [GET], paths: [/x*]}}]
            when: [{key: 'request.headers[x]', values: [y]}]
        ---
        apiVersion: security.istio.io/v1
        kind: PeerAuthentication
        metadata: {name: p}
        spec: {selector: {matchLabels: {app: a}}, mtls: {mode: STRICT}, portLevelMtls: {'8080': {mode: DISABLE}}}
        ---
        apiVersion: security.istio.io/v1
        kind: RequestAuthentication
        metadata: {name: r}
        spec: {jwtRules: [{issuer: i, jwksUri: https://i/jwks}]}
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: waypoint, labels: {istio.io/waypoint-for: service}}
        spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE, allowedRoutes: {namespaces: {from: All}}}]}
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: canary}
        spec:
          parentRefs: [{group: "", kind: Service, name: web, port: 80}]
          rules:
          - matches: [{path: {type: PathPrefix, value: /a}, headers: [{name: x, value: y}], method: GET}]
            filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: b}]}}]
            backendRefs: [{name: web-v1, port: 80, weight: 90}, {name: web-v2, port: 80, weight: 10}]
            timeouts: {request: 1s}
            retry: {attempts: 3}
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: GRPCRoute
        metadata: {name: g}
        spec: {parentRefs: [{group: "", kind: Service, name: web}], rules: [{matches: [{method: {service: s, method: m}}], backendRefs: [{name: web, port: 80}]}]}
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: BackendTLSPolicy
        metadata: {name: b}
        spec:
          targetRefs: [{group: "", kind: Service, name: web, sectionName: https}]
          validation: {hostname: a.example.com, caCertificateRefs: [{group: "", kind: ConfigMap, name: ca}], subjectAltNames: [{type: URI, uri: 'spiffe://a/b'}, {type: Hostname, hostname: b.example.com}]}
        ---
        apiVersion: gateway.networking.k8s.io/v1beta1
        kind: ReferenceGrant
        metadata: {name: grant}
        spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: other}], to: [{group: "", kind: Service}]}
        """;

    private static string Plural(TestApi api, JsonNode document) => api.Store.Kinds.FindDocument(document.Text("apiVersion"), document.Text("kind"))!.Value.Kind.Plural;

    private static void Define(TestApi api, string schema) => api.Create($$$"""
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"shoes.wear.example"},
         "spec":{"group":"wear.example","scope":"Namespaced","names":{"kind":"Shoe","plural":"shoes"},
                 "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{{{schema}}}}}]}}
        """);
}
