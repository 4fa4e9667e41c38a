using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Mesh;
using Ambient.Lab.Processes;
using Ambient.Protos.Otlp;
using Ambient.TestKit.Peers;
using Google.Protobuf;

namespace Ambient.EndToEnd.Tests.Requests;

/// <summary>A scene with a collector of spans, which takes nothing that does not come by a tunnel.</summary>
public sealed class TracingFixture() : RequestLab("shop", "web", "reviews")
{
    private const string Namespace = "observability";

    public SpanCollector Collector { get; private set; } = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        var pod = await Cluster.AddPodAsync(Cluster.Nodes[0], "collector", "collector", Namespace);
        Collector = await SpanCollector.StartAsync(pod.Listen(4317));
        await ApplyAsync($$"""
            apiVersion: v1
            kind: Service
            metadata: {name: collector, namespace: {{Namespace}}}
            spec: {selector: {app: collector}, ports: [{name: otlp, port: 4317, appProtocol: grpc}]}
            ---
            apiVersion: security.istio.io/v1
            kind: PeerAuthentication
            metadata: {name: strict, namespace: {{Namespace}}}
            spec:
              mtls: {mode: STRICT}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: istio, namespace: istio-system}
            data:
              mesh: |
                extensionProviders:
                - name: otel
                  opentelemetry: {service: collector.{{Namespace}}.svc.cluster.local, port: 4317}
            """);
        await Cluster.EnrolAsync(Namespace);
        (await Cluster.KubectlAsync("apply", "-f", Path.Combine(NodePrograms.Checkout, "deploy", "samples", "tracing.yaml"))).OutputOrThrow();
    }

    public override async ValueTask DisposeAsync()
    {
        await Collector.DisposeAsync();
        await base.DisposeAsync();
    }
}

/// <summary>Traces through native programs, from a client to a server and on to the next, into a collector.</summary>
public sealed class TracingTests(TracingFixture fixture) : IClassFixture<TracingFixture>
{
    [Fact]
    public async Task A_trace_is_one_from_the_client_through_each_waypoint_to_the_last_server_and_no_request_waits_for_its_collector()
    {
        await LinkAsync();
        await SampleAsync(0);
        var untraced = await AskUntilAsync(static answer => answer.Request("traceparent")?.EndsWith("-00", StringComparison.Ordinal) == true);
        await SampleAsync(100);
        var traced = await AskUntilAsync(static answer => answer.Request("traceparent")?.EndsWith("-01", StringComparison.Ordinal) == true);
        await RequestSpanAsync(traced);
        Assert.DoesNotContain(fixture.Collector.Spans, span => Hex(span.TraceId) == TraceOf(untraced));

        await fixture.Collector.DisposeAsync();
        for (var i = 0; i < 20; i++) Assert.Equal(200, (await GetAsync("client", "reviews")).Status);
        var metrics = "";
        await Until.TrueAsync(async () => (metrics = await fixture.WaypointMetricsAsync()).Split('\n').Any(static line =>
                line.StartsWith("ambient_trace_spans_dropped_total{reason=\"collector_failed\"} ", StringComparison.Ordinal) && !line.EndsWith(" 0", StringComparison.Ordinal)),
            () => $"spans that nobody took are counted\n{metrics}", TimeSpan.FromSeconds(30));
    }

    // The sample's percentage is ten; the client's own decision goes before it.
    private async Task LinkAsync()
    {
        const string trace = "0af7651916cd43dd8448eb211c80319c", client = "b7ad6b7169203331";
        Answer? answer = null;
        await Until.TrueAsync(async () => (answer = await GetAsync("client", "reviews-v1", ("traceparent", $"00-{trace}-{client}-01"), ("x-tenant", "red"))).Request("traceparent")?.EndsWith($"{client}-01", StringComparison.Ordinal) == false,
            () => $"the waypoint traces; the server saw\n{answer}", TimeSpan.FromSeconds(30));
        var (first, firstAttempt) = await RequestSpanAsync(answer!);
        Assert.Equal((trace, client), (Hex(first.TraceId), Hex(first.ParentSpanId)));
        Assert.Equal(("reviews-v1.shop.svc.cluster.local:80/*", "red", "client", "reviews-v1"),
            (first.Name, Value(first, "tenant"), Value(first, "istio.source_workload"), Value(first, "istio.destination_workload")));

        // The server asks the next one, with what it was told.
        var next = await GetAsync("reviews-v1", "reviews-v2", ("traceparent", answer!.Request("traceparent")!));
        var (second, _) = await RequestSpanAsync(next);
        Assert.Equal((trace, firstAttempt.SpanId), (Hex(second.TraceId), second.ParentSpanId));
    }

    /// <summary>The spans of a request, by what its server saw: the attempt is its parent, and the request that one's.</summary>
    private async Task<(Span Request, Span Attempt)> RequestSpanAsync(Answer answer)
    {
        var parent = answer.Request("traceparent")!.Split('-')[2];
        Span? attempt = null, request = null;
        await Until.TrueAsync(() => (attempt = Find(parent)) is not null && (request = Find(Hex(attempt.ParentSpanId))) is not null,
            () => $"the collector has the parent {parent} of the server, and its parent; it has {fixture.Collector.Spans.Count} spans", TimeSpan.FromSeconds(30));
        Assert.Equal((SpanKind.Client, SpanKind.Server), (attempt!.Kind, request!.Kind));
        return (request, attempt);
    }

    private Span? Find(string id) => fixture.Collector.Spans.FirstOrDefault(span => Hex(span.SpanId) == id);

    private async Task SampleAsync(int percent) => (await fixture.Cluster.KubectlAsync("-n", "shop", "patch", "telemetry", "tracing", "--type=json",
        "-p", $$"""[{"op": "replace", "path": "/spec/tracing/0/randomSamplingPercentage", "value": {{percent}}}]""")).OutputOrThrow();

    /// <summary>Asks until it has held ten times in a row: what is left to chance would not.</summary>
    private async Task<Answer> AskUntilAsync(Func<Answer, bool> holds)
    {
        var (answer, inARow) = ((Answer?)null, 0);
        await Until.TrueAsync(async () =>
        {
            inARow = holds(answer = await GetAsync("client", "reviews")) ? inARow + 1 : 0;
            return inARow == 10;
        }, () => $"it holds ten times in a row; the last answer was {answer}", TimeSpan.FromSeconds(30));
        return answer!;
    }

    private Task<Answer> GetAsync(string client, string to, params (string, string)[] fields) => fixture.GetAsync(client, to, 80, "/", fields);

    private static string TraceOf(Answer answer) => answer.Request("traceparent")!.Split('-')[1];

    private static string Hex(ByteString id) => Convert.ToHexStringLower(id.Span);

    private static string? Value(Span span, string name) => span.Attributes.SingleOrDefault(tag => tag.Key == name)?.Value.Text;
}
