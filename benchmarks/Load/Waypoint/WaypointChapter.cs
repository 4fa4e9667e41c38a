using System.Globalization;
using System.Text;
using Ambient.Load.Results;

namespace Ambient.Load.Waypoint;

/// <summary>The waypoint's chapter of the results: the numbers and everything needed to judge them.</summary>
internal static class WaypointChapter
{
    public static async Task WriteAsync(string path, WaypointFigures figures, QuietMachine machine, int rounds, IReadOnlyList<string> failures)
    {
        var text = new StringBuilder();
        text.AppendLine("Written by the run itself: the waypoint's HTTP engine as a plain reverse proxy with one route. Medians of interleaved rounds, least to");
        text.AppendLine("most in brackets; how it is done stands in [README.md](README.md).").AppendLine();
        text.AppendLine(await ResultsFile.CircumstancesAsync(machine, rounds, ("haproxy", "-v"), ("nginx", "-v"), ("h2load", "--version")));
        text.AppendLine(figures.Table());
        text.AppendLine("Ours / the peer named last. nginx speaks HTTP/1.1 alone with servers, so `h2_cpu_nginx` is HTTP/2 to HTTP/1.1; `h2_cpu_haproxy` is HTTP/2");
        text.AppendLine("on both sides. `h1_p99_nginx` is at 4,000 requests a second. `h1_ruled_requests_nginx` compares ours with rules and metrics to nginx with none.").AppendLine();
        text.AppendLine("| | ratio |").AppendLine("|---|---:|");
        foreach (var (name, ratio) in figures.Ratios()) text.AppendLine(CultureInfo.InvariantCulture, $"| {name} | {ratio:0.00} |");
        if (failures.Count > 0) text.AppendLine().AppendLine("Failed runs:").AppendLine();
        foreach (var failure in failures) text.AppendLine(CultureInfo.InvariantCulture, $"- {failure.Split('\n')[0]}");
        await ResultsFile.ReplaceChapterAsync(path, "Results of `benchmarks/load.sh waypoint`", text.ToString());
    }
}
