using System.Diagnostics;
using Ambient.Lab.Mesh;
using Ambient.Lab.Processes;
using Ambient.Playground.Cluster;

namespace Ambient.EndToEnd.Tests.Clusters;

/// <summary>Every other test of clusters runs with the capabilities that the chart gives. Here one of them is missing, and what then fails says so.</summary>
public sealed class CapabilityTests
{
    private const string Shop = "shop";

    [Theory, InlineData("NET_ADMIN"), InlineData("SYS_ADMIN")]
    public async Task Ztunnel_does_not_start_without_it_and_names_it(string missing)
    {
        var kept = MeshManifests.ZtunnelCapabilities.Where(name => name != missing).Select(name => $",+{name.ToLowerInvariant()}");
        var start = new ProcessStartInfo("setpriv", ["--inh-caps=-all", $"--bounding-set=-all{string.Concat(kept)}", NodePrograms.Ztunnel, "proxy"]);
        foreach (var (name, value) in new[] { ("NODE_NAME", "n1"), ("XDS_ADDRESS", "https://127.0.0.1:1"), ("CA_ADDRESS", "https://127.0.0.1:1"), ("INPOD_UDS", "/run/nobody/z.sock") })
            start.Environment[name] = value;

        var ended = await Command.RunAsync(start, input: null, Command.DefaultLimit);

        Assert.NotEqual(0, ended.ExitCode);
        Assert.Contains(missing, ended.Output + ended.Errors);
    }

    [Theory, InlineData("NET_ADMIN"), InlineData("SYS_ADMIN")]
    public async Task Without_it_the_agent_lets_no_pod_start_and_the_pod_says_why(string missing)
    {
        await using var cluster = await ClusterLab.StartAsync(["n1"], new() { WithoutOfAgent = missing });
        cluster.Pods.EnsureNamespace(Shop, "web");
        (await cluster.KubectlAsync("label", "namespace", Shop, "istio.io/dataplane-mode=ambient")).OutputOrThrow();

        cluster.Pods.Create($"{{apiVersion: v1, kind: Pod, metadata: {{name: web, namespace: {Shop}}}, spec: {{nodeName: n1, containers: [{{name: main, image: playground/pause}}]}}}}");

        await Until.TrueAsync(() => cluster.Pods.Describe(Shop, "web").Contains("not permitted", StringComparison.OrdinalIgnoreCase),
            () => $"the pod says what is not permitted. {cluster.Pods.Describe(Shop, "web")}\n{cluster.AgentLogs()}", PodCluster.Patience);
        Assert.False(PodCluster.IsReady(cluster.Pods.Find("Pod", Shop, "web")));
    }

    // Pods that the plugin named are known; those from before the mesh are found below /proc. An agent without journal knows none.
    [Theory, InlineData(null), InlineData("SYS_PTRACE")]
    public async Task Without_SYS_PTRACE_pods_from_before_are_not_found_and_say_so(string? missing)
    {
        await using var cluster = await ClusterLab.StartAsync(["n1"], new() { WithoutOfAgent = missing });
        await cluster.AddPodAsync(cluster.Nodes[0], "before", "web", Shop);
        await ForgetPodsAsync(cluster);

        (await cluster.KubectlAsync("label", "namespace", Shop, "istio.io/dataplane-mode=ambient")).OutputOrThrow();
        await cluster.AddPodAsync(cluster.Nodes[0], "after", "web", Shop);

        if (missing is null)
        {
            await cluster.EnrolledAsync(Shop);
            return;
        }
        await Until.TrueAsync(() => cluster.Pods.Describe(Shop, "before").Contains("it is not captured", StringComparison.Ordinal),
            () => $"the pod says that it is not captured. {cluster.Pods.Describe(Shop, "before")}\n{cluster.AgentLogs()}", PodCluster.Patience);
        Assert.Equal(["before"], cluster.Outside(Shop));
    }

    private static async Task ForgetPodsAsync(ClusterLab cluster)
    {
        var node = cluster.Nodes[0];
        foreach (var file in Directory.GetFiles($"{cluster.Network.Id.Directory}/{node.Name}/var/lib/ambient/pods")) File.Delete(file);
        var agent = cluster.AgentProcess(node);
        (await Command.RunAsync("kill", "-KILL", $"{agent}")).OutputOrThrow();
        await Until.TrueAsync(() => cluster.AgentProcess(node) is { } next && next != agent, "the agent runs again", PodCluster.Patience);
        await cluster.ReadyAsync(node);
    }
}
