using System.Net;
using Ambient.Lab.Processes;
using Ambient.Playground.Cluster;

namespace Ambient.EndToEnd.Tests.Clusters;

/// <summary>Pods are replaced all the time while others call them; nobody waits before stopping, and the mesh hears of it late.</summary>
public sealed class RolloutTests(ITestOutputHelper output)
{
    private const int Rollouts = 3;
    private static readonly IPEndPoint Service = new(IPAddress.Parse("10.96.50.50"), 80);

    [Fact]
    public async Task No_request_fails_while_a_Deployment_is_rolled_again_and_again()
    {
        await using var cluster = await ClusterLab.StartAsync(["n1", "n2"]);
        var web = await cluster.AddPodAsync(cluster.Nodes[0], "web", "web", "shop");
        cluster.Pods.EnsureNamespace("shop", "cart");
        cluster.Pods.Create(Cart);
        (await cluster.KubectlAsync("rollout", "status", "-n", "shop", "deployment/cart", "--timeout=28s")).OutputOrThrow();
        await cluster.EnrolAsync("shop");
        await using var client = SteadyClient.Start(web, Service, TimeSpan.FromMilliseconds(10), callers: 3);
        await Until.TrueAsync(() => client.Succeeded > 10, () => $"requests are answered; {string.Join("; ", client.Failures.TakeLast(3))}", PodCluster.Patience);
        var early = client.Failures.Count;

        var random = new Random(7);
        cluster.Pods.WatchDelay = caller => caller.EndsWith(":istiod", StringComparison.Ordinal) ? TimeSpan.FromMilliseconds(random.Next(2000)) : TimeSpan.Zero;
        for (var i = 0; i < Rollouts; i++)
        {
            (await cluster.KubectlAsync("rollout", "restart", "-n", "shop", "deployment/cart")).OutputOrThrow();
            await Until.TrueAsync(async () => (await cluster.KubectlAsync("rollout", "status", "-n", "shop", "deployment/cart", "--timeout=20s")).Succeeded, "it is rolled", PodCluster.Patience);
        }
        var answered = client.Succeeded;
        await Until.TrueAsync(() => client.Succeeded > answered + 50, "requests go on", PodCluster.Patience);
        await client.StopAsync();

        output.WriteLine($"{Rollouts} rollouts: {client.Succeeded} requests answered, {client.Failures.Count - early} failed");
        Assert.Equal([], client.Failures.Skip(early));
    }

    private static string Cart => $$"""
        apiVersion: v1
        kind: Service
        metadata: {name: cart, namespace: shop}
        spec: {clusterIP: {{Service.Address}}, selector: {app: cart}, ports: [{port: 80, targetPort: 8080}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: cart, namespace: shop}
        spec:
          replicas: 3
          selector: {matchLabels: {app: cart} }
          template:
            metadata: {labels: {app: cart} }
            spec:
              serviceAccountName: cart
              containers:
              - name: main
                image: playground/application
                args: [cart, "8080"]
                readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1, timeoutSeconds: 5}
        """;
}
