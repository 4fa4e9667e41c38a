using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Ambient.Footprint.Deployments;
using Ambient.Lab.Processes;

namespace Ambient.Footprint.Report;

/// <summary>This benchmark's section of benchmarks/RESULTS.md; the other sections stay.</summary>
internal static class FootprintSection
{
    private const string Title = "# What a mesh weighs on a node";

    public static async Task WriteAsync(string path, FootprintOptions options)
    {
        var before = File.Exists(path) ? await File.ReadAllTextAsync(path) : "";
        var start = before.IndexOf(Title, StringComparison.Ordinal);
        var end = start < 0 ? -1 : before.IndexOf("\n# ", start + 1, StringComparison.Ordinal);
        var (head, tail) = (start < 0 ? before.TrimEnd('\n') + "\n\n" : before[..start], end < 0 ? "" : before[end..]);
        await File.WriteAllTextAsync(path, head + await TextAsync(options) + tail);
    }

    private static async Task<string> TextAsync(FootprintOptions options)
    {
        var text = new StringBuilder();
        text.AppendLine(Title).AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"""
            Written by `dotnet run -c Release --project benchmarks/Footprint`; how it is done stands in [README.md](README.md).

            {TimeProvider.System.GetUtcNow():yyyy-MM-dd}, {options.Repetitions} repetitions, {options.Window.TotalSeconds:0} s each at rest and at {FootprintOptions.Rate} requests a second. {Environment.ProcessorCount} × {Cpu()}, {RuntimeInformation.OSDescription}.
            {await VersionAsync("haproxy", "-v")}; {await VersionAsync("nginx", "-v")}; our proxies: native code. Medians, least to most in brackets.

            """);
        text.Append("| pods | mesh |").Append(string.Concat(Figure.All.Select(figure => $" {figure.Name} |"))).AppendLine();
        text.Append("|---:|---|").Append(string.Concat(Figure.All.Select(static _ => "---:|"))).AppendLine();
        foreach (var pods in options.Pods)
            foreach (var kind in Enum.GetValues<MeshKind>())
                text.Append(CultureInfo.InvariantCulture, $"| {pods} | {kind.Title()} |").Append(string.Concat(Figure.All.Select(figure => $" {figure.Of(kind, pods)} |"))).AppendLine();
        text.AppendLine();
        foreach (var figure in Figure.All) text.AppendLine(CultureInfo.InvariantCulture, $"- {figure.Name}: {figure.Legend}");
        text.AppendLine();
        foreach (var pods in options.Pods) text.AppendLine(Comparison(pods));
        return text.ToString();
    }

    /// <summary>How many times less memory ambient takes than the lightest that stands beside each pod.</summary>
    public static string Comparison(int pods)
    {
        var lightest = new[] { MeshKind.HaProxySidecars, MeshKind.NginxSidecars, MeshKind.ZtunnelSidecars }
            .Select(kind => (kind, memory: Figure.IdleMemory.Of(kind, pods).Median)).Where(one => one.memory > 0).DefaultIfEmpty().MinBy(one => one.memory);
        var ratio = lightest.memory / Figure.IdleMemory.Of(MeshKind.Ambient, pods).Median;
        return string.Create(CultureInfo.InvariantCulture, $"With {pods} pods ambient takes {ratio:0.0} times less memory (PSS, at rest) than {lightest.kind.Title()}, the lightest of the others.");
    }

    private static string Cpu() => File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(": ")[1] ?? "CPU";

    private static async Task<string> VersionAsync(string program, string option)
    {
        var result = await Command.RunAsync(program, option);
        return (result.Output + result.Errors).Split('\n')[0].Split(" - ")[0].Trim();
    }
}
