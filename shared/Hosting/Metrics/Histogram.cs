namespace Ambient.Hosting.Metrics;

/// <summary>How often values fell below fixed bounds, and their sum. Thread-safe, no allocation when observing.</summary>
public sealed class Histogram : IMetricSeries
{
    private readonly double[] _bounds;
    private readonly long[] _counts;
    private readonly Lock _gate = new();
    private double _sum;

    internal Histogram(double[] bounds)
    {
        _bounds = bounds;
        _counts = new long[bounds.Length + 1];
    }

    public long Mark { get { lock (_gate) return _counts.Sum(); } }

    /// <param name="value">In the unit of the family's name.</param>
    public void Observe(double value)
    {
        var bucket = 0;
        while (bucket < _bounds.Length && value > _bounds[bucket]) bucket++;
        lock (_gate)
        {
            _counts[bucket]++;
            _sum += value;
        }
    }

    public void Write(OpenMetricsWriter writer, ReadOnlySpan<string> labels, ReadOnlySpan<string> values)
    {
        long[] counts;
        double sum;
        lock (_gate) (counts, sum) = ([.. _counts], _sum);

        writer.Sample("_sum", labels, values, sum);
        writer.Sample("_count", labels, values, counts.Sum());
        long below = 0;
        for (var i = 0; i < counts.Length; i++)
        {
            below += counts[i];
            var bound = i < _bounds.Length ? OpenMetricsWriter.Format(_bounds[i]) : "+Inf";
            writer.Sample("_bucket", [.. labels, "le"], [.. values, bound], below);
        }
    }
}
