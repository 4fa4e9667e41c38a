using System.Net;
using System.Text;
using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Processes;
using Ambient.Playground.Cluster;

namespace Ambient.EndToEnd.Tests.Requests;

/// <summary>A cluster in which requests go through a waypoint: two pods, each a version, behind a service for both and one for each, and a client in another namespace.</summary>
/// <param name="mesh">The namespace of the services, which uses the waypoint.</param>
/// <param name="consumer">That of the pod <c>client</c>.</param>
/// <param name="service">Name of the service; the others and the pods are <c>SERVICE-v1</c> and <c>SERVICE-v2</c>.</param>
public abstract class RequestLab(string mesh, string consumer, string service) : IAsyncLifetime
{
    private const string Outside = "outside";
    private static readonly TimeSpan Convergence = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, EchoPod> _echoes = [];
    private readonly Dictionary<(string, string), HttpClient> _clients = [];

    public ClusterLab Cluster { get; private set; } = null!;

    /// <summary>Who may dial the pods by their own addresses.</summary>
    protected virtual string Bypass => "";

    public virtual async ValueTask InitializeAsync()
    {
        Cluster = await ClusterLab.StartAsync(["n1"]);
        foreach (var name in (string[])[$"{service}-v1", $"{service}-v2"])
            _echoes[name] = await EchoPod.StartAsync(await Cluster.AddPodAsync(Cluster.Nodes[0], name, name, mesh, new("app", service), new KeyValuePair<string, string>("version", name[^2..])), name);
        await Cluster.AddPodAsync(Cluster.Nodes[0], "client", "client", consumer);
        await Cluster.AddPodAsync(Cluster.Nodes[0], "web", "web", mesh);
        await Cluster.AddPodAsync(Cluster.Nodes[0], "plain", "plain", Outside);
        foreach (var (name, selector) in new[] { (service, $"app: {service}"), ($"{service}-v1", $"app: {service}, version: v1"), ($"{service}-v2", $"app: {service}, version: v2") })
            (await Cluster.ApplyAsync($$"""
                apiVersion: v1
                kind: Service
                metadata: {name: {{name}}, namespace: {{mesh}}}
                spec:
                  selector: { {{selector}} }
                  ports:
                  - {name: http, port: 80, targetPort: 8080, appProtocol: http}
                  - {name: http-alt, port: 8080, targetPort: 8080, appProtocol: http}
                  - {name: tcp, port: 9090, targetPort: 9090}
                  - {name: grpc, port: 7070, targetPort: 7070, appProtocol: grpc}
                """)).OutputOrThrow();
        await Cluster.EnrolAsync(mesh, consumer);
        (await Cluster.ApplyAsync($$"""
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata: {name: waypoint, namespace: {{mesh}}}
            spec:
              gatewayClassName: ambient-waypoint
              listeners: [{name: mesh, port: 15008, protocol: HBONE}]
            """)).OutputOrThrow();
        (await Cluster.KubectlAsync("annotate", "namespace", mesh, $"ambient.mesh/waypoint-bypass={Bypass}")).OutputOrThrow();
        (await Cluster.KubectlAsync("label", "namespace", mesh, "istio.io/use-waypoint=waypoint")).OutputOrThrow();
        await Until.TrueAsync(async () => (await Cluster.KubectlAsync("-n", mesh, "get", "gateway", "waypoint", "-o", "jsonpath={.status.conditions[?(@.type=='Programmed')].status}")).Output == "True",
            () => "the waypoint is programmed", PodCluster.Patience);
        await Until.TrueAsync(() => Cluster.Pods.Pods(mesh, "gateway.networking.k8s.io/gateway-name", "waypoint").Any(pod => PodCluster.IsReady(Cluster.Pods.Find("Pod", mesh, $"{pod["metadata"]!["name"]}"))),
            () => $"the waypoint is ready\n{Describe()}", PodCluster.Patience);
        foreach (var client in (string[])["client", "web", $"{service}-v1", $"{service}-v2"])
            await ExpectAsync(() => GetAsync(client, service, 80, "/", []), static answer => answer.Status == 200);
    }

