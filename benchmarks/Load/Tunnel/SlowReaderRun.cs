using Ambient.Load.Results;

namespace Ambient.Load.Tunnel;

/// <summary>
/// One stream that is read at 10 Mbit/s while it is sent as fast as possible: what each proxy holds for it, and what small
/// requests that share its tunnel feel.
/// </summary>
internal sealed class SlowReaderRun(Chain chain, string slowAddress, Samples samples)
{
    private static readonly TimeSpan Filling = TimeSpan.FromSeconds(3);

    public async Task MeasureAsync()
    {
        Progress.Say("a slow reader");
        var (client, server) = (ProcessMemory.Of(chain.ClientProcesses[0]), ProcessMemory.Of(chain.ServerProcesses[0]));
        var alone = await PingPongAsync();
        using var flood = LoadProcess.Start(chain.Client, "flood", slowAddress);
        await Task.Delay(Filling, TimeProvider.System);

        samples.Add(chain.Name, "slow_held_client", (ProcessMemory.Of(chain.ClientProcesses[0]) - client).Resident);
        samples.Add(chain.Name, "slow_held_server", (ProcessMemory.Of(chain.ServerProcesses[0]) - server).Resident);
        samples.Add(chain.Name, "slow_beside_p99", await PingPongAsync() / alone);
        await flood.FinishAsync();
    }

    private async Task<double> PingPongAsync()
    {
        await using var spinners = new Spinners();
        using var load = LoadProcess.Start(chain.Client, "pingpong", chain.Target, "2");
        return (await load.ReadReportAsync())["p99"];
    }
}
