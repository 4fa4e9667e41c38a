using System.Net.Sockets;
using System.Text.Json;
using Ambient.Model.Policies;
using Ambient.Model.Routes;
using Ambient.Model.Telemetry;
using Ambient.Model.Traffic;
using Ambient.TestKit;
using Ambient.Waypoint.Telemetry;
using Ambient.Waypoint.Tests.Scenes;
using static Ambient.Waypoint.Tests.Scenes.WaypointScene;

namespace Ambient.Waypoint.Tests;

/// <summary>What is told of requests: metrics as dashboards ask for them, and the access log.</summary>
public sealed class TelemetryTests
{
    // The series Kiali draws edges from is dropped when one of these is missing or empty.
    private static readonly string[] Grouped =
    [
        "source_cluster", "source_workload_namespace", "source_workload", "source_canonical_service", "source_canonical_revision", "destination_cluster",
        "destination_service_namespace", "destination_service", "destination_service_name", "destination_workload_namespace", "destination_workload",
        "destination_canonical_service", "destination_canonical_revision", "request_protocol", "response_code", "response_flags",
    ];

    [Fact]
    public async Task A_request_is_counted_under_the_labels_that_dashboards_group_by()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        using var client = await scene.ClientAsync("echo");
        for (var i = 0; i < 3; i++) (await client.GetAsync("/")).Dispose();
        var series = await SeriesAsync(scene, "istio_requests_total");
        Assert.EndsWith(" 3", series.Single(), StringComparison.Ordinal);
        foreach (var label in Grouped) Assert.Matches($"[{{,]{label}=\"[^\"]+\"", series[0]);
        foreach (var text in (string[])
        [
            "reporter=\"waypoint\"", "source_principal=\"spiffe://cluster.local/ns/web/sa/client\"", "source_workload_namespace=\"web\"", "grpc_response_status=\"\"",
            "destination_workload=\"v1\"", "destination_principal=\"spiffe://cluster.local/ns/shop/sa/v1\"", "destination_service=\"echo.shop.svc.cluster.local\"",
            "destination_service_name=\"echo\"", "response_code=\"200\"", "response_flags=\"-\"", "request_protocol=\"http\"", "connection_security_policy=\"mutual_tls\"",
        ]) Assert.Contains(text, series[0], StringComparison.Ordinal);
        foreach (var histogram in (string[])["istio_request_duration_milliseconds", "istio_request_bytes", "istio_response_bytes"])
            Assert.EndsWith(" 3", (await SeriesAsync(scene, $"{histogram}_count")).Single(), StringComparison.Ordinal);
        Assert.DoesNotContain("messages_total", await scene.MetricsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_of_grpc_is_counted_with_its_status_and_its_messages()
    {
        await using var scene = await StartAsync(("ACCESS_LOG", "json"));
        scene.Serve("v1", "echo").Fields = "grpc-status: 5\r\n";
        using var client = await scene.ClientAsync("echo");
        using var call = new HttpRequestMessage(HttpMethod.Post, "/Speech/Say") { Content = new ByteArrayContent([0, 0, 0, 0, 2, 7, 7, 0, 0, 0, 0, 0]) };
        call.Content.Headers.ContentType = new("application/grpc");
        (await client.SendAsync(call)).Dispose();
        Assert.Contains("request_protocol=\"grpc\"", (await SeriesAsync(scene, "istio_requests_total")).Single(), StringComparison.Ordinal);
        var messages = (await SeriesAsync(scene, "istio_request_messages_total")).Single();
        Assert.EndsWith(" 2", messages, StringComparison.Ordinal);
        Assert.Contains("grpc_response_status=\"5\"", messages, StringComparison.Ordinal);
        Assert.Single(await SeriesAsync(scene, "istio_response_messages_total"));
        using var json = JsonDocument.Parse(scene.TakeLog().Split('\n').Single(static line => line.StartsWith('{')));
        Assert.Equal((5, 12), (json.RootElement.GetProperty("grpc_status").GetInt32(), json.RootElement.GetProperty("bytes_received").GetInt32()));
    }

    [Fact]
    public async Task A_server_makes_no_series_of_its_own_by_statuses_that_grpc_does_not_know()
    {
        await using var scene = await StartAsync();
        var server = scene.Serve("v1", "echo");
        using var client = await scene.ClientAsync("echo");
        for (var status = 16; status < 20; status++)
        {
            server.Fields = $"grpc-status: {status}\r\n";
            using var call = new HttpRequestMessage(HttpMethod.Post, "/Speech/Say") { Content = new ByteArrayContent([]) };
            call.Content.Headers.ContentType = new("application/grpc");
            (await client.SendAsync(call)).Dispose();
        }

        await scene.UntilAsync(async () => (await SeriesAsync(scene, "istio_requests_total")).Sum(static series => int.Parse(series.Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture)) == 4);
        Assert.Equal(["16", "2"], (await SeriesAsync(scene, "istio_requests_total")).Select(static series => series.Split("grpc_response_status=\"")[1].Split('"')[0]));
    }

    [Fact]
    public async Task Series_of_a_workload_that_is_gone_are_dropped_when_they_have_been_quiet()
    {
        var time = new ManualTime();
        await using var scene = await StartAsync(time);
        scene.Serve("stays", "echo");
        scene.Serve("goes", "other");
        using var client = await scene.ClientAsync("echo");
        using var other = await scene.ClientAsync("other");
        foreach (var one in (HttpClient[])[client, other]) (await one.GetAsync("/")).Dispose();
        await scene.UntilAsync(async () => (await SeriesAsync(scene, "istio_requests_total")).Length == 2);

        var gone = scene.Parts.Rules.Mesh.Current.FindWorkload("Kubernetes//Pod/shop/goes")!;
        scene.Forget("goes");
        for (var i = 0; i < 3; i++) // the first look sees that it is quiet, another that it has been for long
        {
            time.Advance(RequestMetrics.QuietFor);
            await scene.MetricsAsync();
        }

        foreach (var name in (string[])["istio_requests_total", "istio_request_bytes_count"])
            Assert.Contains("destination_workload=\"stays\"", Assert.Single(await SeriesAsync(scene, name)), StringComparison.Ordinal);
        scene.Parts.Rules.Mesh.Apply(new() { Workloads = [gone] });
        (await other.GetAsync("/")).Dispose();
        await scene.UntilAsync(async () => (await SeriesAsync(scene, "istio_requests_total")).Length == 2);
        Assert.All(await SeriesAsync(scene, "istio_requests_total"), static series => Assert.EndsWith(" 1", series, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Counting_a_request_of_a_known_series_allocates_nothing()
    {
        await using var scene = await StartAsync();
        var (metrics, client) = (scene.Parts.Rules.Metrics, new Inbound.Client(new(System.Net.IPAddress.Loopback, 1), ClientIdentity, null, null));
        var destination = new Inbound.DialledTarget(null, null, System.Net.IPAddress.Loopback, 80);
        var report = new HttpProxy.Exchanges.ExchangeReport(200, default, null, null, HttpProxy.Routing.RoutePlan.Default, TimeSpan.FromMilliseconds(3), 1)
        {
            Request = new(100, 20, 2), Response = new(80, 30, 1), IsGrpc = true, GrpcStatus = 0,
        };
        for (var i = 0; i < 2; i++) metrics.Count(client, destination, Waypoint.Telemetry.ServiceTelemetry.Default, report); // made, and found for the first time
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) metrics.Count(client, destination, Waypoint.Telemetry.ServiceTelemetry.Default, report);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public async Task Servers_are_told_the_scheme_and_the_attempt_and_clients_how_long_it_took_and_whose_answer_it_is()
    {
        await using var scene = await StartAsync();
        var server = scene.Serve("v1", "echo");
        server.Fields = "server: theirs\r\n";
        using var client = await scene.ClientAsync("echo");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "x-envoy-attempt-count", "9" } } };
        using var response = await client.SendAsync(request);
        var seen = server.Seen.Single();
        Assert.Contains("\r\nx-forwarded-proto: http\r\n", seen, StringComparison.Ordinal);
        Assert.Contains("\r\nx-envoy-attempt-count: 1\r\n", seen, StringComparison.Ordinal);
        Assert.DoesNotContain(": 9\r\n", seen, StringComparison.Ordinal);
        Assert.Single(response.Headers.GetValues("x-envoy-upstream-service-time"));
        Assert.Equal("theirs", response.Headers.GetValues("server").Single());
        Assert.False(response.Headers.Contains("date")); // the server said nothing, and nothing is made up
        Assert.False(response.Headers.Contains("via"));

        using var secured = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "x-forwarded-proto", "https" } } };
        (await client.SendAsync(secured)).Dispose();
        Assert.Single(server.Seen, static head => head.Contains("x-forwarded-proto: https\r\n", StringComparison.OrdinalIgnoreCase) && !head.Contains("x-forwarded-proto: http\r\n", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_went_wrong_is_counted_under_its_flag()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        scene.Route("some", "echo", Rule(new() { Path = PathMatch.Segments("/known") }, To(("none", 1))));
        using var client = await scene.ClientAsync("echo");
        (await client.GetAsync("/known")).Dispose();
        (await client.GetAsync("/unknown")).Dispose();
        var series = await SeriesAsync(scene, "istio_requests_total");
        Assert.Single(series, static line => line.Contains("response_code=\"503\"", StringComparison.Ordinal) && line.Contains("response_flags=\"UH\"", StringComparison.Ordinal));
        Assert.Single(series, static line => line.Contains("response_code=\"404\"", StringComparison.Ordinal) && line.Contains("response_flags=\"NR\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_happened_on_the_way_is_flagged_too_and_the_log_says_it_closer()
    {
        await using var scene = await StartAsync(("ACCESS_LOG", "json"));
        scene.Serve("v1", "echo").Answer = static line => line.Contains("/fails", StringComparison.Ordinal) ? 503 : 200;
        scene.Route("some", "echo",
            Rule(new() { Path = PathMatch.Segments("/fails") }, To(("echo", 1)) with { Retries = new() { Attempts = 1, On = RetryOn.FiveXx, BackoffBase = TimeSpan.FromMilliseconds(1) } }),
            Rule(new() { Path = PathMatch.Segments("/faulty") }, To(("echo", 1)) with { Fault = new(TimeSpan.FromMilliseconds(1), 100, 418, -1, 100) }),
            Rule(new() { Path = PathMatch.Segments("/late") }, To(("echo", 1)) with { Fault = new(TimeSpan.FromMilliseconds(1), 100, 0, -1, 0) }),
            Rule(new() { Path = PathMatch.Segments("/secret") }, To(("echo", 1))));
        scene.Policy("closed", PolicyAction.Deny, new() { Request = new() { Paths = [TextMatch.Exact("/secret")] } });
        using var client = await scene.ClientAsync("echo");
        foreach (var path in (string[])["/fails", "/faulty", "/late", "/secret"]) (await client.GetAsync(path)).Dispose();
        await scene.UntilAsync(async () => (await SeriesAsync(scene, "istio_requests_total")).Length == 4);
        var series = string.Join('\n', await SeriesAsync(scene, "istio_requests_total"));
        foreach (var (code, flags) in new[] { (503, "URX"), (418, "DI,FI"), (200, "DI"), (403, "-") })
            Assert.Matches($"response_flags=\"{flags}\"[^\n]*response_code=\"{code}\"", series);
        var logged = scene.TakeLog().Split('\n').Where(static line => line.StartsWith('{')).Select(static line => JsonDocument.Parse(line).RootElement)
            .ToDictionary(static entry => entry.GetProperty("path").GetString()!, static entry => entry.GetProperty("response_code_details").GetString());
        Assert.Equal("rbac_access_denied_matched_policy[ns[shop]-policy[closed]]", logged["/secret"]);
        Assert.Equal(("via_upstream", "fault_filter_abort"), (logged["/fails"], logged["/faulty"]));
    }

    [Fact]
    public async Task Bytes_of_a_connection_are_counted_while_it_is_open()
    {
        await using var scene = await StartAsync();
        var echo = scene.Serve("v1", "echo");
        var address = echo.Address;
        await echo.DisposeAsync();
        using var listener = new TcpListener(address);
        listener.Start();
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(await scene.NodeOf().OpenAsync($"{VipOf("echo")}:8080"));
        using var server = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        await server.SendAsync(new byte[1000], TestContext.Current.CancellationToken);
        await scene.UntilAsync(async () => (await SeriesAsync(scene, "istio_tcp_sent_bytes_total")).Single().EndsWith(" 1000", StringComparison.Ordinal));
        Assert.EndsWith(" 0", (await SeriesAsync(scene, "istio_tcp_connections_closed_total")).Single(), StringComparison.Ordinal);
        await server.SendAsync(new byte[500], TestContext.Current.CancellationToken);
        for (var rest = 1500; rest > 0;) rest -= await client.ReceiveAsync(new byte[rest], TestContext.Current.CancellationToken);
        client.Close();
        server.Close();
        await scene.UntilAsync(async () => (await SeriesAsync(scene, "istio_tcp_connections_closed_total")).Single().EndsWith(" 1", StringComparison.Ordinal));
        Assert.EndsWith(" 1500", (await SeriesAsync(scene, "istio_tcp_sent_bytes_total")).Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_text_log_has_the_fields_of_istios_format_in_its_order()
    {
        await using var scene = await StartAsync(("ACCESS_LOG", "text"));
        var server = scene.Serve("v1", "echo");
        scene.Route("named", "echo", new RouteRule("first", [RouteMatch.Everything], To(("echo", 1))));
        using var client = await scene.ClientAsync("echo");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/path?q=\"") { Headers = { { "user-agent", "probe" }, { "x-request-id", "id-1" } } };
        (await client.SendAsync(request)).Dispose();
        var line = scene.TakeLog().Split('\n').Single(static line => line.Contains("probe", StringComparison.Ordinal));
        Assert.Matches(
            $"^\\[[0-9T:.Z-]+\\] \"GET /path\\?q=%22 HTTP/1.1\" 200 - via_upstream - \"-\" 0 [1-9]\\d* \\d+ \\d+ \"-\" \"probe\" \"id-1\" \"echo\" \"{server.Address}\" outbound\\|80\\|\\|echo.shop.svc.cluster.local - 10.96.0.\\d+:80 127.0.0.1:\\d+ - shop/named/first$",
            line);
    }

    [Fact]
    public async Task The_text_log_has_nothing_of_a_client_that_could_be_taken_for_its_own()
    {
        await using var scene = await StartAsync(("ACCESS_LOG", "text"));
        scene.Serve("v1", "echo");
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(await scene.NodeOf().OpenAsync($"{VipOf("echo")}:80"), TestContext.Current.CancellationToken);
        await client.SendAsync("GET /it HTTP/1.1\r\nHost: echo\r\nConnection: close\r\nUser-Agent: a\\\" \"forged\" \u0085\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        while (await client.ReceiveAsync(new byte[4096], TestContext.Current.CancellationToken) > 0) { }

        var line = scene.TakeLog().Split('\n').Single(static line => line.Contains("/it", StringComparison.Ordinal));

        Assert.Contains(" \"a\\\\\\\" \\\"forged\\\" \\u{85}\" ", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_json_log_is_json_whatever_a_client_sends()
    {
        await using var scene = await StartAsync(("ACCESS_LOG", "json"));
        scene.Serve("v1", "echo");
        using var client = await scene.ClientAsync("echo");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.TryAddWithoutValidation("user-agent", "\"},{\"forged\":\"");
        (await client.SendAsync(request)).Dispose();
        var line = scene.TakeLog().Split('\n').Single(static line => line.StartsWith('{'));
        using var json = JsonDocument.Parse(line);
        Assert.Equal("\"},{\"forged\":\"", json.RootElement.GetProperty("user_agent").GetString());
        Assert.Equal(200, json.RootElement.GetProperty("response_code").GetInt32());
        Assert.Equal(JsonValueKind.Null, json.RootElement.GetProperty("x_forwarded_for").ValueKind);
    }

    [Fact]
    public async Task What_is_logged_and_counted_is_what_users_want()
    {
        await using var scene = await StartAsync(); // the process itself logs nothing
        scene.Serve("v1", "echo", "quiet").Answer = static line => line.Contains("/fails", StringComparison.Ordinal) ? 500 : 200;
        scene.Apply(
            Told("all", TelemetryScope.Namespace, new() { IsOff = false, LeastStatus = 500 }, [new(Metrics.RequestDuration, true, []), new(Metrics.All, null, [new("source_principal", null)])]),
            Told("quiet", TelemetryScope.Target, new() { IsOff = true }, [new(Metrics.RequestDuration, false, []), new(Metrics.RequestCount, null, [new("response_flags", "hidden")])]));
        foreach (var name in (string[])["echo", "quiet"])
        {
            using var client = await scene.ClientAsync(name);
            foreach (var path in (string[])["/works", "/fails"]) (await client.GetAsync(path)).Dispose();
        }

        var requests = await SeriesAsync(scene, "istio_requests_total");
        Assert.All(requests, static line => Assert.Contains(",source_principal=\"\"", line, StringComparison.Ordinal));
        Assert.Equal(2, requests.Count(static line => line.Contains("response_flags=\"hidden\"", StringComparison.Ordinal) && line.Contains("\"quiet\"", StringComparison.Ordinal)));
        Assert.All(await SeriesAsync(scene, "istio_request_duration_milliseconds_count"), static line => Assert.Contains("destination_service_name=\"quiet\"", line, StringComparison.Ordinal));
        Assert.Equal(4, (await SeriesAsync(scene, "istio_request_bytes_count")).Length);
        var logged = scene.TakeLog().Split('\n').Where(static line => line.Contains("GET /", StringComparison.Ordinal)).ToList();
        Assert.Contains("\"GET /fails HTTP/1.1\" 500 ", logged.Single(), StringComparison.Ordinal);
    }

    private static TrafficResource Told(string name, TelemetryScope scope, AccessLogSettings log, Model.EquatableArray<MetricOverride> metrics) => new($"Telemetry/{Namespace}/{name}", new TelemetryPolicy
    {
        Namespace = Namespace, Name = name, Scope = scope, Services = scope == TelemetryScope.Target ? [KeyOf(name)] : [], AccessLog = log, Metrics = metrics,
    });

    private static async Task<string[]> SeriesAsync(WaypointScene scene, string name)
    {
        string[] series = [];
        await scene.UntilAsync(async () => // counted when the answer is out
        {
            series = [.. (await scene.MetricsAsync()).Split('\n').Where(line => line.StartsWith(name + "{", StringComparison.Ordinal))];
            return series.Length > 0;
        });
        return series;
    }
}
