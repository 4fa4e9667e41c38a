using System.Net;
using Ambient.Lab.Processes;
using Ambient.Playground.Cluster;
using Ambient.Playground.Kubelet;

namespace Ambient.EndToEnd.Tests.Clusters;

/// <summary>A service gets its waypoint and loses it while it is called from two nodes; the nodes and the waypoint hear of it one after the other.</summary>
public sealed class AttachmentTests(ITestOutputHelper output)
{
    private const int Rounds = 4;
    private static readonly IPEndPoint Service = new(IPAddress.Parse("10.96.50.62"), 80);

    [Fact]
    public async Task No_request_is_lost_when_a_service_is_attached_to_a_waypoint_and_detached_again()
    {
        await using var cluster = await ClusterLab.StartAsync(["n1", "n2"]);
        RunningPod[] callers = [await cluster.AddPodAsync(cluster.Nodes[0], "near", "near", "shop"), await cluster.AddPodAsync(cluster.Nodes[1], "far", "far", "shop")];
        cluster.Pods.EnsureNamespace("shop", "web");
        cluster.Pods.Create(ShopWaypoint.WebAt(Service));
        await cluster.Pods.ReadyAsync("shop", "web");
        await cluster.EnrolAsync("shop");
        (await cluster.ApplyAsync(ShopWaypoint.Gateway)).OutputOrThrow();
        await ShopWaypoint.ProgrammedAsync(cluster, () => Describe(cluster, []));

        var clients = callers.Select(static pod => SteadyClient.Start(pod, Service, TimeSpan.FromMilliseconds(5), callers: 2)).ToList();
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var attach in (bool[])[true, false])
            {
                (await cluster.KubectlAsync("label", "service", "web", "-n", "shop", attach ? "istio.io/use-waypoint=waypoint" : "istio.io/use-waypoint-")).OutputOrThrow();
                var goal = clients.ConvertAll(static client => client.Succeeded + 40);
                await Until.TrueAsync(() => Enumerable.Range(0, clients.Count).All(one => clients[one].Succeeded >= goal[one] || clients[one].Failures.Count > 0),
                    () => $"it is called on {(attach ? "through" : "without")} the waypoint", PodCluster.Patience);
            }
        }

        foreach (var client in clients) await client.DisposeAsync();
        output.WriteLine($"{Rounds} times attached and detached: {clients.Sum(static client => client.Succeeded)} requests answered");
        Assert.True(clients.TrueForAll(static client => client.Failures.Count == 0), Describe(cluster, clients));
    }

    private static string Describe(ClusterLab cluster, IEnumerable<SteadyClient> clients) => string.Join('\n',
    [
        .. clients.SelectMany(static client => client.Failures).Take(10),
        .. cluster.Nodes.SelectMany(node => cluster.ZtunnelLog(node).Split('\n').Where(static line => line.Contains("error", StringComparison.Ordinal)).TakeLast(10)),
    ]);
}
