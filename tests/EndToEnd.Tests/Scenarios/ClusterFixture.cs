using Ambient.Lab.Mesh;
using Ambient.Lab.Network;
using Ambient.Playground.Cluster;

namespace Ambient.EndToEnd.Tests.Scenarios;

/// <summary>Two nodes of a cluster whose control plane runs: web on the first, cart and front on the second, and a pod outside the mesh.</summary>
public sealed class ClusterFixture : IAsyncLifetime
{
    public ClusterLab Cluster { get; private set; } = null!;
    public LabPod Web { get; private set; } = null!;
    public LabPod Db { get; private set; } = null!;
    public LabPod Cart { get; private set; } = null!;
    public LabPod Plain { get; private set; } = null!;

    public MeshNode Here => Cluster.Nodes[0];
    public MeshNode There => Cluster.Nodes[1];

    public async ValueTask InitializeAsync()
    {
        Cluster = await ClusterLab.StartAsync(["n1", "n2"]);
        Web = await Cluster.AddPodAsync(Here, "web", "web", "shop", new KeyValuePair<string, string>("app", "web"));
        Db = await Cluster.AddPodAsync(Here, "db", "db", "bank", new KeyValuePair<string, string>("app", "db"));
        Cart = await Cluster.AddPodAsync(There, "cart", "default", "shop", new("app", "web"), new KeyValuePair<string, string>("tier", "front"));
        Plain = await Cluster.AddPodAsync(Here, "plain", "plain", "outside");
        await Cluster.EnrolAsync(Web, Db, Cart);
    }

    public async ValueTask DisposeAsync()
    {
        if (Cluster is not null) await Cluster.DisposeAsync();
    }
}
