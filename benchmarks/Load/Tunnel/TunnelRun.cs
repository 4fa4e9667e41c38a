using Ambient.Lab;
using Ambient.Load.Results;

namespace Ambient.Load.Tunnel;

/// <summary>
/// All chains through all scenarios, interleaved: what happens to the machine meanwhile happens to everybody. Each round
/// starts with another chain.
/// </summary>
internal sealed class TunnelRun(IReadOnlyList<Chain> chains, IReadOnlyList<int> application, QuietMachine machine, Samples samples)
{
    public List<string> Failures { get; } = [];

    public async Task RunAsync(int rounds, IReadOnlyList<Scenario> scenarios)
    {
        for (var round = 0; round < rounds; round++)
        {
            Progress.Say($"round {round + 1} of {rounds}");
            foreach (var scenario in scenarios)
                for (var i = 0; i < chains.Count; i++)
                    await TryAsync(scenario, chains[(i + round) % chains.Count]);
        }
    }

    private async Task TryAsync(Scenario scenario, Chain chain)
    {
        if (!chain.TakesPartIn(scenario)) return;
        try
        {
            await machine.WaitAsync();
            var outcome = await MeasureAsync(scenario, chain);
            foreach (var (figure, value) in scenario.Figures(outcome)) samples.Add(chain.FigureName, figure, value);
        }
        catch (LabException failure)
        {
            Failures.Add($"{chain.Name}, {scenario.Name}: {failure.Message}");
            Progress.Say(Failures[^1]);
        }
    }

    private async Task<Outcome> MeasureAsync(Scenario scenario, Chain chain)
    {
        await using var spinners = scenario.Awake ? new Spinners() : null;
        var (client, server) = (CpuClock.Of(chain.ClientProcesses), CpuClock.Of(chain.ServerProcesses));
        var (busy, own, start) = (CpuClock.Busy(), Own(chain, spinners), TimeProvider.System.GetTimestamp());

        using var load = LoadProcess.Start(chain.Client, scenario.Arguments(chain.Target));
        var report = await load.ReadReportAsync();

        var outcome = new Outcome(report, CpuClock.Of(chain.ClientProcesses) - client, CpuClock.Of(chain.ServerProcesses) - server);
        var foreign = CpuClock.Busy() - busy - (Own(chain, spinners) - own) - report["cpu"];
        machine.Note(foreign / TimeProvider.System.GetElapsedTime(start).TotalSeconds);
        await load.FinishAsync();
        return outcome;
    }

    private double Own(Chain chain, Spinners? spinners) =>
        CpuClock.Of(chain.Processes) + CpuClock.Of(application) + CpuClock.Of(Environment.ProcessId) + (spinners?.Cpu ?? 0);
}
