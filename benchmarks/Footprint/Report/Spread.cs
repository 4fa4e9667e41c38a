using System.Globalization;

namespace Ambient.Footprint.Report;

/// <summary>Median of some repetitions, with the least and most.</summary>
internal readonly record struct Spread(double Median, double Least, double Most, int Count)
{
    public static Spread Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? default : new(sorted[sorted.Count / 2], sorted[0], sorted[^1], sorted.Count);
    }

    public override string ToString() => Count > 1 ? $"{Number(Median)} ({Number(Least)}–{Number(Most)})" : Number(Median);

    private static string Number(double value) => value.ToString(value >= 100 ? "0" : "0.0", CultureInfo.InvariantCulture);
}
