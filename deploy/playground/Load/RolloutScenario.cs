using System.Diagnostics;
using System.Net;
using Ambient.Lab.Processes;
using Ambient.Playground.Cluster;
using Ambient.Playground.Kubelet;

namespace Ambient.Playground.Load;

/// <summary>
/// A Deployment is restarted again and again while requests come at a rate. Its pods do nothing for the sake of their callers, and the control plane hears of everything
/// up to two seconds late. Each pod notes the POSTs that it executes.
/// </summary>
public sealed class RolloutScenario
{
    private const string Namespace = "shop";
    private const int LongestDelay = 2000; // ms
    private static readonly IPEndPoint Service = new(IPAddress.Parse("10.96.50.50"), 80);

    private readonly ClusterLab _cluster;
    private readonly RunningPod _caller;
    private readonly string _records;

    private RolloutScenario(ClusterLab cluster, RunningPod caller)
    {
        (_cluster, _caller, _records) = (cluster, caller, cluster.Network.PathOf("orders"));
        Directory.CreateDirectory(_records);
    }

    /// <param name="hasWaypoint">Requests pass a waypoint; else they are bytes to the mesh.</param>
    public static async Task<RolloutScenario> SetAsync(ClusterLab cluster, int replicas, bool hasWaypoint)
    {
        var scenario = new RolloutScenario(cluster, await cluster.AddPodAsync(cluster.Nodes[0], "web", "web", Namespace));
        cluster.Pods.EnsureNamespace(Namespace, "cart");
        cluster.Pods.Create(scenario.Cart(replicas, hasWaypoint));
        await scenario.RolledAsync(() => "");
        await cluster.EnrolAsync(Namespace);
        if (hasWaypoint) (await cluster.ApplyAsync(Gateway)).OutputOrThrow();
        await Until.TrueAsync(async () => (await scenario._caller.RunAsync("curl", "-sSi", "--max-time", "5", $"http://{Service}/")).Output is var answer
            && answer.Contains(" 200 ", StringComparison.Ordinal) && hasWaypoint == answer.Contains("x-envoy-upstream-service-time", StringComparison.Ordinal),
            () => $"requests are answered\n{scenario.Describe()}", PodCluster.Patience);
        return scenario;
    }

    /// <param name="rate">Requests per second.</param>
    /// <param name="duration">No restart is begun after it.</param>
    public async Task<RolloutOutcome> RunAsync(int rate, TimeSpan duration)
    {
        var random = new Random(7);
        await using var requests = PacedCaller.Start(_caller, Service, rate);
        await Until.TrueAsync(() => requests.Answered > rate, () => $"requests are answered; {requests.Failures.FirstOrDefault()}", PodCluster.Patience);
        _cluster.Pods.WatchDelay = caller => caller.EndsWith(":istiod", StringComparison.Ordinal) ? TimeSpan.FromMilliseconds(Draw()) : TimeSpan.Zero;
        var restarts = 0;
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < duration; restarts++)
        {
            (await _cluster.KubectlAsync("rollout", "restart", "-n", Namespace, "deployment/cart")).OutputOrThrow();
            await RolledAsync(() => $"{requests.Answered} answered, {requests.Failures.Count} failed: {requests.Failures.FirstOrDefault()}");
        }
        await Task.Delay(TimeSpan.FromMilliseconds(LongestDelay), TimeProvider.System); // of the last one the nodes hear yet
        await requests.StopAsync();
        _cluster.Pods.WatchDelay = null;
        return Outcome(requests, restarts);

        int Draw()
        {
            lock (random) return random.Next(LongestDelay);
        }
    }

    /// <summary>What the nodes said, for messages.</summary>
    public string Describe() => string.Join('\n',
        _cluster.Nodes.SelectMany(node => _cluster.ZtunnelLog(node).Split('\n').Where(static line => line.Contains("error=", StringComparison.Ordinal)).TakeLast(15)));

    private RolloutOutcome Outcome(PacedCaller requests, int restarts)
    {
        var files = Directory.GetFiles(_records);
        var executed = files.SelectMany(File.ReadAllLines).CountBy(static path => path).ToDictionary();
        return new(restarts, files.Length, requests.Answered, [.. requests.Failures], [.. requests.Milliseconds], executed.Values.Sum(),
            [.. executed.Where(static one => one.Value > 1).Select(static one => $"POST {one.Key} was executed {one.Value} times")],
            [.. requests.AnsweredPosts.Where(path => !executed.ContainsKey(path)).Select(static path => $"POST {path} was answered and never executed")]);
    }

    private Task RolledAsync(Func<string> describe) => Until.TrueAsync(
        async () => (await _cluster.KubectlAsync("rollout", "status", "-n", Namespace, "deployment/cart", "--timeout=25s")).Succeeded, () => $"it is rolled. {describe()}", TimeSpan.FromMinutes(5));

    private string Cart(int replicas, bool hasWaypoint) => $$"""
        apiVersion: v1
        kind: Service
        metadata: {name: cart, namespace: {{Namespace}}, labels: { {{(hasWaypoint ? "istio.io/use-waypoint: waypoint" : "")}} } }
        spec: {clusterIP: {{Service.Address}}, selector: {app: cart}, ports: [{name: {{(hasWaypoint ? "http" : "tcp")}}, port: {{Service.Port}}, targetPort: 8080}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: cart, namespace: {{Namespace}}}
        spec:
          replicas: {{replicas}}
          selector: {matchLabels: {app: cart} }
          template:
            metadata: {labels: {app: cart} }
            spec:
              serviceAccountName: cart
              containers:
              - name: main
                image: playground/application
                args: [cart, "8080", "200", "{{_records}}"]
                readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1, timeoutSeconds: 5}
        """;

    private const string Gateway = $$"""
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: waypoint, namespace: {{Namespace}}}
        spec: {gatewayClassName: ambient-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
        """;
}

/// <summary>What became of all requests.</summary>
/// <param name="Pods">That executed POSTs.</param>
/// <param name="Executed">POSTs, as the pods counted them.</param>
/// <param name="Twice">POSTs that were executed more than once, in words.</param>
/// <param name="Never">POSTs that were answered and not executed, in words.</param>
public sealed record RolloutOutcome(
    int Restarts, int Pods, int Answered, IReadOnlyList<string> Failures, IReadOnlyList<double> Milliseconds, int Executed, IReadOnlyList<string> Twice, IReadOnlyList<string> Never)
{
    /// <summary>All that went wrong, in words.</summary>
    public IReadOnlyList<string> Broken => [.. Failures, .. Twice, .. Never];
}
