namespace Ambient.Hosting.Metrics;

/// <summary>The numbers behind one label set.</summary>
public interface IMetricSeries
{
    void Write(OpenMetricsWriter writer, ReadOnlySpan<string> labels, ReadOnlySpan<string> values);

    /// <summary>Is another whenever something was counted.</summary>
    long Mark { get; }
}

/// <summary>Only grows. Thread-safe, no allocation.</summary>
/// <remarks>Interlocked: right for what happens per query, message or handshake. What happens per chunk of data is counted by its
/// connection and brought here when somebody looks.</remarks>
public sealed class Counter : IMetricSeries
{
    private long _value;

    public long Value => Interlocked.Read(ref _value);

    public long Mark => Value;

    public void Increment() => Interlocked.Increment(ref _value);

    /// <param name="amount">Not negative.</param>
    public void Add(long amount) => Interlocked.Add(ref _value, amount);

    public void Write(OpenMetricsWriter writer, ReadOnlySpan<string> labels, ReadOnlySpan<string> values) =>
        writer.Sample("_total", labels, values, Value);
}

/// <summary>Goes up and down. Thread-safe, no allocation.</summary>
public sealed class Gauge : IMetricSeries
{
    private long _value;

    public long Value => Interlocked.Read(ref _value);

    public long Mark => Value;

    public void Set(long value) => Interlocked.Exchange(ref _value, value);

    public void Add(long amount) => Interlocked.Add(ref _value, amount);

    public void Write(OpenMetricsWriter writer, ReadOnlySpan<string> labels, ReadOnlySpan<string> values) =>
        writer.Sample("", labels, values, Value);
}

/// <summary>A gauge that is asked when scraped.</summary>
internal sealed class ReadGauge(string name, string help, Func<long?> read) : IMetricSource
{
    public ValueTask WriteAsync(OpenMetricsWriter writer)
    {
        if (read() is not { } value) return default;
        writer.BeginFamily(name, "gauge", help);
        writer.Sample("", [], [], value);
        return default;
    }
}
