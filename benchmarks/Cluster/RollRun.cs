using Ambient.Playground.Cluster;
using Ambient.Playground.Load;

namespace Ambient.ClusterBenchmark;

/// <summary>A waypoint is replaced again and again under 500 requests a second, with calls of gRPC and WebSockets open.</summary>
internal static class RollRun
{
    private const int Rate = 500;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(int rolls, int calls, int sockets)
    {
        await using var cluster = await ClusterLab.StartAsync(["n1", "n2"]);
        var scenario = await WaypointRollScenario.SetAsync(cluster, Deadline);
        var outcome = await scenario.RunAsync(rolls, Rate, calls, sockets, Console.WriteLine);
        Console.WriteLine($"{rolls} waypoints replaced: {outcome.Answered} requests answered, {outcome.Failures.Count} failed; ms: {Spread.Of(outcome.Milliseconds)}");
        foreach (var line in outcome.Summary) Console.WriteLine(line);
        foreach (var broken in outcome.Broken.Take(30)) Console.WriteLine($"  {broken}");
        if (outcome.Broken.Count > 0) Console.WriteLine(scenario.Describe());
        return outcome.Broken.Count == 0 ? 0 : 1;
    }
}
