using System.Globalization;

namespace Ambient.Load.Generator;

/// <summary>What a generator process tells its caller: one line of <c>name=value</c>.</summary>
internal sealed class Report(IReadOnlyDictionary<string, double> values)
{
    public double this[string name] => values[name];

    /// <summary>The values and what they cost this process: <c>cpu</c>, in seconds.</summary>
    public static string Line(params IEnumerable<(string Name, double Value)> values) => string.Join(' ',
        values.Append(("cpu", Environment.CpuUsage.TotalTime.TotalSeconds)).Select(value => string.Create(CultureInfo.InvariantCulture, $"{value.Item1}={value.Item2:R}")));

    public static Report Parse(string line) => new(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .Select(part => part.Split('='))
        .Where(part => part.Length == 2)
        .ToDictionary(part => part[0].Trim(), part => double.Parse(part[1], CultureInfo.InvariantCulture)));
}
