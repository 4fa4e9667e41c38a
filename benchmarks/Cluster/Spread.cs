namespace Ambient.ClusterBenchmark;

/// <summary>What is said of many measurements.</summary>
internal static class Spread
{
    /// <param name="values">One or more.</param>
    public static string Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return $"p50 {sorted[sorted.Count / 2]:0}, p90 {sorted[sorted.Count * 9 / 10]:0}, p99 {sorted[sorted.Count * 99 / 100]:0}, most {sorted[^1]:0}";
    }
}
