using Ambient.Hosting.Metrics;
using Ambient.Hosting.Pages;
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

    private static MetricsPage Page() => new(new MetricRegistry());
}
