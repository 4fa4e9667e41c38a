using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Processes;
using Ambient.Playground.Cluster;

namespace Ambient.EndToEnd.Tests.Clusters;

/// <summary>Kubelets probe pods of the mesh that take no plaintext from anybody, in clusters of each kind of addresses.</summary>
public sealed class ProbeTests
{
    [Theory]
    [InlineData(PodFamilies.Dual)]
    [InlineData(PodFamilies.V4)]
    [InlineData(PodFamilies.V6)]
    public async Task Probes_succeed_where_only_the_mesh_may_call_and_pods_of_each_family_reach_each_other(PodFamilies families)
    {
        await using var cluster = await ClusterLab.StartAsync(["n1", "n2"], new() { Families = families });
        cluster.Pods.EnsureNamespace("shop", "web");
        (await cluster.ApplyAsync("""
            apiVersion: security.istio.io/v1
            kind: PeerAuthentication
            metadata: {name: default, namespace: shop}
            spec: {mtls: {mode: STRICT} }
            """)).OutputOrThrow();
        (await cluster.KubectlAsync("label", "namespace", "shop", "istio.io/dataplane-mode=ambient")).OutputOrThrow();
        var plain = await cluster.AddPodAsync(cluster.Nodes[0], "plain", "plain", "outside");

        cluster.Pods.Create(Probed("http", "[application, http, \"8080\"]", "httpGet: {path: /ready, port: 8080}"));
        cluster.Pods.Create(Probed("tcp", "[application, tcp, \"8080\"]", "tcpSocket: {port: 8080}"));
        cluster.Pods.Create(Probed("grpc", "[health, \"8080\"]", "grpc: {port: 8080}"));
        foreach (var name in new[] { "http", "tcp", "grpc" }) await cluster.Pods.ReadyAsync("shop", name);
        await cluster.EnrolledAsync("shop");

        var (server, web) = (cluster.Pods.Running("shop", "http")!, cluster.Pods.Running("shop", "tcp")!);
        foreach (var address in server.Addresses)
        {
            var url = $"http://{new System.Net.IPEndPoint(address, 8080)}/";
            await Until.TrueAsync(async () => (await web.RunAsync("curl", "-sS", "--max-time", "5", url)).Output.Contains("hello from http", StringComparison.Ordinal), $"a pod of the mesh reaches {url}", PodCluster.Patience);
            Assert.True(await Conversation.IsRefusedAsync(() => plain.ConnectAsync(new(address, 8080))), $"{url} from outside the mesh");
        }
    }

    private static string Probed(string name, string arguments, string probe) => $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}}, namespace: shop, labels: {app: {{name}} } }
        spec:
          serviceAccountName: web
          nodeName: {{(name == "http" ? "n2" : "n1")}}
          containers:
          - name: main
            image: playground/application
            command: ["{{Path.Combine(AppContext.BaseDirectory, "Ambient.Playground")}}"]
            args: {{arguments}}
            ports: [{containerPort: 8080}]
            readinessProbe: {periodSeconds: 1, timeoutSeconds: 10, {{probe}} }
            livenessProbe: {periodSeconds: 1, timeoutSeconds: 10, failureThreshold: 10, {{probe}} }
        """;
}
