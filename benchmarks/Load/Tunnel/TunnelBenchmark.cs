using Ambient.Lab.Processes;
using Ambient.Load.Generator;
using Ambient.Load.Results;

namespace Ambient.Load.Tunnel;

/// <summary>The whole benchmark: stage, rounds, memory; then prints and writes the results.</summary>
internal sealed class TunnelBenchmark(TunnelBenchmarkOptions options)
{
    private readonly Samples _samples = new();
    private readonly QuietMachine _machine = new(options.Patience);

    /// <returns>0; 1 if some run failed.</returns>
    public async Task<int> RunAsync()
    {
        await using var stage = await Stage.SetAsync(options);
        var run = new TunnelRun(stage.Chains, stage.Applications, _machine, _samples);
        var idle = new IdleRun(stage.Chains, _samples);

        await AnswerAsync(stage);
        await idle.MeasureFreshAsync();
        await run.RunAsync(options.Rounds, [.. Scenario.All.Where(scenario => options.Measures(scenario.Name))]);
        if (stage.Ours is { } ours && options.Measures("slow_reader")) await new SlowReaderRun(ours, stage.SlowAddress, _samples).MeasureAsync();
        if (options.Idle && options.Measures("idle")) await idle.MeasureHeldAsync();
        return await ReportAsync(stage, [.. run.Failures, .. idle.Failures]);
    }

    private static async Task AnswerAsync(Stage stage)
    {
        foreach (var chain in stage.Chains)
            await Until.TrueAsync(async () =>
            {
                var result = await chain.Client.RunAsync(Environment.ProcessPath!, "pingpong", chain.Target, "0.05");
                return result.Succeeded && Report.Parse(result.Output)["requests"] > 0;
            }, $"{chain.Name} carries a connection");
    }

    private async Task<int> ReportAsync(Stage stage, List<string> failures)
    {
        var figures = new Figures(_samples, [.. stage.Chains.Where(chain => !chain.IsCold).Select(chain => chain.Name)]);
        if (options.ResultsFile is { } path) await TunnelChapter.WriteAsync(path, figures, _machine, options.Rounds, failures);
        Say(figures.Table());
        Say($"foreign CPU: {_machine.NoisyRuns} of {_machine.Runs} runs were disturbed, {_machine.WorstForeign:0.00} cores at worst");
        foreach (var failure in failures) Say($"failed: {failure}");
        foreach (var (name, ratio) in figures.Ratios()) Say($"ratio {name} {ratio:0.000}");
        return failures.Count == 0 ? 0 : 1;
    }

    private static void Say(string line) => Console.WriteLine(line);
}