    /// <summary>Asks until the answer has held three times in a row, as the suite does; fails after 30 s with the last answer.</summary>
    internal async Task ExpectAsync(Func<Task<Answer>> ask, Func<Answer, bool> holds)
    {
        Answer? last = null;
        var inARow = 0;
        await Until.TrueAsync(async () =>
        {
            last = await AskAsync(ask);
            inARow = holds(last) ? inARow + 1 : 0;
            return inARow == 3;
        }, () => $"it holds three times in a row; the last answer was {last}\n{Describe()}", Convergence);
    }

    // While a waypoint is new its clients' node refuses: that is an answer too, and not the one that is waited for.
    private static async Task<Answer> AskAsync(Func<Task<Answer>> ask)
    {
        try { return await ask(); }
        catch (Exception refused) when (refused is HttpRequestException or System.Net.Sockets.SocketException) { return new(0, null, refused.Message, new Dictionary<string, string>(), -1); }
    }

    /// <param name="client">A pod that asks.</param>
    /// <param name="to">Name of a service, or <c>pod:NAME</c>; dialled by its address.</param>
    internal Task<Answer> GetAsync(string client, string to, int port, string path, IEnumerable<(string Name, string Value)> fields, string? host = null) =>
        SendAsync(client, to, port, HttpMethod.Get, path, fields, host ?? service);

