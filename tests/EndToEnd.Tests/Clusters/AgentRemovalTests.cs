using System.Text;
using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Processes;
using Ambient.Playground.Cluster;

namespace Ambient.EndToEnd.Tests.Clusters;

/// <summary>Somebody deletes the node agent's DaemonSet, and nothing else of the mesh.</summary>
public sealed class AgentRemovalTests
{
    [Fact]
    public async Task Captured_pods_go_on_in_the_mesh_and_new_ones_start_outside_of_it()
    {
        await using var cluster = await ClusterLab.StartAsync(["n1", "n2"]);
        var (web, cart) = (await cluster.AddPodAsync(cluster.Nodes[0], "web", "web", "shop"), await cluster.AddPodAsync(cluster.Nodes[1], "cart", "cart", "shop"));
        await using var server = PodServer.Echo(cart, 8080);
        await cluster.EnrolAsync("shop");
        using var open = await web.ConnectAsync(cart.EndPoint(8080));
        Assert.Equal("before", await open.AskAsync("before"));
        Assert.All(cluster.Nodes, node => Assert.True(IsChained(cluster, node)));

        (await cluster.KubectlAsync("delete", "daemonset", "-n", "istio-system", "istio-cni-node", "--wait=false")).OutputOrThrow();
        await Until.TrueAsync(() => cluster.Nodes.All(node => cluster.AgentProcess(node) is null && !IsChained(cluster, node)), () => $"agents and plugins are gone\n{cluster.AgentLogs()}", PodCluster.Patience);

        Assert.Equal("after", await open.AskAsync("after"));
        await using (var capture = await cluster.Network.CaptureAsync("removed"))
        {
            using var fresh = await web.ConnectAsync(cart.EndPoint(8080));
            Assert.Equal("nobody-reads-this", await fresh.AskAsync("nobody-reads-this"));
            await capture.FlushAsync();
            Assert.False(capture.Contains(Encoding.ASCII.GetBytes("nobody-reads-this")));
        }
        var late = await cluster.AddPodAsync(cluster.Nodes[0], "late", "late", "shop");
        Assert.Equal(["late"], cluster.Outside("shop"));
        using var outside = await late.ConnectAsync(cart.EndPoint(8080));
        Assert.Equal("from outside", await outside.AskAsync("from outside"));
    }

    private static bool IsChained(ClusterLab cluster, ClusterNode node) =>
        Directory.GetFiles($"{cluster.Network.Id.Directory}/{node.Name}/etc/cni/net.d").Any(static file => File.ReadAllText(file).Contains("ambient-cni", StringComparison.Ordinal));
}
