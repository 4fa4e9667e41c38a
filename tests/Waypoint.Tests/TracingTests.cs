using System.Net;
using Ambient.Model.Routes;
using Ambient.Model.Telemetry;
using Ambient.Model.Traffic;
using Ambient.Protos.Otlp;
using Ambient.TestKit;
using Ambient.TestKit.Peers;
using Ambient.Waypoint.Tests.Scenes;
using Ambient.Waypoint.Tracing;
using Google.Protobuf;
using static Ambient.Waypoint.Tests.Scenes.WaypointScene;

namespace Ambient.Waypoint.Tests;

/// <summary>Requests as spans, in a collector.</summary>
public sealed class TracingTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c", Parent = "b7ad6b7169203331";

    [Fact]
    public async Task A_request_is_a_span_of_its_clients_trace_and_its_attempt_is_the_servers_parent()
    {
        await using var scene = await StartAsync();
        await using var collector = await scene.CollectAsync();
        var server = scene.Serve("v1", "echo");
        Wish(scene, percent: 0);
        using var client = await scene.ClientAsync("echo");
        await GetAsync(client, "/path?q=1", ("traceparent", $"00-{Trace}-{Parent}-01"), ("tracestate", "vendor=1"), ("user-agent", "probe"), ("x-request-id", "id-1"), ("x-team", "red"));

        var (request, attempt) = await PairAsync(scene, collector);
        Assert.Equal((Trace, Parent, SpanKind.Server, "vendor=1"), (Hex(request.TraceId), Hex(request.ParentSpanId), request.Kind, request.TraceState));
        Assert.Equal((Trace, Hex(request.SpanId), SpanKind.Client), (Hex(attempt.TraceId), Hex(attempt.ParentSpanId), attempt.Kind));
        Assert.Contains($"traceparent: 00-{Trace}-{Hex(attempt.SpanId)}-01\r\n", server.Seen.Single(), StringComparison.Ordinal);
        Assert.Contains("tracestate: vendor=1\r\n", server.Seen.Single(), StringComparison.Ordinal);
        Assert.InRange(attempt.EndNs - attempt.StartNs, 1ul, request.EndNs - request.StartNs);
        Assert.Equal("echo.shop.svc.cluster.local:80/*", request.Name);
        foreach (var (name, value) in new[]
        {
            ("component", "proxy"), ("http.method", "GET"), ("http.url", "http://echo/path?q=1"), ("http.protocol", "HTTP/1.1"), ("http.status_code", "200"), ("response_flags", "-"),
            ("upstream_cluster", "outbound|80||echo.shop.svc.cluster.local"), ("peer.address", "127.0.0.1"), ("guid:x-request-id", "id-1"), ("user_agent", "probe"), ("request_size", "0"),
            ("istio.canonical_service", "waypoint"), ("istio.mesh_id", "cluster.local"), ("istio.namespace", "shop"), ("istio.cluster_id", "Kubernetes"),
            ("istio.source_namespace", "web"), ("istio.destination_workload", "v1"), ("literal", "text"), ("team", "red"), ("absent", "default"),
        }) Assert.Equal(value, Value(request, name));
        Assert.Null(Value(request, "error"));
        Assert.Equal("waypoint.shop", collector.Resources.First().Attributes.Single(static tag => tag.Key == "service.name").Value.Text);
    }

    [Fact]
    public async Task What_is_known_of_requests_is_sent_before_the_waypoint_ends()
    {
        await using var scene = await StartAsync(new ManualTime()); // in which spans gather for ever
        await using var collector = await scene.CollectAsync();
        scene.Serve("v1", "echo");
        Wish(scene, percent: 100);
        using var client = await scene.ClientAsync("echo");
        await GetAsync(client, "/");

        await scene.StopAsync();

        Assert.Equal(2, collector.Spans.Count); // of the request and its attempt
    }

    [Fact]
    public async Task A_collector_may_speak_http()
    {
        await using var scene = await StartAsync();
        await using var collector = await scene.CollectAsync(overHttp: true);
        scene.Serve("v1", "echo");
        Wish(scene, percent: 100, collector: new(KeyOf("collector"), 4318, "/v1/traces"));
        using var client = await scene.ClientAsync("echo");
        await GetAsync(client, "/");
        var (request, _) = await PairAsync(scene, collector);
        Assert.True(request.ParentSpanId.IsEmpty); // the trace begins here
        // The collector has them a moment before its answer is here, which is what counts.
        await scene.UntilAsync(async () => (await scene.MetricsAsync()).Contains("ambient_trace_spans_sent_total 2\n", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Each_attempt_has_a_span_and_what_is_answered_here_has_none()
    {
        await using var scene = await StartAsync();
        await using var collector = await scene.CollectAsync();
        var server = scene.Serve("v1", "echo");
        server.Answer = static line => line.Contains("/again", StringComparison.Ordinal) ? 503 : 200;
        scene.Route("again", "echo", Rule(new() { Path = PathMatch.Segments("/again") }, To(("echo", 1)) with
        {
            Retries = new() { Attempts = 2, On = RetryOn.FiveXx, BackoffBase = TimeSpan.FromMilliseconds(1) },
        }));
        Wish(scene, percent: 100);
        using var client = await scene.ClientAsync("echo");
        await GetAsync(client, "/again");
        await GetAsync(client, "/unknown");

        await scene.UntilAsync(() => Task.FromResult(collector.Spans.Count >= 5));
        var (failed, unknown) = (Requests(collector).Single(static span => Value(span, "http.status_code") == "503"), Requests(collector).Single(static span => Value(span, "http.status_code") == "404"));
        var attempts = collector.Spans.Where(span => span.ParentSpanId == failed.SpanId).ToList();
        Assert.Equal(3, attempts.Select(static span => span.SpanId).Distinct().Count());
        Assert.Equal([null, "1", "2"], attempts.Select(static span => Value(span, "retry_count")).Order());
        Assert.Equal(("true", StatusCode.Error), (Value(failed, "error"), failed.Status.Code));
        Assert.Equal(("NR", 0), (Value(unknown, "response_flags"), collector.Spans.Count(span => span.ParentSpanId == unknown.SpanId)));
    }

    [Theory]
    [InlineData(0, null, false)]
    [InlineData(100, null, true)]
    [InlineData(0, "01", true)]
    [InlineData(100, "00", false)]
    public async Task What_the_client_decides_holds_and_else_the_percentage(double percent, string? flags, bool isRecorded)
    {
        await using var scene = await StartAsync();
        await using var collector = await scene.CollectAsync();
        var server = scene.Serve("v1", "echo");
        Wish(scene, percent);
        using var client = await scene.ClientAsync("echo");
        await GetAsync(client, "/", flags is null ? [] : [("traceparent", $"00-{Trace}-{Parent}-{flags}")]);
        if (isRecorded) await PairAsync(scene, collector);
        Assert.Matches($"\r\ntraceparent: 00-[0-9a-f]{{32}}-[0-9a-f]{{16}}-{(isRecorded ? "01" : "00")}\r\n", server.Seen.Single());
        if (flags == "00") Assert.Contains($"traceparent: 00-{Trace}-{Parent}-00\r\n", server.Seen.Single(), StringComparison.Ordinal); // untouched

        // Nothing of it comes later either: the next request is recorded, and alone.
        Wish(scene, percent: 100);
        await GetAsync(client, "/last");
        await scene.UntilAsync(() => Task.FromResult(Requests(collector).Any(static span => Value(span, "http.url") == "http://echo/last")));
        Assert.Equal(isRecorded ? 2 : 1, Requests(collector).Count());
    }

    [Fact]
    public async Task Without_tracing_no_field_is_touched()
    {
        await using var scene = await StartAsync();
        var server = scene.Serve("v1", "echo");
        using var client = await scene.ClientAsync("echo");
        await GetAsync(client, "/", ("traceparent", "junk"), ("b3", "0"), ("tracestate", "a=1"));
        await GetAsync(client, "/");
        Assert.Single(server.Seen, static head => head.Contains("traceparent: junk\r\n", StringComparison.Ordinal) && head.Contains("b3: 0\r\n", StringComparison.Ordinal) && head.Contains("tracestate: a=1\r\n", StringComparison.Ordinal));
        Assert.Single(server.Seen, static head => !head.Contains("traceparent", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_collector_that_is_gone_costs_its_spans_and_no_request()
    {
        await using var scene = await StartAsync();
        var collector = await scene.CollectAsync();
        await collector.DisposeAsync();
        scene.Serve("v1", "echo");
        Wish(scene, percent: 100);
        using var client = await scene.ClientAsync("echo");
        for (var i = 0; i < 10; i++) await GetAsync(client, "/");
        await scene.UntilAsync(async () => (await scene.MetricsAsync()).Contains("ambient_trace_spans_dropped_total{reason=\"collector_failed\"} 20\n", StringComparison.Ordinal));
        Assert.Equal(1, scene.TakeLog().Split("takes no spans").Length - 1);
    }

    [Fact]
    public async Task A_collector_that_does_not_keep_up_gets_what_fits_and_the_rest_is_counted()
    {
        await using var scene = await StartAsync();
        await using var collector = await scene.CollectAsync();
        var goesOn = new TaskCompletionSource();
        collector.Answers = goesOn.Task;
        scene.Serve("v1", "echo");
        Wish(scene, percent: 100);
        using var client = await scene.ClientAsync("echo");
        await scene.UntilAsync(async () =>
        {
            await GetAsync(client, $"/{new string('x', 400)}");
            return !(await scene.MetricsAsync()).Contains("ambient_trace_spans_dropped_total{reason=\"queue_full\"} 0\n", StringComparison.Ordinal);
        });
        goesOn.SetResult();
        await scene.UntilAsync(() => Task.FromResult(collector.Spans.Count > 0));
        Assert.All(collector.Spans, static span => Assert.InRange(span.Attributes.Max(static tag => tag.Value.Text.Length), 0, SpanWriter.LongestText + "http://echo".Length));
    }

    private static void Wish(WaypointScene scene, double percent, TraceCollector? collector = null) =>
        scene.Apply(new TrafficResource("Telemetry/shop/tracing", new TelemetryPolicy
        {
            Namespace = Namespace, Name = "tracing", Scope = TelemetryScope.Namespace,
            Tracing = new()
            {
                Collector = collector ?? new(KeyOf("collector"), 4317), Percent = percent,
                Tags = [new("literal", "", "text"), new("team", "x-team", "none"), new("absent", "x-absent", "default")],
            },
        }));

    private static async Task<(Span Request, Span Attempt)> PairAsync(WaypointScene scene, SpanCollector collector)
    {
        await scene.UntilAsync(() => Task.FromResult(collector.Spans.Count >= 2));
        return (Requests(collector).Single(), collector.Spans.Single(static span => span.Kind == SpanKind.Client));
    }

    private static IEnumerable<Span> Requests(SpanCollector collector) => collector.Spans.Where(static span => span.Kind == SpanKind.Server);

    private static string? Value(Span span, string name) => span.Attributes.SingleOrDefault(tag => tag.Key == name)?.Value.Text;

    private static string Hex(ByteString id) => Convert.ToHexStringLower(id.Span);

    private static async Task GetAsync(HttpClient client, string path, params (string Name, string Value)[] fields)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in fields) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await client.SendAsync(request);
        Assert.NotEqual(HttpStatusCode.BadGateway, response.StatusCode);
    }
}
