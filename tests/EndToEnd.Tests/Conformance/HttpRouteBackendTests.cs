using System.Globalization;
using System.Net.WebSockets;
using static Ambient.EndToEnd.Tests.Conformance.ConformanceFixture;

namespace Ambient.EndToEnd.Tests.Conformance;

/// <summary>The suite's tests of what HTTPRoutes refer to, by the names they have there, for a route whose parent is a Service.</summary>
public sealed class HttpRouteBackendTests(ConformanceFixture fixture) : RouteTests(fixture)
{
    [Fact]
    public async Task HTTPRouteServiceTypes()
    {
        await Fixture.ApplyAsync($$"""
            apiVersion: v1
            kind: Service
            metadata: {name: headless, namespace: {{Mesh}} }
            spec: {clusterIP: None, selector: {app: echo, version: v1}, ports: [{name: http, port: 8080, targetPort: 8080}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: manual, namespace: {{Mesh}} }
            spec: {ports: [{name: http, port: 8080, targetPort: 8080}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: headless-manual, namespace: {{Mesh}} }
            spec: {clusterIP: None, ports: [{name: http, port: 8080, targetPort: 8080}]}
            ---
            {{SliceOf("manual", Mesh)}}
            ---
            {{SliceOf("headless-manual", Mesh)}}
            """);
        await RouteAsync(string.Concat(((string[])["headless", "manual", "headless-manual"]).Select(static service =>
            $"- {{matches: [{{path: {{type: PathPrefix, value: /{service}}}}}], backendRefs: [{{name: {service}, port: 8080}}]}}\n")));
        await GetsAsync("/headless", "echo-v1");
        await GetsAsync("/manual", "echo-v2");
        await GetsAsync("/headless-manual", "echo-v2");
    }

    [Fact]
    public async Task HTTPRouteReferenceGrant()
    {
        await FarServiceAsync();
        await RouteAsync($"- {{backendRefs: [{{name: far, namespace: {Consumer}, port: 8080}}]}}");
        await GrantAsync(Mesh, "HTTPRoute", "far");
        await GetsAsync("/", "echo-v2");
        await ConditionAsync("ResolvedRefs", "True/ResolvedRefs");
        (await Fixture.Cluster.KubectlAsync("-n", Consumer, "delete", "referencegrant", "grant")).OutputOrThrow();
        await GetsAsync("/", null, status: 500);
        await ConditionAsync("ResolvedRefs", "False/RefNotPermitted");
    }

    [Theory]
    [InlineData("another-namespace", "HTTPRoute", "far")]
    [InlineData(Mesh, "GRPCRoute", "far")]
    [InlineData(Mesh, "HTTPRoute", "another-service")]
    public async Task HTTPRouteInvalidReferenceGrant(string from, string kind, string to)
    {
        await FarServiceAsync();
        await GrantAsync(from, kind, to);
        await RouteAsync($"- {{backendRefs: [{{name: far, namespace: {Consumer}, port: 8080}}]}}");
        await ConditionAsync("ResolvedRefs", "False/RefNotPermitted");
        await GetsAsync("/", null, status: 500);
    }

    [Fact]
    public async Task HTTPRoutePartiallyInvalidViaInvalidReferenceGrant()
    {
        await FarServiceAsync();
        await RouteAsync($$"""
            - {matches: [{path: {value: /v2} }], backendRefs: [{name: far, namespace: {{Consumer}}, port: 8080}]}
            - {matches: [{path: {value: /} }], backendRefs: [{name: echo-v1, port: 80}]}
            """);
        await ConditionAsync("ResolvedRefs", "False/RefNotPermitted");
        await GetsAsync("/v2", null, status: 500);
        await GetsAsync("/", "echo-v1");
    }

    [Theory]
    [InlineData("{group: example.com, kind: Unknown, name: echo-v1, port: 80}", "InvalidKind")] // HTTPRouteInvalidBackendRefUnknownKind
    [InlineData("{name: nowhere, port: 80}", "BackendNotFound")] // HTTPRouteInvalidNonExistentBackendRef
    public async Task HTTPRouteInvalidBackendRef(string backend, string reason)
    {
        await RouteAsync($"- {{backendRefs: [{backend}]}}");
        await ConditionAsync("ResolvedRefs", $"False/{reason}");
        await GetsAsync("/", null, status: 500);
    }

    [Fact]
    public async Task HTTPRouteNoBackendRefs()
    {
        await RouteAsync("""
            - {matches: [{path: {value: /omitted}}]}
            - {matches: [{path: {value: /empty}}], backendRefs: []}
            - {matches: [{path: {value: /}}], backendRefs: [{name: echo-v1, port: 80}]}
            """);
        await GetsAsync("/", "echo-v1");
        await GetsAsync("/omitted", null, status: 500);
        await GetsAsync("/empty", null, status: 500);
    }

