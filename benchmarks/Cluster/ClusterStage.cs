using Ambient.Lab.Mesh;
using Ambient.Lab.Network;
using Ambient.Lab.Processes;
using Ambient.Playground.Cluster;

namespace Ambient.ClusterBenchmark;

/// <summary>Two nodes, a client and a server, both in the mesh.</summary>
internal sealed class ClusterStage : IAsyncDisposable
{
    public const int Port = 8080;

    private ClusterStage(ClusterLab cluster, LabPod client, LabPod server) => (Cluster, Client, Server) = (cluster, client, server);

    public ClusterLab Cluster { get; }
    public LabPod Client { get; }
    public LabPod Server { get; }

    public string Target => $"{Server.Address.V4}:{Port}";

    public static async Task<ClusterStage> SetAsync(
        IEnumerable<KeyValuePair<string, string>>? controlPlane = null, params IReadOnlyList<KeyValuePair<string, string>> ztunnel)
    {
        var cluster = await ClusterLab.StartAsync(["n1", "n2"], controlPlane ?? []);
        foreach (var node in cluster.Nodes) await ConfigureAsync(node, ztunnel);
        var client = await cluster.AddPodAsync(cluster.Nodes[0], "web", "web", "shop");
        var server = await cluster.AddPodAsync(cluster.Nodes[1], "cart", "cart", "shop");
        server.Start("application", ApplicationProgram, "application", "cart", $"{Port}");
        var stage = new ClusterStage(cluster, client, server);
        await cluster.EnrolAsync(client, server);
        await Until.TrueAsync(async () => (await client.RunAsync("curl", "-sS", "--max-time", "3", $"http://{stage.Target}")).Succeeded, "the server answers");
        return stage;
    }

    /// <summary>A client in its pod that makes so many new connections a second.</summary>
    public Daemon Pace(int rate, TimeSpan duration) =>
        Client.Start("pace", Environment.ProcessPath!, "pace", Target, $"{rate}", $"{(int)duration.TotalSeconds}");

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();

    // The playground's program is built beside ours.
    private static string ApplicationProgram => Path.Combine(AppContext.BaseDirectory, "Ambient.Playground");

    private static async Task ConfigureAsync(MeshNode node, IReadOnlyList<KeyValuePair<string, string>> settings)
    {
        if (settings.Count == 0) return;
        foreach (var (name, value) in settings) node.ZtunnelSettings[name] = value;
        await node.RestartZtunnelAsync();
    }
}
