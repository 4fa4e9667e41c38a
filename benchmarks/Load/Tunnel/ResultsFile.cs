using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Ambient.Lab.Processes;

namespace Ambient.Load.Tunnel;

/// <summary>Writes the first chapter of benchmarks/RESULTS.md: the numbers and everything needed to judge them.</summary>
internal static class ResultsFile
{
    public static async Task WriteAsync(string path, Figures figures, QuietMachine machine, int rounds, IReadOnlyList<string> failures)
    {
        var text = new StringBuilder();
        text.AppendLine("# Results of `benchmarks/load.sh tunnel`").AppendLine();
        text.AppendLine("Written by the run itself. Medians of interleaved rounds, least to most in brackets; how it is done stands in").AppendLine("[README.md](README.md).").AppendLine();
        text.AppendLine(await MachineAsync(machine, rounds));
        text.AppendLine(figures.Table());
        text.AppendLine("## Ours / HAProxy").AppendLine();
        text.AppendLine("Where a figure has two loads (1 and 16 streams), the worse of the two.").AppendLine();
        text.AppendLine("| | ratio |").AppendLine("|---|---:|");
        foreach (var (name, ratio) in figures.Ratios()) text.AppendLine(CultureInfo.InvariantCulture, $"| {name} | {ratio:0.00} |");
        text.AppendLine().AppendLine(CultureInfo.InvariantCulture,
            $"Ours / nghttpx: requests_64 {figures.Ratio("requests_64", "nghttpx"):0.00}, connections {figures.Ratio("connections", "nghttpx"):0.00}.");
        if (failures.Count > 0) text.AppendLine().AppendLine("Failed runs:").AppendLine();
        foreach (var failure in failures) text.AppendLine(CultureInfo.InvariantCulture, $"- {failure}");
        text.Append(await OthersOfAsync(path));
        await File.WriteAllTextAsync(path, text.ToString());
    }

    // Other benchmarks have chapters of their own in the file, behind ours.
    private static async Task<string> OthersOfAsync(string path)
    {
        var old = File.Exists(path) ? await File.ReadAllTextAsync(path) : "";
        var next = old.IndexOf("\n# ", StringComparison.Ordinal);
        return next < 0 ? "" : old[next..];
    }

    private static async Task<string> MachineAsync(QuietMachine machine, int rounds)
    {
        string[] versions = [await VersionAsync("haproxy", "-v"), await VersionAsync("nginx", "-v"), await VersionAsync("nghttpx", "--version"), await VersionAsync("openssl", "version")];
        return string.Create(CultureInfo.InvariantCulture, $"""
            {TimeProvider.System.GetUtcNow():yyyy-MM-dd}, {rounds} rounds. {Environment.ProcessorCount} × {Cpu()}, {RuntimeInformation.OSDescription}.
            Our generator and proxies: {RuntimeInformation.FrameworkDescription}, native code.
            {string.Join("; ", versions)}.

            Foreign CPU: {machine.NoisyRuns} of {machine.Runs} runs had more than a quarter of a core of other people's work, {machine.WorstForeign:0.00} cores at worst;
            waiting for quiet took {machine.WaitedSeconds:0} s.

            """);
    }

    private static string Cpu() => File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(": ")[1] ?? "CPU";

    private static async Task<string> VersionAsync(string program, string option)
    {
        var result = await Command.RunAsync(program, option);
        return (result.Output + result.Errors).Split('\n')[0].Split(" - ")[0].Trim();
    }
}
