using Ambient.Playground.Cluster;
using Ambient.Playground.Load;

namespace Ambient.EndToEnd.Tests.Clusters;

/// <summary>
/// Pods are replaced all the time while others call them; nobody waits before stopping, and the mesh hears of it late. What <c>benchmarks/Cluster restart</c> measures, in short.
/// </summary>
public sealed class RolloutTests(ITestOutputHelper output)
{
    private const int Replicas = 3, Rate = 150;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(6);

    [Fact]
    public async Task No_request_fails_and_none_is_executed_twice_while_a_Deployment_is_restarted_again_and_again()
    {
        await using var cluster = await ClusterLab.StartAsync(["n1", "n2"]);
        var scenario = await RolloutScenario.SetAsync(cluster, Replicas, hasWaypoint: false);

        var outcome = await scenario.RunAsync(Rate, Duration);

        output.WriteLine($"{outcome.Restarts} restarts: {outcome.Answered} requests answered, {outcome.Failures.Count} failed, {outcome.Executed} POSTs executed by {outcome.Pods} pods");
        Assert.True(outcome.Broken.Count == 0, $"{string.Join('\n', outcome.Broken.Take(10))}\n{scenario.Describe()}");
        Assert.True(outcome.Pods > Replicas, "pods were replaced while they were called");
    }
}
