using System.Globalization;
using System.Runtime.InteropServices;
using Ambient.Lab.Processes;

namespace Ambient.Load.Results;

/// <summary>benchmarks/RESULTS.md: a chapter for each benchmark.</summary>
internal static class ResultsFile
{
    /// <summary>Puts a chapter in the place of the one with the same heading, or behind the others.</summary>
    /// <param name="heading">Without its mark.</param>
    public static async Task ReplaceChapterAsync(string path, string heading, string text)
    {
        var chapters = File.Exists(path) ? ("\n" + await File.ReadAllTextAsync(path)).Split("\n# ", StringSplitOptions.RemoveEmptyEntries).ToList() : [];
        var chapter = $"{heading}\n\n{text.TrimEnd()}\n";
        var old = chapters.FindIndex(one => one.StartsWith(heading + "\n", StringComparison.Ordinal));
        if (old >= 0) chapters[old] = chapter;
        else chapters.Add(chapter);
        await File.WriteAllTextAsync(path, string.Join('\n', chapters.Select(one => $"# {one.TrimEnd()}\n")));
    }

    /// <summary>When, on what, against what, and how quiet it was.</summary>
    /// <param name="programs">With the option that prints their version.</param>
    public static async Task<string> CircumstancesAsync(QuietMachine machine, int rounds, params (string Program, string Option)[] programs)
    {
        var versions = new List<string>();
        foreach (var (program, option) in programs) versions.Add(await VersionAsync(program, option));
        return string.Create(CultureInfo.InvariantCulture, $"""
            {TimeProvider.System.GetUtcNow():yyyy-MM-dd}, {rounds} rounds. {Environment.ProcessorCount} × {Cpu()}, {RuntimeInformation.OSDescription}.
            Our generator and proxies: {RuntimeInformation.FrameworkDescription}, {(System.Runtime.CompilerServices.RuntimeFeature.IsDynamicCodeSupported ? "compiled at run time" : "native code")}.
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