    [Fact]
    public async Task HTTPRouteInvalidParentRefNotMatchingListenerPort()
    {
        await RouteAsync("- {backendRefs: [{name: echo-v1, port: 80}]}", port: 81);
        await ConditionAsync("Accepted", "False/NoMatchingParent");
    }

    [Fact]
    public async Task HTTPRouteObservedGenerationBump()
    {
        await RouteAsync("- {backendRefs: [{name: echo-v1, port: 80}]}");
        var before = await ObservedAsync();
        await RouteAsync("- {backendRefs: [{name: echo-v2, port: 80}]}");
        await GetsAsync("/", "echo-v2");
        Assert.Equal(before + 1, await ObservedAsync());

        async Task<long> ObservedAsync()
        {
            await ConditionAsync("Accepted", "True/Accepted");
            return long.Parse((await Fixture.Cluster.KubectlAsync("-n", Mesh, "get", "httproute", "route", "-o", "jsonpath={.status.parents[0].conditions[0].observedGeneration}")).OutputOrThrow(), CultureInfo.InvariantCulture);
        }
    }

    [Fact]
    public async Task HTTPRouteBackendProtocolH2C()
    {
        await Fixture.ApplyAsync($$"""
            apiVersion: v1
            kind: Service
            metadata: {name: h2c, namespace: {{Mesh}} }
            spec: {selector: {app: echo, version: v1}, ports: [{name: other, port: 8081, targetPort: 7070, appProtocol: kubernetes.io/h2c}]}
            """);
        await RouteAsync("- {backendRefs: [{name: h2c, port: 8081}]}");
        await GetsAsync("/", "echo-v1", holds: static answer => answer.Request("x-protocol") == "HTTP/2"); // by prior knowledge: the port speaks nothing else
    }

    [Fact]
    public async Task HTTPRouteBackendProtocolWebSocket()
    {
        await Fixture.ApplyAsync($$"""
            apiVersion: v1
            kind: Service
            metadata: {name: ws, namespace: {{Mesh}} }
            spec: {selector: {app: echo, version: v1}, ports: [{name: other, port: 8082, targetPort: 8080, appProtocol: kubernetes.io/ws}]}
            """);
        await RouteAsync("- {matches: [{path: {value: /ws}}], backendRefs: [{name: ws, port: 8082}]}");
        await GetsAsync("/", null, status: 404); // the route is there
        await GetsAsync("/ws", "echo-v1");
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new("ws://echo/ws"), await Fixture.ClientAsync("client", "echo", 80), CancellationToken.None);
        var back = new byte[100];
        foreach (var (kind, sent) in new[] { (WebSocketMessageType.Text, "hello"u8.ToArray()), (WebSocketMessageType.Binary, [0, 1, 255]) })
        {
            await socket.SendAsync(sent, kind, endOfMessage: true, CancellationToken.None);
            var received = await socket.ReceiveAsync(back, CancellationToken.None);
            Assert.Equal((kind, true), (received.MessageType, received.EndOfMessage));
            Assert.Equal(sent, back[..received.Count]);
        }
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
    }

    // A service of the other namespace whose server is echo-v2.
    private Task FarServiceAsync() => Fixture.ApplyAsync($$"""
        apiVersion: v1
        kind: Service
        metadata: {name: far, namespace: {{Consumer}} }
        spec: {ports: [{name: http, port: 8080, targetPort: 8080}]}
        ---
        {{SliceOf("far", Consumer)}}
        """);

    private string SliceOf(string service, string ns) => $$"""
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: {{service}}-1, namespace: {{ns}}, labels: {kubernetes.io/service-name: {{service}} } }
        addressType: IPv4
        ports: [{name: http, port: 8080, protocol: TCP}]
        endpoints: [{addresses: [{{Fixture.Cluster.Pods.Running(Mesh, "echo-v2")!.Address}}], conditions: {ready: true} }]
        """;

    private Task GrantAsync(string from, string kind, string to) => Fixture.ApplyAsync($$"""
        apiVersion: gateway.networking.k8s.io/v1beta1
        kind: ReferenceGrant
        metadata: {name: grant, namespace: {{Consumer}} }
        spec:
          from: [{group: gateway.networking.k8s.io, kind: {{kind}}, namespace: {{from}} }]
          to: [{group: "", kind: Service, name: {{to}} }]
        """);
}
