using Ambient.Lab;
using Ambient.Playground.Cluster;

namespace Ambient.ClusterBenchmark;

/// <summary>What the node's agent weighs at rest with so many enrolled pods.</summary>
internal static class AgentRun
{
    private const string Namespace = "shop";
    private const int AtOnce = 10, Looks = 5;
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(30); // it gives memory back once a minute while it looks after so many

    public static async Task<int> RunAsync(int pods)
    {
        await using var cluster = await ClusterLab.StartAsync(["n1"]);
        cluster.Pods.EnsureNamespace(Namespace, "web");
        await cluster.EnrolAsync(Namespace);
        await SayAsync(cluster, 0);
        foreach (var names in Enumerable.Range(0, pods).Select(static i => $"web-{i}").Chunk(AtOnce))
            await Task.WhenAll(names.Select(name => cluster.AddPodAsync(cluster.Nodes[0], name, "web", Namespace)));
        for (var look = 0; look < Looks; look++) await SayAsync(cluster, pods);
        return 0;
    }

    private static async Task SayAsync(ClusterLab cluster, int pods)
    {
        await Task.Delay(Rest, TimeProvider.System);
        var agent = cluster.AgentProcess(cluster.Nodes[0]) ?? throw new LabException("The node has no agent.");
        Console.WriteLine($"the agent with {pods} pods: {MemoryLine.Of(agent)}");
    }
}
