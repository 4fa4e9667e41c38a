namespace Ambient.ClusterBenchmark;

/// <summary>
/// New connections while the control plane is gone. Certificates live a minute and are renewed after half of it, so that an outage of 25 s is
/// to them what one of ten hours is to certificates of a day; tunnels are let go at once, so that new ones are opened all along.
/// </summary>
internal static class OutageRun
{
    public static async Task<int> RunAsync(TimeSpan outage, int times)
    {
        await using var stage = await ClusterStage.SetAsync([new("DEFAULT_WORKLOAD_CERT_TTL", "1m")],
            new("SECRET_TTL", "60s"), new("POOL_MAX_STREAMS_PER_CONNECTION", "8"), new("POOL_UNUSED_RELEASE_TIMEOUT", "1s"));
        var pace = stage.Pace(rate: 200, (outage + TimeSpan.FromSeconds(60)) * times);
        for (var i = 0; i < times && pace.IsRunning; i++)
        {
            await Task.Delay(TimeSpan.FromSeconds(40), TimeProvider.System); // everybody has a new certificate
            await stage.Cluster.ControlPlane.KillAsync();
            Console.WriteLine("the control plane was killed");
            await Task.Delay(outage, TimeProvider.System);
            await stage.Cluster.ControlPlane.StartAsync();
            Console.WriteLine("the control plane is back");
        }
        pace.Signal("TERM");
        await pace.WaitForExitAsync(TimeSpan.FromMinutes(2));
        return stage.Report(pace);
    }
}
