namespace Ambient.Transport.Tests.Relaying;

/// <summary>Two applications with a relay between them.</summary>
internal sealed class Relayed : IDisposable
{
    private readonly RunningLoop _running;

    private Relayed(RunningLoop running, App client, App server)
    {
        _running = running;
        Client = client;
        Server = server;
    }

    internal App Client { get; }

    internal App Server { get; }

    internal LoopSocket Downstream { get; private init; } = null!;

    internal LoopSocket Upstream { get; private init; } = null!;

    internal ByteCounters Counters { get; } = new();

    internal Task<RelayOutcome> Outcome { get; private set; } = null!;

    internal static async Task<Relayed> StartAsync(RunningLoop running)
    {
        var (downstream, client) = await running.ConnectAsync();
        var (upstream, server) = await running.ConnectAsync();
        var relayed = new Relayed(running, client, server) { Downstream = downstream, Upstream = upstream };
        relayed.Outcome = running.Loop.RunAsync(relayed.RunAsync);
        return relayed;
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
        Assert.True(Outcome.Wait(RunningLoop.Limit), "the relay does not end");
        _running.RunAsync(() => { }).Wait(RunningLoop.Limit);
    }

    private async ValueTask<RelayOutcome> RunAsync()
    {
        using (Downstream)
        using (Upstream)
            return await RelayRun.Of(Downstream, Upstream, Counters);
    }
}
