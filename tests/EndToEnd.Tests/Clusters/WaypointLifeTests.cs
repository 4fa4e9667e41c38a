using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Ambient.Lab.Processes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Cluster;

namespace Ambient.EndToEnd.Tests.Clusters;

/// <summary>A user asks for a waypoint with kubectl, changes it and takes it away; the control plane, the cluster's controllers and its kubelets do the rest.</summary>
public sealed class WaypointLifeTests(ITestOutputHelper output)
{
    private const int Rollouts = 2;
    private static readonly IPEndPoint Service = new(IPAddress.Parse("10.96.50.60"), 80);

    [Fact]
    public async Task A_waypoint_comes_with_its_gateway_is_rolled_without_a_gap_and_goes_with_it()
    {
        await using var cluster = await ClusterLab.StartAsync(["n1"]);
        cluster.Pods.EnsureNamespace("shop");
        (await cluster.ApplyAsync(Overlay("1"))).OutputOrThrow();
        (await cluster.ApplyAsync(Gateway)).OutputOrThrow();

        await ProgrammedAsync(cluster);
        var first = Assert.Single(Pods(cluster));
        var service = cluster.Pods.Find("Service", "shop", "waypoint")!.Copy();
        var gateway = Find(cluster)!;
        Assert.Equal(["waypoint.shop.svc.cluster.local", .. service.TextsAt("spec", "clusterIPs")], gateway.ObjectsAt("status", "addresses").Select(one => one.Text("value")));

        (await cluster.ApplyAsync(Overlay("2"))).OutputOrThrow();
        await Until.TrueAsync(() => Pods(cluster) is [var next] && next.Text("metadata", "uid") != first.Text("metadata", "uid"),
            () => $"another pod has taken over. {Describe(cluster)}", PodCluster.Patience);
        await ProgrammedAsync(cluster);
        Assert.Equal(Since(gateway), Since(Find(cluster)!)); // it was never without a pod that is ready

        (await cluster.KubectlAsync("delete", ShopWaypoint.Kind, "-n", "shop", "waypoint", "--wait=false")).OutputOrThrow();
        await Until.TrueAsync(() => Pods(cluster).Count == 0 && cluster.Pods.Find("Service", "shop", "waypoint") is null, () => $"all of it is gone. {Describe(cluster)}", PodCluster.Patience);
    }

    [Fact]
    public async Task Requests_go_through_it_and_through_the_next_after_each_roll_and_never_beside_it()
    {
        await using var cluster = await ClusterLab.StartAsync(["n1", "n2"]);
        var caller = await cluster.AddPodAsync(cluster.Nodes[0], "caller", "caller", "shop");
        cluster.Pods.EnsureNamespace("shop", "web");
        cluster.Pods.Create(Web);
        (await cluster.KubectlAsync("rollout", "status", "-n", "shop", "deployment/web", "--timeout=28s")).OutputOrThrow();
        await cluster.EnrolAsync("shop");
        (await cluster.ApplyAsync(Overlay("0"))).OutputOrThrow();
        (await cluster.ApplyAsync(Gateway)).OutputOrThrow();
        await ProgrammedAsync(cluster);

        await using var client = SteadyClient.Start(caller, Service, TimeSpan.FromMilliseconds(10), callers: 3);
        await Until.TrueAsync(async () => client.Succeeded > 10 && await RequestsAsync(cluster) > 10, () => $"requests go through the waypoint; {Last(client)}\n{Describe(cluster)}", PodCluster.Patience);
        var early = client.Failures.Count;
        for (var i = 1; i <= Rollouts; i++)
        {
            var before = Pods(cluster).Select(pod => pod.Text("metadata", "uid")).ToList();
            (await cluster.ApplyAsync(Overlay($"{i}"))).OutputOrThrow();
            await Until.TrueAsync(() => Pods(cluster) is [var next] && !before.Contains(next.Text("metadata", "uid")), () => $"another pod has taken over. {Describe(cluster)}", PodCluster.Patience);
            await Until.TrueAsync(async () => await RequestsAsync(cluster) > 10, () => $"requests go through the next one; {Last(client)}\n{Describe(cluster)}", PodCluster.Patience);
        }
        await client.StopAsync();

        output.WriteLine($"{Rollouts} rollouts of the waypoint: {client.Succeeded} requests answered, {client.Failures.Count - early} failed");
        Assert.Empty(client.Failures.Skip(early));
        // Without any pod of it, nothing passes beside it.
        (await cluster.ApplyAsync(Overlay("none", "replicas: 0, "))).OutputOrThrow();
        await Until.TrueAsync(() => Pods(cluster).Count == 0, () => $"it has no pod. {Describe(cluster)}", PodCluster.Patience);
        for (var i = 0; i < 3; i++) Assert.False((await caller.RunAsync("curl", "-sS", "--max-time", "6", $"http://{Service}/")).Succeeded);
        await Until.TrueAsync(() => Programmed(Find(cluster)!).Text("reason") == "Pending", () => $"its status says so. {Describe(cluster)}");
    }

