using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Hosting.Metrics;
using Ambient.Hosting.Pages;
using Ambient.Hosting.Tests.Pages;
using Xunit;

namespace Ambient.Hosting.Tests.Metrics;

public sealed class MetricsPageTests
{
    [Theory]
    [InlineData("", PageResponse.PlainText)]
    [InlineData("text/html, */*", PageResponse.PlainText)]
    [InlineData("application/openmetrics-text", MetricsPage.OpenMetrics)]
    [InlineData("text/plain;q=0.5, Application/OpenMetrics-Text; version=1.0.0;q=0.1", MetricsPage.OpenMetrics)]
    public async Task The_content_type_is_what_the_scraper_knows(string accept, string expected)
    {
        var response = await Page().RespondAsync(new("GET", "/metrics", "", accept, ""));

        Assert.Equal(200, response.Status);
        Assert.Equal(expected, response.ContentType);
    }

    [Theory]
    [InlineData("/metrics", 200)]
    [InlineData("/stats/prometheus", 200)]
    [InlineData("/", 404)]
    [InlineData("/metrics/", 404)]
    public async Task Two_paths_are_served_by_any_method(string path, int status)
    {
        Assert.Equal(status, (await Page().RespondAsync(new("GET", path, "", "", ""))).Status);
        Assert.Equal(status, (await Page().RespondAsync(new("BREW", path, "", "", ""))).Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Accept-Encoding: gzip\r\n")]
    public async Task Who_takes_a_large_scrape_slowly_holds_little_of_it(string fields)
    {
        var registry = WithManySeries();
        using var pages = await ServedPages.StartAsync(new MetricsPage(registry).RespondAsync);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        var clients = new List<Socket>();
        for (var i = 0; i < 32; i++) clients.Add(await pages.ConnectAsync());
        foreach (var client in clients) await client.SendAsync(Encoding.ASCII.GetBytes($"GET /metrics HTTP/1.1\r\nHost: a\r\n{fields}\r\n"));
        foreach (var client in clients) Assert.NotEqual(0, await client.ReceiveAsync(new byte[16])); // and no more

        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 32L << 20);
        foreach (var client in clients) client.Dispose();
    }

    [Theory]
    [InlineData("HTTP/1.0")]
    [InlineData("HTTP/1.1")]
    public async Task A_large_scrape_comes_whole(string version)
    {
        var registry = WithManySeries();
        using var pages = await ServedPages.StartAsync(new MetricsPage(registry).RespondAsync);
        using var client = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = version == "HTTP/1.1" ? DecompressionMethods.All : DecompressionMethods.None });

        for (var i = 0; i < 2; i++)
        {
            using var answer = await client.SendAsync(new(HttpMethod.Get, $"{pages.Url}/metrics") { Version = new(version[5..]) }, TestContext.Current.CancellationToken);
            var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.EndsWith("} 0\n# EOF\n", text, StringComparison.Ordinal);
            Assert.Equal(ManySeries * 22 + 3, text.Count(static letter => letter == '\n'));
        }
    }

    private const int ManySeries = 400;

    /// <summary>As much as those of a few hundred pairs of workloads: 8 MB.</summary>
    private static MetricRegistry WithManySeries()
    {
        var registry = new MetricRegistry();
        string[] labels = [.. Enumerable.Range(0, 25).Select(static number => $"label_number_{number}")];
        var family = registry.AddHistograms("many", "Many series", [.. Enumerable.Range(0, 19).Select(static bound => (double)bound)], labels);
        for (var i = 0; i < ManySeries; i++) family.With([.. labels.Select(label => $"{i} is a value of {label}")]);
        return registry;
    }

    private static MetricsPage Page() => new(new MetricRegistry());
}
