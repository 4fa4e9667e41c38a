using Ambient.Playground.Cluster;
using Ambient.Playground.Load;

namespace Ambient.ClusterBenchmark;

/// <summary>Twenty pods are restarted without end under 500 requests a second; the control plane hears of it up to two seconds late.</summary>
internal static class RestartRun
{
    private const int Replicas = 20, Rate = 500;

    public static async Task<int> RunAsync(TimeSpan duration, bool hasWaypoint)
    {
        await using var cluster = await ClusterLab.StartAsync(["n1", "n2"]);
        var scenario = await RolloutScenario.SetAsync(cluster, Replicas, hasWaypoint);
        var outcome = await scenario.RunAsync(Rate, duration);
        Console.WriteLine($"{outcome.Restarts} restarts of {Replicas} pods, {outcome.Pods} pods in all: {outcome.Answered} requests answered, {outcome.Failures.Count} failed; ms: {Spread.Of(outcome.Milliseconds)}");
        Console.WriteLine($"{outcome.Executed} POSTs executed, {outcome.Twice.Count} of them more than once; {outcome.Never.Count} answered without");
        foreach (var broken in outcome.Broken.Take(30)) Console.WriteLine($"  {broken}");
        if (outcome.Broken.Count > 0) Console.WriteLine(scenario.Describe());
        return outcome.Broken.Count == 0 ? 0 : 1;
    }
}
