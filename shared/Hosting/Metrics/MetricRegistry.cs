using System.Buffers;

namespace Ambient.Hosting.Metrics;

/// <summary>What a process measures, written as OpenMetrics text. Families appear in the order they were added, empty ones not at all.</summary>
/// <remarks>Thread-safe. Names are given without the <c>_total</c> that a counter's sample carries.</remarks>
public sealed class MetricRegistry
{
    /// <summary>Label sets of one family before further ones share a series whose labels all read <c>overflow</c>.</summary>
    public const int DefaultMaxSeries = 10_000;

    private readonly Lock _gate = new();
    private readonly List<IMetricSource> _sources = [];
    private readonly HashSet<string> _names = [];

    /// <summary>One counter without labels.</summary>
    public Counter AddCounter(string name, string help) => AddCounters(name, help, []).With();

    public MetricFamily<Counter> AddCounters(string name, string help, string[] labels, int maxSeries = DefaultMaxSeries) =>
        Add(name, new MetricFamily<Counter>(name, "counter", help, labels, maxSeries, static () => new Counter()));

    /// <summary>One gauge without labels.</summary>
    public Gauge AddGauge(string name, string help) => AddGauges(name, help, []).With();

    public MetricFamily<Gauge> AddGauges(string name, string help, string[] labels, int maxSeries = DefaultMaxSeries) =>
        Add(name, new MetricFamily<Gauge>(name, "gauge", help, labels, maxSeries, static () => new Gauge()));

    /// <summary>A gauge without labels that is read when it is scraped.</summary>
    /// <param name="read">Called on the scraping thread; must not block. Null leaves the family out.</param>
    public void AddGauge(string name, string help, Func<long?> read) => Add(name, new ReadGauge(name, help, read));

    /// <param name="buckets">Upper bounds, ascending, in the unit that <paramref name="name"/> ends with; +Inf is added.</param>
    public MetricFamily<Histogram> AddHistograms(
        string name, string help, double[] buckets, string[] labels, int maxSeries = DefaultMaxSeries) =>
        Add(name, new MetricFamily<Histogram>(name, "histogram", help, labels, maxSeries, () => new Histogram(buckets)));

    /// <summary>Families that keep their own series.</summary>
    public void Add(IMetricSource source)
    {
        lock (_gate) _sources.Add(source);
    }

    /// <summary>Lets every source bring its series up to date; call before <see cref="WriteAsync"/>.</summary>
    public async ValueTask RefreshAsync()
    {
        foreach (var source in Sources()) await source.RefreshAsync();
    }

    /// <summary>The whole exposition, up to and including <c># EOF</c>.</summary>
    /// <param name="flush">See <see cref="OpenMetricsWriter"/>.</param>
    public async Task WriteAsync(IBufferWriter<byte> output, Func<ValueTask<bool>>? flush = null)
    {
        var writer = new OpenMetricsWriter(output, flush);
        foreach (var source in Sources()) await source.WriteAsync(writer);
        writer.End();
    }

    private T Add<T>(string name, T source) where T : IMetricSource
    {
        lock (_gate)
        {
            if (!_names.Add(name)) throw new ArgumentException($"The metric '{name}' exists already.", nameof(name));
            _sources.Add(source);
        }

        return source;
    }

    private IMetricSource[] Sources()
    {
        lock (_gate) return [.. _sources];
    }
}
