using Ambient.Playground.Cluster;
using Ambient.Playground.Kubelet;

namespace Ambient.EndToEnd.Tests.Scenarios;

/// <summary>Two nodes of a cluster with the mesh in it: web and db on the first, cart on the second, and a pod outside the mesh.</summary>
public sealed class ClusterFixture : IAsyncLifetime
{
    public ClusterLab Cluster { get; private set; } = null!;
    public RunningPod Web { get; private set; } = null!;
    public RunningPod Db { get; private set; } = null!;
    public RunningPod Cart { get; private set; } = null!;
    public RunningPod Plain { get; private set; } = null!;

    public ClusterNode Here => Cluster.Nodes[0];
    public ClusterNode There => Cluster.Nodes[1];

    public async ValueTask InitializeAsync()
    {
        Cluster = await ClusterLab.StartAsync(["n1", "n2"]);
        Web = await Cluster.AddPodAsync(Here, "web", "web", "shop", new KeyValuePair<string, string>("app", "web"));
        Db = await Cluster.AddPodAsync(Here, "db", "db", "bank", new KeyValuePair<string, string>("app", "db"));
        Cart = await Cluster.AddPodAsync(There, "cart", "default", "shop", new("app", "web"), new KeyValuePair<string, string>("tier", "front"));
        Plain = await Cluster.AddPodAsync(Here, "plain", "plain", "outside");
        await Cluster.EnrolAsync("shop", "bank");
    }

    public async ValueTask DisposeAsync()
    {
        if (Cluster is not null) await Cluster.DisposeAsync();
    }
}
