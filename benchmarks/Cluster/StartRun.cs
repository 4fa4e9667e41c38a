using Ambient.Playground.Cluster;
using Ambient.Playground.Kubelet.Networking;

namespace Ambient.ClusterBenchmark;

/// <summary>How long the plugins of a node's CNI chain take for each pod that starts in the mesh.</summary>
internal static class StartRun
{
    private const string Namespace = "shop";

    public static async Task<int> RunAsync(int pods, int atOnce)
    {
        await using var cluster = await ClusterLab.StartAsync(["n1"]);
        cluster.Pods.EnsureNamespace(Namespace, "web");
        await cluster.EnrolAsync(Namespace);
        await StartAsync(cluster, "warm", atOnce);
        var before = Calls(cluster).Count;
        for (var started = 0; started < pods; started += atOnce)
            await StartAsync(cluster, $"p{started}", atOnce);
        foreach (var plugin in Calls(cluster).Skip(before).GroupBy(call => call.Plugin))
            Console.WriteLine($"{plugin.Key,-12} {plugin.Count()} pods, {atOnce} at once; ms of ADD: {Spread.Of(plugin.Select(call => call.Duration.TotalMilliseconds))}");
        return 0;
    }

    // Gone again before the next: a node that fills up would be another measurement.
    private static async Task StartAsync(ClusterLab cluster, string name, int count)
    {
        var names = Enumerable.Range(0, count).Select(i => $"{name}-{i}").ToList();
        await Task.WhenAll(names.Select(one => cluster.AddPodAsync(cluster.Nodes[0], one, "web", Namespace)));
        (await cluster.KubectlAsync(["delete", "pods", "-n", Namespace, .. names])).OutputOrThrow();
    }

    private static List<PluginCall> Calls(ClusterLab cluster) =>
        [.. cluster.Nodes[0].Kubelet.PluginCalls.Where(call => call.Command == "ADD")];
}
