using System.Text.Json.Nodes;
using Ambient.Lab.Processes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Cluster;

namespace Ambient.EndToEnd.Tests.Clusters;

/// <summary>A user asks for a waypoint with kubectl, changes it and takes it away; the control plane, the cluster's controllers and its kubelets do the rest.</summary>
public sealed class WaypointLifeTests
{
    private const string Kind = "gateways.gateway.networking.k8s.io";

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

        (await cluster.KubectlAsync("delete", Kind, "-n", "shop", "waypoint", "--wait=false")).OutputOrThrow();
        await Until.TrueAsync(() => Pods(cluster).Count == 0 && cluster.Pods.Find("Service", "shop", "waypoint") is null, () => $"all of it is gone. {Describe(cluster)}", PodCluster.Patience);
    }

    private const string Gateway = """
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: waypoint, namespace: shop}
        spec:
          gatewayClassName: ambient-waypoint
          infrastructure: {parametersRef: {group: "", kind: ConfigMap, name: waypoint} }
          listeners: [{name: mesh, port: 15008, protocol: HBONE}]
        """;

    private static string Overlay(string version) => $$$$"""
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: waypoint, namespace: shop}
        data:
          deployment: |
            spec: {template: {spec: {containers: [{name: waypoint, env: [{name: VERSION, value: "{{{{version}}}}"}], startupProbe: {timeoutSeconds: 5}, readinessProbe: {periodSeconds: 1}}]}}}
        """;

    private static async Task ProgrammedAsync(ClusterLab cluster)
    {
        var waited = await cluster.KubectlAsync("wait", "-n", "shop", $"{Kind}/waypoint", "--for=condition=Programmed", "--timeout=25s");
        Assert.True(waited.Succeeded, $"{waited.Errors}\n{Describe(cluster)}");
    }

    private static List<JsonObject> Pods(ClusterLab cluster) => [.. cluster.Pods.Pods("shop", "gateway.networking.k8s.io/gateway-name", "waypoint")];

    private static JsonObject? Find(ClusterLab cluster) => cluster.Api.Store.Find(cluster.Api.Store.Kinds.Get("gateway.networking.k8s.io", "Gateway"), "shop", "waypoint")?.Copy();

    private static string? Since(JsonObject gateway) => gateway.ObjectsAt("status", "conditions").Single(one => one.Text("type") == "Programmed").Text("lastTransitionTime");

    private static string Describe(ClusterLab cluster) =>
        $"{Find(cluster)?["status"]?.ToJsonString()}\n{string.Join('\n', Pods(cluster).Select(pod => cluster.Pods.Describe("shop", pod.Text("metadata", "name")!)))}\n{string.Join('\n', Pods(cluster).Select(pod => Log(cluster, pod.Text("metadata", "name")!)))}\n{cluster.ControlPlane.Process.LogTail(20)}";

    private static string Log(ClusterLab cluster, string pod) => cluster.Nodes[0].Kubelet.LogFileOf("shop", pod, "waypoint") is { } file ? Daemon.ReadLog(file) : "";
}
