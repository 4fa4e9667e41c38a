using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Processes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Cluster;
using Ambient.Playground.Kubelet;

namespace Ambient.EndToEnd.Tests.Clusters;

/// <summary>A service that asks for a waypoint is reached through it and in no other way, from the moment that it asks.</summary>
public sealed class AroundWaypointTests
{
    private static readonly IPEndPoint Service = new(IPAddress.Parse("10.96.50.61"), 80);

    [Fact]
    public async Task Nobody_comes_around_it_but_probes_and_whom_the_user_lets_pass()
    {
        await using var cluster = await ClusterLab.StartAsync(["n1", "n2"]);
        var (caller, plain) = (await cluster.AddPodAsync(cluster.Nodes[0], "caller", "caller", "shop"), await cluster.AddPodAsync(cluster.Nodes[0], "plain", "plain", "outside"));
        cluster.Pods.EnsureNamespace("shop", "web");
        cluster.Pods.Create(ShopWaypoint.WebAt(Service));
        var web = await cluster.Pods.ReadyAsync("shop", "web");
        await cluster.EnrolAsync("shop");
        var pod = new IPEndPoint(web.Address, 8080);
        (await cluster.ApplyAsync(ShopWaypoint.Gateway)).OutputOrThrow();
        await ShopWaypoint.ProgrammedAsync(cluster, () => Tail(cluster));
        await AnswersAsync(cluster, caller, pod);
        await AnswersAsync(cluster, plain, pod);
        using (var meshed = await caller.ConnectAsync(pod))
        using (var outside = await plain.ConnectAsync(pod))
        {
            foreach (var open in (Socket[])[meshed, outside])
            {
                await open.SendAsync("GET /stream HTTP/1.1\r\n\r\n"u8.ToArray());
                Assert.Equal("HTTP/1.1 200", await open.ReadTextAsync(12));
            }

            (await cluster.KubectlAsync("label", "service", "web", "-n", "shop", "istio.io/use-waypoint=waypoint")).OutputOrThrow();

            Assert.Equal("reset", await meshed.ReadEndingAsync());
            Assert.Equal("reset", await outside.ReadEndingAsync());
        }

        await AnswersAsync(cluster, caller, Service);
        foreach (var around in (RunningPod[])[caller, plain])
        {
            Assert.False((await GetAsync(around, pod)).Succeeded, $"{around.Name} comes in by the pod's address");
            await UntilAsync(cluster, () => Task.FromResult(Refusals(cluster).Any(line => line.Contains($"src.addr={around.Address}:", StringComparison.Ordinal)
                && line.Contains("did not come through waypoint shop/waypoint ", StringComparison.Ordinal))), $"the access log names the waypoint for {around.Name}");
        }
        Assert.True((await GetAsync(caller, new(web.Address, 9090))).Succeeded, "a port that is not the service's");
        Assert.True(await CountAsync(cluster) >= 2);
        Assert.Contains("\"requiredWaypoint\":\"shop/waypoint\"", (await cluster.ConfigDumpAsync(cluster.Nodes[1])).Replace("\": \"", "\":\"", StringComparison.Ordinal), StringComparison.Ordinal);

        (await cluster.KubectlAsync("annotate", "service", "web", "-n", "shop", "ambient.mesh/waypoint-bypass=shop/caller")).OutputOrThrow();
        await AnswersAsync(cluster, caller, pod);
        Assert.False((await GetAsync(plain, pod)).Succeeded, "whom the annotation does not name");
        await AnswersAsync(cluster, caller, Service);

        // Without its Gateway the service still asks for it: nothing passes beside it, and its probes do.
        (await cluster.KubectlAsync("annotate", "service", "web", "-n", "shop", "ambient.mesh/waypoint-bypass-")).OutputOrThrow();
        (await cluster.KubectlAsync("delete", ShopWaypoint.Kind, "-n", "shop", "waypoint", "--wait=false")).OutputOrThrow();
        await UntilAsync(cluster, async () => !(await GetAsync(caller, pod)).Succeeded && !(await GetAsync(caller, Service)).Succeeded, "the service is shut");
        var document = cluster.Pods.Find("Pod", "shop", "web");
        Assert.True(PodCluster.IsReady(document) && document!.Copy().ObjectsAt("status", "containerStatuses").All(static one => one["restartCount"]!.GetValue<int>() == 0), cluster.Pods.Describe("shop", "web"));
    }

    private static Task AnswersAsync(ClusterLab cluster, RunningPod from, IPEndPoint to) =>
        UntilAsync(cluster, async () => (await GetAsync(from, to)).Output.Contains("hello from web", StringComparison.Ordinal), $"{from.Name} is answered at {to}");

    private static Task<CommandResult> GetAsync(RunningPod from, IPEndPoint to) => from.RunAsync("curl", "-sS", "--max-time", "5", $"http://{to}/");

    private static Task UntilAsync(ClusterLab cluster, Func<Task<bool>> holds, string what) => Until.TrueAsync(holds,
        () => $"{what}\n{Tail(cluster)}\n{cluster.ControlPlane.Process.LogTail(20)}", PodCluster.Patience);

    private static string Tail(ClusterLab cluster) => string.Join('\n', cluster.ZtunnelLog(cluster.Nodes[1]).Split('\n').TakeLast(20));

    private static IEnumerable<string> Refusals(ClusterLab cluster) =>
        cluster.ZtunnelLog(cluster.Nodes[1]).Split('\n').Where(static line => line.Contains("waypoint_required", StringComparison.Ordinal));

    private static async Task<double> CountAsync(ClusterLab cluster) => (await cluster.MetricsAsync(cluster.Nodes[1])).Split('\n')
        .Where(static line => line.StartsWith("istio_tcp_connections_", StringComparison.Ordinal) && line.Contains("response_flags=\"WAYPOINT_REQUIRED\"", StringComparison.Ordinal))
        .Sum(static line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
}
