using Ambient.EndToEnd.Tests.Lab;
using Ambient.Lab.Processes;
using Ambient.Playground.Cluster;

namespace Ambient.EndToEnd.Tests.Clusters;

public sealed class ExhaustionTests
{
    [Fact]
    public async Task An_agent_that_is_out_of_descriptors_goes_on_and_the_pod_starts_once_there_are_some()
    {
        await using var cluster = await ClusterLab.StartAsync(["n1"]);
        cluster.Pods.EnsureNamespace("shop", "web");
        (await cluster.KubectlAsync("label", "namespace", "shop", "istio.io/dataplane-mode=ambient")).OutputOrThrow();
        var node = cluster.Nodes[0];
        var agent = cluster.AgentProcess(node)!.Value;

        await OpenFiles.ExhaustAsync(agent);
        cluster.Pods.Create("{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop}, spec: {nodeName: n1, serviceAccountName: web, containers: [{name: main, image: playground/pause}]}}");
        await Until.TrueAsync(() => cluster.AgentLog(node).Contains("A connection of the CNI plugin waits", StringComparison.Ordinal),
            () => $"the agent says that it cannot take the plugin's question. {cluster.AgentLogs()}", PodCluster.Patience);
        await OpenFiles.AllowAsync(agent, 4096);

        await cluster.Pods.ReadyAsync("shop", "web");
        await cluster.EnrolledAsync("shop");
        Assert.Equal(agent, cluster.AgentProcess(node));
    }
}
