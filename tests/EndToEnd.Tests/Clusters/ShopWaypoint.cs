using System.Net;
using Ambient.Lab.Processes;
using Ambient.Playground.Cluster;

namespace Ambient.EndToEnd.Tests.Clusters;

/// <summary>The namespace <c>shop</c>: a Gateway <c>waypoint</c>, and a pod <c>web</c> on the node n2 behind a service of the same name.</summary>
internal static class ShopWaypoint
{
    public const string Kind = "gateways.gateway.networking.k8s.io";

    public const string Gateway = """
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: waypoint, namespace: shop}
        spec:
          gatewayClassName: ambient-waypoint
          listeners: [{name: mesh, port: 15008, protocol: HBONE}]
        """;

    /// <summary>The pod's second port, 9090, is not the service's.</summary>
    public static string WebAt(IPEndPoint service) => $$"""
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec: {clusterIP: {{service.Address}}, selector: {app: web}, ports: [{name: http, port: {{service.Port}}, targetPort: 8080}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop, labels: {app: web} }
        spec:
          serviceAccountName: web
          nodeName: n2
          containers:
          - name: main
            image: playground/application
            args: [web, "8080"]
            readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1, timeoutSeconds: 5}
            livenessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 3}
          - {name: other, image: playground/application, args: [other, "9090"]}
        """;

    public static Task ProgrammedAsync(ClusterLab cluster, Func<string> describe) => Until.TrueAsync(
        async () => (await cluster.KubectlAsync("wait", "-n", "shop", $"{Kind}/waypoint", "--for=condition=Programmed", "--timeout=20s")).Succeeded,
        () => $"the waypoint is programmed\n{describe()}\n{cluster.ControlPlane.Process.LogTail(20)}", PodCluster.Patience);
}
