using Ambient.Lab;
using Ambient.Load.Results;

namespace Ambient.Load.Tunnel;

/// <summary>What the proxies' memory is with nothing to do, with many quiet connections, and after those are gone.</summary>
internal sealed class IdleRun(IReadOnlyList<Chain> chains, Samples samples)
{
    private static readonly TimeSpan OpeningLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(12); // before anything at rest is measured; the same for everybody
    private static readonly TimeSpan Afterwards = TimeSpan.FromSeconds(60);

    public List<string> Failures { get; } = [];

    /// <summary>Memory of proxies that have not carried anything yet.</summary>
    public async Task MeasureFreshAsync()
    {
        await Task.Delay(Settling, TimeProvider.System);
        foreach (var chain in chains.Where(chain => chain.ClientProxy is not null && !chain.IsCold))
        {
            Add(chain, "idle_client", Sum(chain.ClientProcesses));
            Add(chain, "idle_server", Sum(chain.ServerProcesses));
        }
    }

    public async Task MeasureHeldAsync()
    {
        foreach (var chain in chains.Where(chain => chain.ClientProxy is not null && !chain.IsCold))
        {
            try { await HoldAsync(chain); }
            catch (LabException failure)
            {
                Failures.Add($"{chain.Name}, idle connections: {failure.Message}");
                Progress.Say(Failures[^1]);
            }
        }
    }

    private async Task HoldAsync(Chain chain)
    {
        Progress.Say($"{chain.IdleConnections} idle connections through {chain.Name}");
        var (client, server) = (Sum(chain.ClientProcesses), Sum(chain.ServerProcesses));
        using var load = LoadProcess.Start(chain.Client, "hold", chain.Target, "16", $"{chain.IdleConnections}");
        await load.ReadReportAsync(OpeningLimit);
        await Task.Delay(Settling, TimeProvider.System);
        AddPerConnection(chain, "idle_connection_client", Sum(chain.ClientProcesses) - client);
        AddPerConnection(chain, "idle_connection_server", Sum(chain.ServerProcesses) - server);
        await load.FinishAsync();

        if (chain.Name != Chain.Ours) return;
        await Task.Delay(Afterwards, TimeProvider.System);
        samples.Add(chain.Name, "rss_after_client", Sum(chain.ClientProcesses).Resident / client.Resident);
        samples.Add(chain.Name, "rss_after_server", Sum(chain.ServerProcesses).Resident / server.Resident);
    }

    private void Add(Chain chain, string figure, ProcessMemory memory)
    {
        samples.Add(chain.Name, $"{figure}_rss", memory.Resident / 1024);
        samples.Add(chain.Name, $"{figure}_uss", memory.Unique / 1024);
    }

    private void AddPerConnection(Chain chain, string figure, ProcessMemory growth) =>
        samples.Add(chain.Name, figure, growth.Resident / chain.IdleConnections);

    private static ProcessMemory Sum(IEnumerable<int> processes) =>
        processes.Select(ProcessMemory.Of).Aggregate(default(ProcessMemory), (sum, each) => sum + each);
}
