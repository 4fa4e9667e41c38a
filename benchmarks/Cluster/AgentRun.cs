using Ambient.Lab;
using Ambient.Playground.Cluster;

namespace Ambient.ClusterBenchmark;

/// <summary>What the node's agent weighs at rest with so many enrolled pods.</summary>
internal static class AgentRun
{
    private const string Namespace = "shop";
    private const int AtOnce = 10, Seconds = 120;
    private static readonly TimeSpan Rest = TimeSpan.FromMinutes(1); // until what the start took has been given back

    public static async Task<int> RunAsync(int pods)
    {
        await using var cluster = await ClusterLab.StartAsync(["n1"], new() { AuditInterval = "30s" }); // as it comes
        cluster.Pods.EnsureNamespace(Namespace, "web");
        await cluster.EnrolAsync(Namespace);
        await SayAsync(cluster, 0);
        foreach (var names in Enumerable.Range(0, pods).Select(static i => $"web-{i}").Chunk(AtOnce))
            await Task.WhenAll(names.Select(name => cluster.AddPodAsync(cluster.Nodes[0], name, "web", Namespace)));
        await SayAsync(cluster, pods);
        return 0;
    }

    // Each second: what it uses comes and goes with what it gives back.
    private static async Task SayAsync(ClusterLab cluster, int pods)
    {
        await Task.Delay(Rest, TimeProvider.System);
        var agent = cluster.AgentProcess(cluster.Nodes[0]) ?? throw new LabException("The node has no agent.");
        List<double> looks = [];
        for (var second = 0; second < Seconds; second++)
        {
            looks.Add(MemoryLine.Resident(agent));
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        }

        looks.Sort();
        Console.WriteLine($"the agent with {pods} pods, each second of {Seconds}: RSS p50 {looks[Seconds / 2]:0.0} MiB, p90 {looks[Seconds * 9 / 10]:0.0} MiB, most {looks[^1]:0.0} MiB; then {MemoryLine.Of(agent)}");
    }
}
