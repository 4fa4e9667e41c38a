using System.Text.Json;
using Ambient.Model.Routes;
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
            "reporter=\"waypoint\"", "source_principal=\"spiffe://cluster.local/ns/web/sa/client\"", "source_workload_namespace=\"web\"",
            "destination_workload=\"v1\"", "destination_principal=\"spiffe://cluster.local/ns/shop/sa/v1\"", "destination_service=\"echo.shop.svc.cluster.local\"",
            "destination_service_name=\"echo\"", "response_code=\"200\"", "response_flags=\"-\"", "request_protocol=\"http\"", "connection_security_policy=\"mutual_tls\"",
        ]) Assert.Contains(text, series[0], StringComparison.Ordinal);
        Assert.EndsWith(" 3", (await SeriesAsync(scene, "istio_request_duration_milliseconds_count")).Single(), StringComparison.Ordinal);
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
            $"^\\[[0-9T:.Z-]+\\] \"GET /path\\?q=%22 HTTP/1.1\" 200 - via_upstream - \"-\" \\S+ \\S+ \\d+ \\S+ \"-\" \"probe\" \"id-1\" \"echo\" \"{server.Address}\" outbound\\|80\\|\\|echo.shop.svc.cluster.local - 10.96.0.\\d+:80 127.0.0.1:\\d+ - shop/named/first$",
            line);
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
