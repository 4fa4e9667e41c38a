using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Ambient.Lab;
using Ambient.Lab.Processes;
using Ambient.Linux.Namespaces;
using Ambient.Playground.Cluster;

namespace Ambient.ClusterBenchmark;

/// <summary>A waypoint and many routes: its memory, how long a change of one takes from kubectl to traffic, and what 1,000 requests a second cost.</summary>
internal sealed class RouteRun(ClusterStage stage, HttpClient client)
{
    private const int Rate = 1000, Connections = 20, LoadSeconds = 10;
    private static readonly IPEndPoint Service = new(IPAddress.Parse("10.96.70.1"), 80);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Random _random = new(7);

    public static async Task<int> RunAsync(int routes, int changes)
    {
        await using var stage = await ClusterStage.SetAsync();
        using var client = ClientIn(stage);
        var run = new RouteRun(stage, client);
        await run.AttachAsync();
        await run.SayMemoryAsync("idle");
        await run.CreateAsync(routes);
        await run.SayMemoryAsync($"with {routes} routes");
        await run.ChangeAsync(routes, changes);
        await run.LoadAsync(routes);
        return 0;
    }

    private static HttpClient ClientIn(ClusterStage stage) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectCallback = async (_, cancelled) =>
        {
            using var pod = NetworkNamespace.Open(stage.Client.NamespacePath);
            var socket = pod.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
            await socket.ConnectAsync(Service, cancelled);
            return new NetworkStream(socket, ownsSocket: true);
        },
    }) { BaseAddress = new("http://cart"), Timeout = TimeSpan.FromSeconds(5) };

    private async Task AttachAsync()
    {
        (await stage.Cluster.ApplyAsync($$"""
            apiVersion: v1
            kind: Service
            metadata: {name: cart, namespace: shop, labels: {istio.io/use-waypoint: waypoint} }
            spec: {clusterIP: {{Service.Address}}, selector: {app: cart}, ports: [{name: http, port: {{Service.Port}}, targetPort: {{ClusterStage.Port}}}]}
            ---
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata: {name: waypoint, namespace: shop}
            spec: {gatewayClassName: ambient-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
            """)).OutputOrThrow();
        await Until.TrueAsync(async () => await FindAsync("/") is not null && Waypoint() is not null, () => "requests go through the waypoint", Patience);
    }

    private async Task CreateAsync(int routes)
    {
        var watch = Stopwatch.StartNew();
        for (var route = 0; route < routes; route++) stage.Cluster.Pods.Create(Manifest(route, "0"));
        var created = watch.Elapsed;
        await Until.TrueAsync(async () => await FindAsync(PathOf(routes - 1)) == "0", () => "the last route has effect", Patience);
        Console.WriteLine($"{routes} routes were created in {created.TotalSeconds:0.0} s; the last had effect {(watch.Elapsed - created).TotalMilliseconds:0} ms later");
    }

    private async Task ChangeAsync(int routes, int changes)
    {
        var (afterReturn, whole) = (new List<double>(), new List<double>());
        for (var change = 1; change <= changes; change++)
        {
            var (route, value) = (_random.Next(routes), $"{change}");
            var watch = Stopwatch.StartNew();
            var seen = SeenAsync(PathOf(route), value, watch);
            (await stage.Cluster.ApplyAsync(Manifest(route, value))).OutputOrThrow();
            var returned = watch.Elapsed;
            whole.Add((await seen).TotalMilliseconds);
            afterReturn.Add(Math.Max(0, whole[^1] - returned.TotalMilliseconds));
        }
        Console.WriteLine($"{changes} changes; ms from kubectl's return to the first request that goes by it: {Spread.Of(afterReturn)}");
        Console.WriteLine($"ms from kubectl's start: {Spread.Of(whole)}");
    }

    private async Task<TimeSpan> SeenAsync(string path, string value, Stopwatch watch)
    {
        await Until.TrueAsync(async () => await FindAsync(path) == value, () => $"{path} is answered with {value}", Patience);
        return watch.Elapsed;
    }

    private async Task LoadAsync(int routes)
    {
        var cpu = await CpuMillisecondsAsync();
        var result = await stage.Client.RunAsync("h2load", "--h1", $"-c{Connections}", "-t1", $"--rps={Rate / Connections}", $"-D{LoadSeconds}", $"http://{Service}{PathOf(routes / 2)}");
        Console.WriteLine(string.Join('\n', result.OutputOrThrow().Split('\n').Where(static line => line.StartsWith("finished", StringComparison.Ordinal) || line.StartsWith("requests", StringComparison.Ordinal))));
        Console.WriteLine($"CPU of the waypoint: {(await CpuMillisecondsAsync() - cpu) / LoadSeconds / 10:0.0} % of a core");
        await SayMemoryAsync($"at {Rate} requests a second");
    }

    /// <returns>What the route says of itself; null if no waypoint has answered.</returns>
    private async Task<string?> FindAsync(string path)
    {
        try
        {
            using var answer = await client.GetAsync(path);
            return answer.Headers.TryGetValues("x-route", out var values) ? values.First() : answer.IsSuccessStatusCode ? "" : null;
        }
        catch (Exception unanswered) when (unanswered is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    private static string PathOf(int route) => $"/team-{route}/orders";

    private static string Manifest(int route, string value) => $$"""
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: team-{{route}}, namespace: shop}
        spec:
          parentRefs: [{group: "", kind: Service, name: cart}]
          rules:
          - matches: [{path: {type: PathPrefix, value: "/team-{{route}}"} }]
            filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: x-route, value: "{{value}}"}]} }]
            backendRefs: [{name: cart, port: {{Service.Port}}}]
        """;

    private Ambient.Playground.Kubelet.RunningPod? Waypoint() => stage.Cluster.Pods.Pods("shop", "gateway.networking.k8s.io/gateway-name", "waypoint")
        .Where(pod => PodCluster.IsReady(stage.Cluster.Pods.Find("Pod", "shop", $"{pod["metadata"]!["name"]}")))
        .Select(pod => stage.Cluster.Pods.Running("shop", $"{pod["metadata"]!["name"]}")).FirstOrDefault();

    private async Task SayMemoryAsync(string when)
    {
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
        Console.WriteLine($"the waypoint {when}: {MemoryLine.Of(await ProcessIdAsync())}");
    }

    private async Task<double> CpuMillisecondsAsync() => Process.GetProcessById(await ProcessIdAsync()).TotalProcessorTime.TotalMilliseconds;

    // The one of its pod that is the waypoint.
    private async Task<int> ProcessIdAsync()
    {
        var pod = Waypoint() ?? throw new LabException("The waypoint has no pod that is ready.");
        var pids = (await Command.RunAsync("ip", "netns", "pids", pod.NetworkNamespace)).OutputOrThrow();
        return pids.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static pid => int.Parse(pid, CultureInfo.InvariantCulture))
            .First(static pid => File.ReadAllText($"/proc/{pid}/comm").StartsWith("waypoint", StringComparison.Ordinal));
    }
}
