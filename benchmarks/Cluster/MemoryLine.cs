using System.Globalization;

namespace Ambient.ClusterBenchmark;

/// <summary>What a process has in memory, in words: all that is resident, with its part of what it shares, and what no file stands behind.</summary>
internal static class MemoryLine
{
    public static string Of(int process)
    {
        var lines = File.ReadAllLines($"/proc/{process}/smaps_rollup");
        return $"RSS {MiB("Rss:"):0.0} MiB, PSS {MiB("Pss:"):0.0} MiB, anonymous {MiB("Anonymous:"):0.0} MiB";

        double MiB(string name) => lines.Where(line => line.StartsWith(name, StringComparison.Ordinal))
            .Sum(static line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)) / 1024;
    }
}
