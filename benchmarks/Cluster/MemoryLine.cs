using System.Globalization;

namespace Ambient.ClusterBenchmark;

/// <summary>What a process has in memory, in words: all that is resident, with its part of what it shares, and what no file stands behind.</summary>
internal static class MemoryLine
{
    public static string Of(int process) =>
        $"RSS {Resident(process):0.0} MiB, PSS {MiB(process, "Pss:"):0.0} MiB, anonymous {MiB(process, "Anonymous:"):0.0} MiB";

    /// <summary>RSS in MiB.</summary>
    public static double Resident(int process) => MiB(process, "Rss:");

    private static double MiB(int process, string name) => File.ReadLines($"/proc/{process}/smaps_rollup").Where(line => line.StartsWith(name, StringComparison.Ordinal))
        .Sum(static line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)) / 1024;
}
