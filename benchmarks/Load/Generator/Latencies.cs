namespace Ambient.Load.Generator;

/// <summary>Samples in timestamp ticks; percentiles in microseconds.</summary>
internal sealed class Latencies
{
    private readonly List<long> _samples = new(1 << 20);

    public int Count => _samples.Count;

    public void Add(long ticks) => _samples.Add(ticks);

    public double Microseconds(double percentile)
    {
        if (_samples.Count == 0) return double.NaN;
        _samples.Sort();
        var index = Math.Min(_samples.Count - 1, (int)(_samples.Count * percentile / 100));
        return _samples[index] * 1e6 / System.Diagnostics.Stopwatch.Frequency;
    }
}
