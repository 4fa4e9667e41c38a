using System.Diagnostics;
using Ambient.HttpCases;
using Ambient.Lab;
using Ambient.Lab.Processes;
using Ambient.Load.Generator;
using Ambient.Load.Results;
using Ambient.Load.Waypoint;

namespace Ambient.Load.Floods;

/// <summary>What good clients feel while another one floods: p99 of 1,000 requests a second, alone and beside each flood, interleaved.</summary>
internal sealed class FloodBenchmark(WaypointBenchmarkOptions options)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30), Gathering = TimeSpan.FromSeconds(1);
    public static readonly IReadOnlyList<Flood> All = [.. Flood.Excessive, .. Flood.Refused, .. Flood.Holding];
    private static readonly WaypointScenario Good = WaypointScenario.Paced("good", perSecond: 1000);

    private readonly Samples _samples = new();
    private readonly QuietMachine _machine = new(options.Patience);
    private readonly List<string> _failures = [];

    public static Flood Find(string name) => All.Single(flood => flood.Name == name);

    /// <returns>0; 1 if good requests failed behind our proxy.</returns>
    public async Task<int> RunAsync()
    {
        await using var stage = await WaypointStage.SetAsync(options);
        for (var round = 0; round < options.Rounds; round++)
        {
            Progress.Say($"round {round + 1} of {options.Rounds}");
            foreach (var flood in All.Where(options.Measures))
                for (var i = 0; i < stage.Contenders.Count; i++)
                    await TryAsync(stage, flood, stage.Contenders[(i + round) % stage.Contenders.Count]);
        }

        return await ReportAsync(stage);
    }

    private async Task TryAsync(WaypointStage stage, Flood flood, Contender contender)
    {
        try
        {
            await _machine.WaitAsync();
            await MeasureAsync(stage, flood, contender);
        }
        catch (Exception failure) when (failure is LabException or FormatException or IOException)
        {
            _failures.Add($"{contender.Name}, {flood.Name}: {failure.Message}");
            Progress.Say(_failures[^1]);
        }
    }

    private async Task MeasureAsync(WaypointStage stage, Flood flood, Contender contender)
    {
        var (busy, own, start) = (CpuClock.Busy(), stage.CpuWith(contender), TimeProvider.System.GetTimestamp());
        var alone = await P99Async(stage, contender);
        _machine.Note((CpuClock.Busy() - busy - (stage.CpuWith(contender) - own)) / TimeProvider.System.GetElapsedTime(start).TotalSeconds);
        var memory = Memory(contender);
        await using var assault = Assail(stage, flood, contender);
        await Task.Delay(Gathering, TimeProvider.System);
        var beside = await P99Async(stage, contender);
        if (!assault.IsRunning) throw new LabException($"the flood ended by itself: {assault.ReadLog()}");
        _samples.Add(contender.Name, "alone", alone);
        _samples.Add(contender.Name, $"{flood.Name}_p99", beside);
        _samples.Add(contender.Name, $"{flood.Name}_ratio", beside / alone);
        _samples.Add(contender.Name, $"{flood.Name}_memory", Memory(contender) - memory);
        var thrown = Report.Parse(assault.ReadLog().TrimEnd().Split('\n')[^1]);
        _samples.Add(contender.Name, $"{flood.Name}_connections", thrown["connections"]);
        _samples.Add(contender.Name, $"{flood.Name}_megabytes", thrown["megabytes"]);
    }

    // On the core of those who measure, but behind them: what they feel is to be the proxy's doing.
    private static Daemon Assail(WaypointStage stage, Flood flood, Contender contender)
    {
        var at = flood.Bytes.StartsWith(Frames.Preface, StringComparison.Ordinal) ? contender.Http2 : contender.Http1;
        var log = stage.PathOf("assault.log");
        File.Delete(log);
        return Daemon.Start("assault", null, log, [], "taskset", "-c", WaypointStage.LoadCore, "nice", "-n", "10", Environment.ProcessPath!, "assail", at, flood.Name);
    }

    private static async Task<double> P99Async(WaypointStage stage, Contender contender)
    {
        var log = stage.PathOf("requests.log");
        File.Delete(log);
        var result = await Command.RunAsync(new ProcessStartInfo("taskset", ["-c", WaypointStage.LoadCore, .. Good.Command(contender.Http1, log)]), null, Limit);
        return Good.Read(result.OutputOrThrow(), log).P99;
    }

    private static double Memory(Contender contender) => contender.Processes.Sum(static process => ProcessMemory.Of(process).Proportional) / 1024;

    private async Task<int> ReportAsync(WaypointStage stage)
    {
        string[] names = [.. stage.Contenders.Select(static one => one.Name)];
        var table = FigureTable.Of(_samples, Figures(), names);
        if (options.ResultsFile is { } path) await WriteAsync(path, table);
        Console.WriteLine(table);
        foreach (var failure in _failures) Console.WriteLine($"failed: {failure}");
        foreach (var flood in All.Where(options.Measures)) Console.WriteLine(FormattableString.Invariant($"ratio {flood.Name.Replace(' ', '_')} {_samples.Median(Contender.Ours, $"{flood.Name}_ratio"):0.000}"));
        return _failures.Exists(static failure => failure.StartsWith(Contender.Ours, StringComparison.Ordinal)) ? 1 : 0;
    }

    private IEnumerable<Figure> Figures() => All.Where(options.Measures).SelectMany(static flood => (Figure[])
    [
        new($"{flood.Name}_ratio", flood.Name, "× alone", "0.00"),
        new($"{flood.Name}_p99", "  p99 beside it", "µs", "0"),
        new($"{flood.Name}_memory", "  memory it takes", "MiB", "0.0"),
        new($"{flood.Name}_connections", "  its connections", "1/s", "0"),
        new($"{flood.Name}_megabytes", "  its bytes", "MB/s", "0.0"),
    ]).Prepend(new("alone", "p99 without a flood", "µs", "0"));

    private async Task WriteAsync(string path, string table)
    {
        var text = $"""
            Written by the run itself: p99 of a good client's 1,000 requests a second while another client floods, over its p99 right before. Medians of interleaved
            rounds, least to most in brackets; how it is done stands in [README.md](README.md).

            {await ResultsFile.CircumstancesAsync(_machine, options.Rounds, ("haproxy", "-v"), ("nginx", "-v"), ("h2load", "--version"))}
            {table}
            {(_failures.Count == 0 ? "" : $"Runs in which good requests failed:\n\n{string.Join('\n', _failures.Select(static failure => $"- {failure.Split('\n')[0]}"))}")}
            """;
        await ResultsFile.ReplaceChapterAsync(path, "Results of `benchmarks/load.sh floods`", text);
    }
}
