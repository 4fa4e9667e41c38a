using Ambient.Hosting.Pages;

namespace Ambient.Hosting.Metrics;

/// <summary><c>/metrics</c> and <c>/stats/prometheus</c>, by any method.</summary>
public sealed class MetricsPage(MetricRegistry metrics)
{
    public const string OpenMetrics = "application/openmetrics-text;charset=utf-8;version=1.0.0";

    public async ValueTask<PageResponse> RespondAsync(PageRequest request)
    {
        if (request.Path is not ("/metrics" or "/stats/prometheus")) return PageResponse.NotFound(request);

        await metrics.RefreshAsync();
        return new(200, ContentTypeFor(request.Accept), default) { WriteBodyAsync = body => metrics.WriteAsync(body, body.FlushAsync) };
    }

    // Old scrapers do not know the media type; the text is the same for both.
    private static string ContentTypeFor(string accept) =>
        accept.Split(',').Any(entry => entry.Split(';')[0].Trim().Equals("application/openmetrics-text", StringComparison.OrdinalIgnoreCase))
            ? OpenMetrics
            : PageResponse.PlainText;
}
