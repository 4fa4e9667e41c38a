using Ambient.Lab.Mesh;
using Ambient.Lab.Processes;

namespace Ambient.Deploy.Tests.Rights;

/// <summary>The node agent's roles against the node agent itself: each right is used, and none is missing.</summary>
public sealed class NodeAgentRightsTests
{
    private const string Account = "ambient-node-agent";

    [Fact(Timeout = 180_000)]
    public async Task The_node_agent_uses_every_right_that_it_is_given_and_needs_no_other()
    {
        await using var cluster = await GuardedCluster.StartAsync();
        cluster.Create(Objects);
        await using var program = await StartAsync(cluster);
        var socket = cluster.PathOf("run/pluginevent.sock");
        await Until.TrueAsync(() => File.Exists(socket), "the plugin's socket is there", TimeSpan.FromSeconds(30));

        // Of a pod that the API has placed elsewhere the informer knows nothing, so it is asked for.
        await Until.TrueAsync(async () => (await AskAsync(socket, "elsewhere")).ExitCode == 0, "the agent answers its plugin", TimeSpan.FromSeconds(30));
        await Until.TrueAsync(() => cluster.Unused(Account) is [{ Resource: "daemonsets" }],
            $"everything but the last right is used. Its log ends with:\n{program.LogTail()}", TimeSpan.FromSeconds(60));
        await program.StopAsync();

        Assert.Equal([], cluster.Unused(Account));
        Assert.DoesNotContain("forbidden", program.ReadLog(), StringComparison.OrdinalIgnoreCase);
    }

    // "here" runs, as far as the API knows, but no process belongs to it: told by an Event, and its annotation is taken away.
    private const string Objects = """
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: web, namespace: shop}
        ---
        apiVersion: v1
        kind: Node
        metadata: {name: node-1}
        ---
        apiVersion: v1
        kind: Node
        metadata: {name: node-2}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: here, namespace: shop, annotations: {ambient.istio.io/redirection: enabled}}
        spec: {nodeName: node-1, serviceAccountName: web, containers: [{name: web, image: web}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: elsewhere, namespace: shop}
        spec: {nodeName: node-2, serviceAccountName: web, containers: [{name: web, image: web}]}
        """;

    private static async Task<Daemon> StartAsync(GuardedCluster cluster)
    {
        cluster.Api.Store.Update(cluster.Api.Store.Kinds.Get("", "Pod"), "shop", "here", static pod =>
        {
            pod["status"] = System.Text.Json.Nodes.JsonNode.Parse("""{"phase":"Running","podIP":"192.0.2.7","podIPs":[{"ip":"192.0.2.7"}]}""");
            return pod;
        }, new() { Subresource = "status" });
        return Daemon.Start("node agent", null, cluster.PathOf("log"), new Dictionary<string, string>
        {
            ["KUBECONFIG"] = await cluster.KubeconfigAsync(Account),
            ["NODE_NAME"] = "node-1",
            ["POD_NAMESPACE"] = "istio-system",
            ["HOST_ROOT"] = "/",
            ["HOST_NETNS"] = "/proc/self/ns/net",
            ["CNI_AGENT_RUN_DIR"] = cluster.PathOf("run"),
            ["AGENT_STATE_DIR"] = cluster.PathOf("state"),
            ["ZTUNNEL_UDS_ADDRESS"] = cluster.PathOf("ztunnel.sock"),
            ["MOUNTED_CNI_NET_DIR"] = cluster.PathOf("net.d"),
            ["MOUNTED_CNI_BIN_DIR"] = cluster.PathOf("bin"),
            ["MONITORING_ADDRESS"] = "off",
        }, NodePrograms.Agent);
    }

    private static Task<CommandResult> AskAsync(string socket, string pod) => Command.RunAsync("curl", "-sS", "--max-time", "10", "--unix-socket", socket,
        "-H", "Content-Type: application/json", "-d", $$"""{"Netns":"/var/run/netns/none","PodName":"{{pod}}","PodNamespace":"shop","IPs":[{"Interface":0,"Address":{"IP":"192.0.2.8","Mask":"////AA=="},"Gateway":""}]}""",
        "http://localhost/cmdadd");
}
