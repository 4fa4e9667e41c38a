namespace Ambient.Load.Results;

/// <summary>Every number of a run: by chain, by figure, one for each round.</summary>
internal sealed class Samples
{
    private readonly Dictionary<(string Chain, string Figure), List<double>> _values = [];

    public void Add(string chain, string figure, double value)
    {
        if (!_values.TryGetValue((chain, figure), out var list)) _values[(chain, figure)] = list = [];
        list.Add(value);
    }

    public bool Has(string chain, string figure) => _values.ContainsKey((chain, figure));

    /// <summary>NaN where nothing was measured.</summary>
    public double Median(string chain, string figure)
    {
        if (!_values.TryGetValue((chain, figure), out var list)) return double.NaN;
        var sorted = list.Order().ToList();
        var middle = sorted.Count / 2;
        return sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    public (double Least, double Most) Spread(string chain, string figure) =>
        _values.TryGetValue((chain, figure), out var list) ? (list.Min(), list.Max()) : (double.NaN, double.NaN);
}
