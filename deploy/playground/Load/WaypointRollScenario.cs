using System.Net;
using System.Text.Json.Nodes;
using Ambient.Lab.Processes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Cluster;
using Ambient.Playground.Kubelet;

namespace Ambient.Playground.Load;

/// <summary>A waypoint is replaced again and again while requests come at a rate, and calls of gRPC and WebSockets are open through it.</summary>
public sealed class WaypointRollScenario(ClusterLab cluster, RunningPod caller, TimeSpan deadline)
{
    private const string Namespace = "shop", Kind = "gateways.gateway.networking.k8s.io";
    private static readonly IPEndPoint Http = new(IPAddress.Parse("10.96.50.70"), 80), Grpc = new(Http.Address, 90);

    private int _version;

    /// <summary>Makes the cluster; it is ready once the waypoint serves.</summary>
    /// <param name="deadline">How long a waypoint that was told to stop lets what is open go on.</param>
    public static async Task<WaypointRollScenario> SetAsync(ClusterLab cluster, TimeSpan deadline)
    {
        var caller = await cluster.AddPodAsync(cluster.Nodes[0], "caller", "caller", Namespace);
        cluster.Pods.EnsureNamespace(Namespace, "talk");
        cluster.Pods.Create(Server);
        await cluster.Pods.ReadyAsync(Namespace, "talk");
        await cluster.EnrolAsync(Namespace);
        var scenario = new WaypointRollScenario(cluster, caller, deadline);
        await scenario.ApplyOverlayAsync();
        (await cluster.ApplyAsync(Gateway)).OutputOrThrow();
        await Until.TrueAsync(async () => (await cluster.KubectlAsync("wait", "-n", Namespace, $"{Kind}/waypoint", "--for=condition=Programmed", "--timeout=20s")).Succeeded,
            () => $"the waypoint is programmed\n{scenario.Describe()}", PodCluster.Patience);
        await Until.TrueAsync(async () => (await caller.RunAsync("curl", "-sSi", "--max-time", "5", $"http://{Http}/")).Output.Contains("x-envoy-upstream-service-time", StringComparison.Ordinal),
            () => $"requests go through the waypoint\n{scenario.Describe()}", PodCluster.Patience);
        return scenario;
    }

    /// <param name="rate">Requests per second.</param>
    /// <param name="calls">Of gRPC, open at once.</param>
    /// <param name="sockets">WebSockets, open at once.</param>
    /// <returns>Once the last replaced waypoint is gone.</returns>
    public async Task<WaypointRollOutcome> RunAsync(int rolls, int rate, int calls, int sockets, Action<string> say)
    {
        await using var requests = PacedCaller.Start(caller, Http, rate);
        await using var talks = Talks.Start(caller, Http, Grpc, calls, sockets);
        await Until.TrueAsync(() => requests.Answered > rate && talks.Open == calls + sockets, () => $"requests are answered; {requests.Failures.FirstOrDefault()}", PodCluster.Patience);
        for (var roll = 1; roll <= rolls; roll++)
        {
            var before = Pods().Select(static pod => pod.Text("metadata", "uid")).ToList();
            await ApplyOverlayAsync();
            await Until.TrueAsync(() => Pods() is [var next] && !before.Contains(next.Text("metadata", "uid")), () => $"another waypoint has taken over\n{Describe()}", PodCluster.Patience);
            say($"replaced {roll} times; {requests.Answered} requests answered, {requests.Failures.Count} failed; {talks.Outcomes.Count} conversations ended, {talks.Cuts.Count} of them cut");
        }
        await requests.StopAsync();
        await talks.StopAsync();
        return new(requests.Answered, [.. requests.Failures], [.. requests.Milliseconds], [.. talks.Outcomes], [.. talks.Summary()]);
    }

    /// <summary>What the waypoints and the nodes said, for messages.</summary>
    public string Describe() => string.Join('\n',
    [
        .. Pods().Select(pod => cluster.Pods.Describe(Namespace, pod.Text("metadata", "name")!)),
        .. cluster.Nodes.SelectMany(node => cluster.ZtunnelLog(node).Split('\n').Where(static line => line.Contains("error=", StringComparison.Ordinal)).TakeLast(10)),
        cluster.ControlPlane.Process.LogTail(10),
    ]);

    private IReadOnlyList<JsonObject> Pods() => cluster.Pods.Pods(Namespace, "gateway.networking.k8s.io/gateway-name", "waypoint");

    private async Task ApplyOverlayAsync() => (await cluster.ApplyAsync($$$"""
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: waypoint, namespace: {{{Namespace}}}}
        data:
          deployment: |
            spec:
              template:
                spec:
                  containers:
                  - name: waypoint
                    env: [{name: VERSION, value: "{{{++_version}}}"}, {name: CONNECTION_TERMINATION_DEADLINE, value: "{{{deadline.TotalSeconds:0}}}s"}]
                    startupProbe: {timeoutSeconds: 5}
                    readinessProbe: {periodSeconds: 1}
        """)).OutputOrThrow();

    private static string Server => $$"""
        apiVersion: v1
        kind: Service
        metadata: {name: talk, namespace: {{Namespace}}, labels: {istio.io/use-waypoint: waypoint} }
        spec:
          clusterIP: {{Http.Address}}
          selector: {app: talk}
          ports: [{name: http, port: {{Http.Port}}, targetPort: 8080}, {name: grpc, port: {{Grpc.Port}}, targetPort: 9090}]
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: talk, namespace: {{Namespace}}, labels: {app: talk} }
        spec:
          serviceAccountName: talk
          nodeName: n2
          containers:
          - {name: main, image: playground/talk, args: ["8080", "9090"], readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1, timeoutSeconds: 5} }
        """;

    private const string Gateway = $$"""
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: waypoint, namespace: {{Namespace}}}
        spec:
          gatewayClassName: ambient-waypoint
          infrastructure: {parametersRef: {group: "", kind: ConfigMap, name: waypoint} }
          listeners: [{name: mesh, port: 15008, protocol: HBONE}]
        """;
}

/// <summary>What became of everything.</summary>
/// <param name="Milliseconds">Of each answer.</param>
/// <param name="Summary">Of the conversations, a line for each kind.</param>
public sealed record WaypointRollOutcome(int Answered, IReadOnlyList<string> Failures, IReadOnlyList<double> Milliseconds, IReadOnlyList<TalkOutcome> Talks, IReadOnlyList<string> Summary)
{
    /// <summary>All that failed or broke off, in words.</summary>
    public IReadOnlyList<string> Broken => [.. Failures, .. Talks.Where(static one => one.End == TalkEnd.Cut).Select(static one => $"{one.Kind} after {one.Messages} messages: {one.Detail}")];
}
