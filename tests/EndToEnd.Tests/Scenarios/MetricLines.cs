using System.Globalization;
using Ambient.Lab.Mesh;

namespace Ambient.EndToEnd.Tests.Scenarios;

/// <summary>Samples of ztunnel's metrics page.</summary>
internal static class MetricLines
{
    /// <summary>Sum of the samples of one metric whose labels hold all of these texts.</summary>
    public static async Task<double> SumAsync(MeshNode node, string name, params IReadOnlyList<string> labels) =>
        (await node.MetricsAsync()).Split('\n')
            .Where(line => line.StartsWith(name + "{", StringComparison.Ordinal) || line.StartsWith(name + " ", StringComparison.Ordinal))
            .Where(line => labels.All(label => line.Contains(label, StringComparison.Ordinal)))
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
}
