using System.Diagnostics;
using Ambient.Lab;
using Ambient.Lab.Processes;
using Ambient.Load.Results;

namespace Ambient.Load.Waypoint;

/// <summary>The waypoint's HTTP engine against nginx and HAProxy as plain reverse proxies, interleaved; prints and writes the results.</summary>
internal sealed class WaypointBenchmark(WaypointBenchmarkOptions options)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly Samples _samples = new();
    private readonly QuietMachine _machine = new(options.Patience);
    private readonly List<string> _failures = [];

    /// <returns>0; 1 if some run failed.</returns>
    public async Task<int> RunAsync()
    {
        await using var stage = await WaypointStage.SetAsync(options);
        for (var round = 0; round < options.Rounds; round++)
        {
            Progress.Say($"round {round + 1} of {options.Rounds}");
            foreach (var scenario in WaypointScenario.All)
                for (var i = 0; i < stage.Contenders.Count; i++)
                    await TryAsync(stage, scenario, stage.Contenders[(i + round) % stage.Contenders.Count]);
        }

        foreach (var contender in stage.Contenders)
            _samples.Add(contender.Name, "loaded_pss", contender.Processes.Sum(static process => ProcessMemory.Of(process).Proportional) / 1024);
        return await ReportAsync(stage);
    }

    private async Task TryAsync(WaypointStage stage, WaypointScenario scenario, Contender contender)
    {
        if (scenario.AddressOf(contender) is not { } address) return;
        try
        {
            await _machine.WaitAsync();
            await MeasureAsync(stage, scenario, contender, address);
        }
        catch (Exception failure) when (failure is LabException or FormatException or IOException)
        {
            _failures.Add($"{contender.Name}, {scenario.Name}: {failure.Message}");
            Progress.Say(_failures[^1]);
        }
    }

    private async Task MeasureAsync(WaypointStage stage, WaypointScenario scenario, Contender contender, string address)
    {
        var log = stage.PathOf("requests.log");
        File.Delete(log);
        var (proxy, busy, own, start) = (CpuClock.Of(contender.Processes), CpuClock.Busy(), stage.CpuWith(contender), TimeProvider.System.GetTimestamp());
        var result = await Command.RunAsync(new ProcessStartInfo("taskset", ["-c", WaypointStage.LoadCore, .. scenario.Command(address, log)]), null, Limit);
        var run = scenario.Read(result.OutputOrThrow(), log);
        var cpu = CpuClock.Of(contender.Processes) - proxy;
        _machine.Note((CpuClock.Busy() - busy - (stage.CpuWith(contender) - own)) / TimeProvider.System.GetElapsedTime(start).TotalSeconds);

        _samples.Add(contender.Name, $"{scenario.Name}_requests", run.Requests / run.Seconds);
        _samples.Add(contender.Name, $"{scenario.Name}_cpu", cpu / run.Requests * 1e6);
        if (double.IsNaN(run.P99)) return;
        _samples.Add(contender.Name, $"{scenario.Name}_p50", run.P50);
        _samples.Add(contender.Name, $"{scenario.Name}_p99", run.P99);
    }

    private async Task<int> ReportAsync(WaypointStage stage)
    {
        var figures = new WaypointFigures(_samples, [.. stage.Contenders.Select(static one => one.Name)]);
        if (options.ResultsFile is { } path) await WaypointChapter.WriteAsync(path, figures, _machine, options.Rounds, _failures);
        Console.WriteLine(figures.Table());
        Console.WriteLine($"foreign CPU: {_machine.NoisyRuns} of {_machine.Runs} runs were disturbed, {_machine.WorstForeign:0.00} cores at worst");
        foreach (var failure in _failures) Console.WriteLine($"failed: {failure}");
        foreach (var (name, ratio) in figures.Ratios()) Console.WriteLine($"ratio {name} {ratio:0.000}");
        return _failures.Count == 0 ? 0 : 1;
    }
}
