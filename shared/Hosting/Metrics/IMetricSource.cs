namespace Ambient.Hosting.Metrics;

/// <summary>One or more families of a scrape.</summary>
public interface IMetricSource
{
    /// <summary>Brings counts that others hold (connections, worker threads) into the series. Bounded in time by the source itself.</summary>
    ValueTask RefreshAsync() => ValueTask.CompletedTask;

    /// <summary>Writes all samples, many of them with <see cref="OpenMetricsWriter.FlushAsync"/> in between. Called on the scraping thread while others count on.</summary>
    ValueTask WriteAsync(OpenMetricsWriter writer);
}