    internal async Task<Answer> SendAsync(string client, string to, int port, HttpMethod method, string path, IEnumerable<(string Name, string Value)> fields, string host)
    {
        using var request = new HttpRequestMessage(method, new Uri($"http://{service}{path}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        request.Headers.Host = host;
        foreach (var (name, value) in fields) request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await (await ClientAsync(client, to, port)).SendAsync(request);
        return await ReadAsync(answer, await answer.Content.ReadAsStringAsync());
    }

    internal async Task<Answer> CallAsync(string client, string to, string method, IEnumerable<(string Name, string Value)> fields)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{service}{method}") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        foreach (var (name, value) in fields) request.Headers.TryAddWithoutValidation(name, value);
        request.Headers.TE.Add(new("trailers"));
        request.Content = new ByteArrayContent([0, 0, 0, 0, 0]) { Headers = { ContentType = new("application/grpc") } };
        using var answer = await (await ClientAsync(client, to, 7070)).SendAsync(request);
        var body = await answer.Content.ReadAsByteArrayAsync();
        return await ReadAsync(answer, body.Length > 5 ? Encoding.UTF8.GetString(body.AsSpan(5)) : "");
    }

    /// <summary>Names of the policies that the waypoint has now, sorted.</summary>
    public async Task<string[]> PoliciesAsync()
    {
        using var dump = await ConfigDumpAsync();
        return [.. dump.RootElement.GetProperty("policies").EnumerateArray().Select(static policy => policy.GetProperty("name").GetString()!).Order(StringComparer.Ordinal)];
    }

    public Task<string> WaypointMetricsAsync() => GetPageAsync("15020/metrics");

    private async Task<System.Text.Json.JsonDocument> ConfigDumpAsync() => System.Text.Json.JsonDocument.Parse(await GetPageAsync("15000/config_dump"));

    private async Task<string> GetPageAsync(string page)
    {
        var waypoint = Cluster.Pods.Pods(mesh, "gateway.networking.k8s.io/gateway-name", "waypoint").Select(pod => Cluster.Pods.Running(mesh, $"{pod["metadata"]!["name"]}")).First(static pod => pod is not null)!;
        return (await waypoint.RunAsync("curl", "-sS", $"http://127.0.0.1:{page}")).OutputOrThrow();
    }

    public int RequestsOf(string pod) => _echoes[pod].Requests;

    public async Task ApplyAsync(string manifest) => (await Cluster.ApplyAsync(manifest)).OutputOrThrow();

    /// <summary>Deletes what tests have said about requests; returns once the waypoint has forgotten it.</summary>
    public async Task ForgetAsync()
    {
        foreach (var ns in (string[])[mesh, consumer])
            (await Cluster.KubectlAsync("-n", ns, "delete", "httproutes,grpcroutes,virtualservices,destinationrules,authorizationpolicies,peerauthentications,telemetries,referencegrants", "--all")).OutputOrThrow();
        await Until.TrueAsync(async () =>
        {
            using var dump = await ConfigDumpAsync();
            return dump.RootElement.GetProperty("policies").GetArrayLength() + dump.RootElement.GetProperty("telemetry").GetArrayLength() == 0 && dump.RootElement.GetProperty("services").EnumerateArray()
                .All(static service => service.GetProperty("routes").GetArrayLength() == 0 && !service.TryGetProperty("destination", out _));
        }, () => $"the waypoint has forgotten routes and policies\n{Describe()}", Convergence);
    }

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var client in _clients.Values) client.Dispose();
        foreach (var echo in _echoes.Values) await echo.DisposeAsync();
        if (Cluster is not null) await Cluster.DisposeAsync();
    }

    private static Task<Answer> ReadAsync(HttpResponseMessage answer, string seen)
    {
        var fields = answer.Headers.ToDictionary(static field => field.Key.ToLowerInvariant(), static field => string.Join(',', field.Value));
        var grpc = answer.TrailingHeaders.TryGetValues("grpc-status", out var trailer) ? trailer.Single() : fields.GetValueOrDefault("grpc-status");
        return Task.FromResult(new Answer((int)answer.StatusCode, fields.GetValueOrDefault("x-pod"), seen, fields, grpc is null ? -1 : int.Parse(grpc, System.Globalization.CultureInfo.InvariantCulture)));
    }

    /// <summary>Sends to the service by the address it has, whatever the URI says; the lab's, which disposes of it.</summary>
    internal async Task<HttpClient> ClientAsync(string client, string dialled, int port)
    {
        var key = (client, $"{dialled}:{port}");
        if (_clients.TryGetValue(key, out var known)) return known;
        var pod = Cluster.Pods.Running(client switch { "client" => consumer, "plain" => Outside, _ => mesh }, client)!;
        var to = new IPEndPoint(await AddressOfAsync(dialled), port);
        return _clients[key] = new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false, UseProxy = false, PooledConnectionIdleTimeout = TimeSpan.FromSeconds(1), PooledConnectionLifetime = TimeSpan.FromSeconds(2),
            ConnectCallback = async (_, _) => new System.Net.Sockets.NetworkStream(await pod.ConnectAsync(to), ownsSocket: true),
        }) { Timeout = TimeSpan.FromSeconds(10) };
    }

    private async Task<IPAddress> AddressOfAsync(string dialled) => dialled.StartsWith("pod:", StringComparison.Ordinal)
        ? Cluster.Pods.Running(mesh, dialled[4..])!.Address
        : IPAddress.Parse((await Cluster.KubectlAsync("-n", mesh, "get", "service", dialled, "-o", "jsonpath={.spec.clusterIP}")).OutputOrThrow());

    private string Describe() => string.Join('\n', Cluster.Pods.Pods(mesh, "gateway.networking.k8s.io/gateway-name", "waypoint").Select(pod =>
    {
        var name = $"{pod["metadata"]!["name"]}";
        var log = Cluster.Nodes[0].Kubelet.LogFileOf(mesh, name, "waypoint");
        return $"{Cluster.Pods.Describe(mesh, name)}\n{(log is not null && File.Exists(log) ? string.Join('\n', Daemon.ReadLog(log).Split('\n').TakeLast(20)) : "")}";
    })) + $"\n{string.Join('\n', Cluster.ControlPlane.Process.LogTail(20))}";
}