    private static string Web => $$"""
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop, labels: {istio.io/use-waypoint: waypoint} }
        spec: {clusterIP: {{Service.Address}}, selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web} }
          template:
            metadata: {labels: {app: web} }
            spec:
              serviceAccountName: web
              containers:
              - {name: main, image: playground/application, args: [web, "8080"], readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1, timeoutSeconds: 5} }
        """;

    private const string Gateway = """
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: waypoint, namespace: shop}
        spec:
          gatewayClassName: ambient-waypoint
          infrastructure: {parametersRef: {group: "", kind: ConfigMap, name: waypoint} }
          listeners: [{name: mesh, port: 15008, protocol: HBONE}]
        """;

    private static string Overlay(string version, string more = "") => $$$$"""
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: waypoint, namespace: shop}
        data:
          deployment: |
            spec: {{{{{more}}}}template: {spec: {containers: [{name: waypoint, env: [{name: VERSION, value: "{{{{version}}}}"}], startupProbe: {timeoutSeconds: 5}, readinessProbe: {periodSeconds: 1}}]}}}
        """;

    private static Task ProgrammedAsync(ClusterLab cluster) => ShopWaypoint.ProgrammedAsync(cluster, () => Describe(cluster));

    // Answered with 200 by the waypoint's pods that are there now.
    private static async Task<long> RequestsAsync(ClusterLab cluster)
    {
        var counted = 0L;
        foreach (var name in Pods(cluster).Select(pod => pod.Text("metadata", "name")!))
        {
            if (cluster.Pods.Running("shop", name) is not { } pod) continue;
            var metrics = await pod.RunAsync("curl", "-sS", "--max-time", "5", "http://127.0.0.1:15020/metrics");
            counted += metrics.Output.Split('\n').Where(line => line.StartsWith("istio_requests_total{", StringComparison.Ordinal) && line.Contains("response_code=\"200\"", StringComparison.Ordinal))
                .Sum(line => (long)double.Parse(line[(line.LastIndexOf('}') + 1)..].Trim().Split(' ')[0], CultureInfo.InvariantCulture));
        }

        return counted;
    }

    private static string Last(SteadyClient client) => $"{client.Succeeded} answered, {client.Failures.Count} failed: {string.Join("; ", client.Failures.TakeLast(3))}";

    private static List<JsonObject> Pods(ClusterLab cluster) => [.. cluster.Pods.Pods("shop", "gateway.networking.k8s.io/gateway-name", "waypoint")];

    private static JsonObject? Find(ClusterLab cluster) => cluster.Api.Store.Find(cluster.Api.Store.Kinds.Get("gateway.networking.k8s.io", "Gateway"), "shop", "waypoint")?.Copy();

    private static string? Since(JsonObject gateway) => Programmed(gateway).Text("lastTransitionTime");

    private static JsonObject Programmed(JsonObject gateway) => gateway.ObjectsAt("status", "conditions").Single(one => one.Text("type") == "Programmed");

    private static string Describe(ClusterLab cluster) =>
        $"{Find(cluster)?["status"]?.ToJsonString()}\n{string.Join('\n', Pods(cluster).Select(pod => cluster.Pods.Describe("shop", pod.Text("metadata", "name")!)))}\n{string.Join('\n', Pods(cluster).Select(pod => Log(cluster, pod.Text("metadata", "name")!)))}\n{cluster.ControlPlane.Process.LogTail(20)}";

    private static string Log(ClusterLab cluster, string pod) => cluster.Nodes[0].Kubelet.LogFileOf("shop", pod, "waypoint") is { } file ? Daemon.ReadLog(file) : "";
}
