using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Processes;
using Ambient.Playground.Cluster;
using Ambient.Playground.Kubelet;

namespace Ambient.EndToEnd.Tests.Clusters;

/// <summary>A namespace full of running pods gets its label.</summary>
public sealed class EnrolmentTests(ITestOutputHelper output)
{
    private const int Pods = 50, Servers = 5;

    [Fact]
    public async Task All_pods_of_a_labelled_namespace_are_captured_and_no_connection_is_cut()
    {
        await using var cluster = await ClusterLab.StartAsync(["n1", "n2"]);
        var pods = await FillAsync(cluster);
        var servers = pods.Take(Servers).Select(pod => PodServer.Echo(pod, 8080)).ToList();
        var open = new List<Socket>();
        foreach (var (i, pod) in pods.Index()) open.Add(await pod.ConnectAsync(pods[i % Servers].EndPoint(8080)));
        foreach (var socket in open) Assert.Equal("before", await socket.AskAsync("before"));

        (await cluster.KubectlAsync("label", "namespace", "fifty", "istio.io/dataplane-mode=ambient")).OutputOrThrow();
        var watch = Stopwatch.StartNew();
        await Until.TrueAsync(() => cluster.Outside("fifty").Count == 0, () => $"all are captured; these are not: {string.Join(", ", cluster.Outside("fifty"))}\n{cluster.AgentLogs()}", PodCluster.Patience);
        output.WriteLine($"{Pods} pods were captured {watch.ElapsedMilliseconds} ms after kubectl had returned");

        foreach (var socket in open) Assert.Equal("after", await socket.AskAsync("after"));
        await cluster.EnrolledAsync("fifty");
        await using var capture = await cluster.Network.CaptureAsync("fifty");
        foreach (var (i, pod) in pods.Index())
        {
            using var fresh = await pod.ConnectAsync(pods[i % Servers].EndPoint(8080));
            Assert.Equal("nobody-reads-this", await fresh.AskAsync("nobody-reads-this"));
        }
        await capture.FlushAsync();
        Assert.False(capture.Contains(Encoding.ASCII.GetBytes("nobody-reads-this")));
        foreach (var socket in open) socket.Dispose();
        foreach (var server in servers) await server.DisposeAsync();
    }

    [Theory]
    [InlineData("")]
    [InlineData("waypoint")]
    [InlineData("STRICT")]
    public async Task Pods_that_leave_the_mesh_and_come_back_are_called_all_the_while(string demand)
    {
        var service = new IPEndPoint(IPAddress.Parse("10.96.50.64"), 80);
        await using var cluster = await ClusterLab.StartAsync(["n1", "n2"]);
        RunningPod[] callers = [await cluster.AddPodAsync(cluster.Nodes[0], "far", "far", "shop"), await cluster.AddPodAsync(cluster.Nodes[1], "near", "near", "shop")];
        var outside = await cluster.AddPodAsync(cluster.Nodes[0], "outside", "outside", "plain");
        cluster.Pods.EnsureNamespace("shop", "web");
        cluster.Pods.Create(ShopWaypoint.WebAt(service));
        var web = await cluster.Pods.ReadyAsync("shop", "web");
        await cluster.EnrolAsync("shop");
        if (demand == "waypoint") await AttachWaypointAsync(cluster, callers[0], service);
        if (demand == "STRICT") await DemandMutualTlsAsync(cluster, outside, web.EndPoint(8080));
        var clients = callers.Select(pod => SteadyClient.Start(pod, service, TimeSpan.FromMilliseconds(10))).ToList();
        if (demand == "") clients.AddRange(((RunningPod[])[outside, .. callers]).Select(pod => SteadyClient.Start(pod, web.EndPoint(8080), TimeSpan.FromMilliseconds(10))));

        for (var round = 0; round < 3; round++)
        {
            foreach (var leaves in (bool[])[true, false])
            {
                (await cluster.KubectlAsync("label", "pod", "web", "-n", "shop", leaves ? "istio.io/dataplane-mode=none" : "istio.io/dataplane-mode-")).OutputOrThrow();
                await cluster.KnownAsync("shop", "web", leaves ? "TCP" : "HBONE");
                var goal = clients.ConvertAll(static client => client.Succeeded + 30);
                await Until.TrueAsync(() => clients.Index().All(one => one.Item.Succeeded >= goal[one.Index]), () => $"it is called {(leaves ? "outside of" : "in")} the mesh; {clients[0].Failures.LastOrDefault()}", PodCluster.Patience);
            }
        }

        foreach (var client in clients) await client.DisposeAsync();
        output.WriteLine($"{clients.Sum(static client => client.Succeeded)} requests answered, {clients.Sum(static client => client.Failures.Count)} failed");
        Assert.True(clients.TrueForAll(static client => client.Failures.Count == 0), string.Join('\n', [.. clients.SelectMany(static client => client.Failures),
            .. cluster.Nodes.SelectMany(node => cluster.ZtunnelLog(node).Split('\n').Where(static line => line.Contains("error=", StringComparison.Ordinal)).TakeLast(20))]));
    }

    private static async Task DemandMutualTlsAsync(ClusterLab cluster, RunningPod outside, IPEndPoint web)
    {
        (await cluster.ApplyAsync("""
            apiVersion: security.istio.io/v1
            kind: PeerAuthentication
            metadata: {name: default, namespace: shop}
            spec: {mtls: {mode: STRICT} }
            """)).OutputOrThrow();
        await using var refused = SteadyClient.Start(outside, web, TimeSpan.FromMilliseconds(10));
        await Until.TrueAsync(() => refused.Failures.Count > 0, () => "who has no identity is refused", PodCluster.Patience);
    }

    private static async Task AttachWaypointAsync(ClusterLab cluster, RunningPod caller, IPEndPoint service)
    {
        (await cluster.ApplyAsync(ShopWaypoint.Gateway)).OutputOrThrow();
        await ShopWaypoint.ProgrammedAsync(cluster, cluster.AgentLogs);
        (await cluster.KubectlAsync("label", "service", "web", "-n", "shop", "istio.io/use-waypoint=waypoint")).OutputOrThrow();
        await using var first = SteadyClient.Start(caller, service, TimeSpan.FromMilliseconds(10));
        await Until.TrueAsync(() => cluster.ZtunnelLog(cluster.Nodes[0]).Contains("dst.workload=\"waypoint", StringComparison.Ordinal), () => $"requests go through the waypoint\n{cluster.ZtunnelLog(cluster.Nodes[0])}", PodCluster.Patience);
    }

    private static async Task<List<RunningPod>> FillAsync(ClusterLab cluster)
    {
        cluster.Pods.EnsureNamespace("fifty");
        for (var i = 0; i < Pods; i++)
            cluster.Pods.Create($$"""
                apiVersion: v1
                kind: Pod
                metadata: {name: p{{i}}, namespace: fifty}
                spec: {terminationGracePeriodSeconds: 1, containers: [{name: main, image: playground/pause}]}
                """);
        var pods = new List<RunningPod>();
        for (var i = 0; i < Pods; i++) pods.Add(await cluster.Pods.ReadyAsync("fifty", $"p{i}"));
        return pods;
    }
}
