using Ambient.Lab.Processes;
using Ambient.Playground.Cluster;
using Ambient.Playground.Kubelet;

namespace Ambient.ClusterBenchmark;

/// <summary>Two nodes, a client and a server, both in the mesh.</summary>
internal sealed class ClusterStage : IAsyncDisposable
{
    public const int Port = 8080;

    private int _paces;

    private ClusterStage(ClusterLab cluster, RunningPod client, RunningPod server) => (Cluster, Client, Server) = (cluster, client, server);

    public ClusterLab Cluster { get; }
    public RunningPod Client { get; }
    public RunningPod Server { get; }

    public string Target => $"{Server.Address}:{Port}";

    public static async Task<ClusterStage> SetAsync(
        IEnumerable<KeyValuePair<string, string>>? controlPlane = null, params IReadOnlyList<KeyValuePair<string, string>> ztunnel)
    {
        var cluster = await ClusterLab.StartAsync(["n1", "n2"], new() { ControlPlane = controlPlane ?? [], Ztunnel = ztunnel });
        var client = await cluster.AddPodAsync(cluster.Nodes[0], "web", "web", "shop");
        cluster.Pods.EnsureNamespace("shop", "cart");
        cluster.Pods.Create($$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: cart, namespace: shop, labels: {app: cart} }
            spec: {serviceAccountName: cart, nodeName: n2, containers: [{name: main, image: playground/application, args: [cart, "{{Port}}"]}]}
            """);
        var stage = new ClusterStage(cluster, client, await cluster.Pods.ReadyAsync("shop", "cart"));
        await cluster.EnrolAsync("shop");
        await Until.TrueAsync(async () => (await client.RunAsync("curl", "-sS", "--max-time", "3", $"http://{stage.Target}")).Succeeded, "the server answers");
        return stage;
    }

    /// <summary>A client in its pod that makes so many new connections a second.</summary>
    public Daemon Pace(int rate, TimeSpan duration) => Daemon.Start("pace", Client.NetworkNamespace, Cluster.Network.PathOf($"pace{++_paces}.log"), [],
        Environment.ProcessPath!, "pace", Target, $"{rate}", $"{(int)duration.TotalSeconds}");

    /// <summary>What the client said, and if not all went well, what the proxies did.</summary>
    public int Report(Daemon pace)
    {
        Console.WriteLine(pace.ReadLog());
        if (pace.ExitCode == 0) return 0;
        foreach (var node in Cluster.Nodes)
            foreach (var line in Cluster.ZtunnelLog(node).Split('\n').Where(static line => line.Contains("error=", StringComparison.Ordinal)).TakeLast(20))
                Console.WriteLine($"{node.Name}: {line}");
        return pace.ExitCode;
    }

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();
}
