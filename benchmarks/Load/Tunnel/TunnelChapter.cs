using System.Globalization;
using System.Text;
using Ambient.Load.Results;

namespace Ambient.Load.Tunnel;

/// <summary>The tunnel's chapter of the results: the numbers and everything needed to judge them.</summary>
internal static class TunnelChapter
{
    public static async Task WriteAsync(string path, Figures figures, QuietMachine machine, int rounds, IReadOnlyList<string> failures)
    {
        var text = new StringBuilder();
        text.AppendLine("Written by the run itself. Medians of interleaved rounds, least to most in brackets; how it is done stands in").AppendLine("[README.md](README.md).").AppendLine();
        text.AppendLine(await ResultsFile.CircumstancesAsync(machine, rounds, ("haproxy", "-v"), ("nginx", "-v"), ("nghttpx", "--version"), ("openssl", "version")));
        text.AppendLine(figures.Table());
        text.AppendLine("## Ours / HAProxy").AppendLine();
        text.AppendLine("Where a figure has two loads (1 and 16 streams), the worse of the two.").AppendLine();
        text.AppendLine("| | ratio |").AppendLine("|---|---:|");
        foreach (var (name, ratio) in figures.Ratios()) text.AppendLine(CultureInfo.InvariantCulture, $"| {name} | {ratio:0.00} |");
        text.AppendLine().AppendLine(CultureInfo.InvariantCulture,
            $"Ours / nghttpx: requests_64 {figures.Ratio("requests_64", "nghttpx"):0.00}, connections {figures.Ratio("connections", "nghttpx"):0.00}.");
        if (failures.Count > 0) text.AppendLine().AppendLine("Failed runs:").AppendLine();
        foreach (var failure in failures) text.AppendLine(CultureInfo.InvariantCulture, $"- {failure}");
        await ResultsFile.ReplaceChapterAsync(path, "Results of `benchmarks/load.sh tunnel`", text.ToString());
    }
}
