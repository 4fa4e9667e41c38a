namespace Ambient.ClusterBenchmark;

/// <summary>New connections while the control plane is gone.</summary>
internal static class OutageRun
{
    public static async Task<int> RunAsync(TimeSpan outage)
    {
        await using var stage = await ClusterStage.SetAsync();
        var pace = stage.Pace(rate: 200, outage + TimeSpan.FromSeconds(20));
        await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System);
        await stage.Cluster.ControlPlane.KillAsync();
        Console.WriteLine("the control plane was killed");
        await Task.Delay(outage, TimeProvider.System);
        await stage.Cluster.ControlPlane.StartAsync();
        Console.WriteLine("the control plane is back");
        await pace.WaitForExitAsync(TimeSpan.FromMinutes(2));
        Console.WriteLine(pace.ReadLog());
        return pace.ExitCode;
    }
}
