using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Configuration;
using Ambient.Kubernetes.Resources;
using Ambient.Playground.Api;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.CniAgent.Tests.Cluster;

/// <summary>A cluster's API, one node with an agent and, where asked for, a node proxy and pods with real namespaces. All in this process, over real sockets.</summary>
internal sealed class NodeScene : IAsyncDisposable
{
    public const string Node = "node-1", Shop = "shop", Redirection = "ambient.istio.io/redirection";

    private readonly string _directory = Directory.CreateTempSubdirectory("node").FullName;
    private readonly CancellationTokenSource _end = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly List<IDisposable> _parts = [];
    private CancellationTokenSource _stop = new();
    private Task? _agent;
    private PlaygroundApi _cluster = null!;

    public ApiClient Api { get; private set; } = null!;

    /// <summary>Further settings of the agent.</summary>
    public Dictionary<string, string> Settings { get; } = [];

    public string ZdsPath => Path.Combine(_directory, "ztunnel.sock");

    public string PluginPath => Path.Combine(_directory, "pluginevent.sock");

    public string State => Path.Combine(_directory, "state");

    public static async Task<NodeScene> StartAsync()
    {
        var scene = new NodeScene { _cluster = await PlaygroundApi.StartAsync(new() { Controllers = false }) };
        var kubeconfig = Path.Combine(scene._directory, "kubeconfig");
        await scene._cluster.WriteKubeconfigAsync(kubeconfig);
        scene.Api = new(ApiConfiguration.FromKubeconfig(kubeconfig, TimeProvider.System), TimeProvider.System);
        foreach (var (key, value) in new Dictionary<string, string>
        {
            ["NODE_NAME"] = Node, ["KUBECONFIG"] = kubeconfig, ["ZTUNNEL_UDS_ADDRESS"] = scene.ZdsPath, ["CNI_AGENT_RUN_DIR"] = scene._directory,
            ["AGENT_STATE_DIR"] = scene.State, ["HOST_ROOT"] = "/", ["HOST_NETNS"] = "/proc/self/ns/net", ["CNI_INSTALL"] = "false",
            ["MONITORING_ADDRESS"] = "off", ["AUDIT_INTERVAL"] = "1s",
        })
            scene.Settings[key] = value;
        await scene.CreateNamespaceAsync(Shop, inMesh: false);
        await scene.Api.CreateAsync(ResourceTypes.ServiceAccount, new() { Metadata = new() { Name = "web", Namespace = Shop } }, scene.End);
        return scene;
    }

    public CancellationToken End => _end.Token;

    public void StartAgent() =>
        _agent = new NodeAgent(AgentOptions.Read(Settings), TimeProvider.System, NullLoggerFactory.Instance).RunAsync(_stop.Token);

    public async Task StopAgentAsync()
    {
        await _stop.CancelAsync();
        if (_agent is not null)
            await _agent.WaitAsync(PodLab.Patience);
        _stop.Dispose();
        (_stop, _agent) = (new CancellationTokenSource(), null);
    }

    /// <summary>From now on nobody reaches the API.</summary>
    public Task StopApiAsync() => _cluster.DisposeAsync().AsTask();

    /// <summary>Waits for the agent to listen if need be, and until it has told the proxy what there is: from then on it knows of it.</summary>
    public async Task<ServingProxy> ConnectProxyAsync()
    {
        await UntilListeningAsync(ZdsPath);
        var proxy = Own(new ServingProxy(ZdsPath));
        await UntilAsync(() => proxy.Log.Contains("snapshot"));
        return proxy;
    }

    public T Own<T>(T part) where T : IDisposable
    {
        _parts.Add(part);
        return part;
    }

    public Task CreateNamespaceAsync(string name, bool inMesh) => Api.CreateAsync(ResourceTypes.Namespace, new()
    {
        Metadata = new() { Name = name, Labels = inMesh ? new Dictionary<string, string> { ["istio.io/dataplane-mode"] = "ambient" } : null },
    }, End);

    public Task LabelAsync(string ns, string? mode) => Api.MergePatchAsync(ResourceTypes.Namespace, new("", ns),
        Encoding.UTF8.GetBytes($$"""{"metadata": {"labels": {"istio.io/dataplane-mode": {{(mode is null ? "null" : $"\"{mode}\"")}} } } }"""), End);

    /// <param name="metadata">Further fields in JSON, each with a comma in front; the same for <paramref name="container"/> and <paramref name="spec"/>.</param>
    public async Task<Pod> CreatePodAsync(string name, string metadata = "", string container = "", string spec = "")
    {
        var text = $$"""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{name}}"{{metadata}} },
             "spec":{"nodeName":"{{Node}}","serviceAccountName":"web"{{spec}},"containers":[{"name":"app","image":"none"{{container}} }]} }
            """;
        using var http = new HttpClient();
        using var content = new StringContent(text, Encoding.UTF8, "application/json");
        using var created = await http.PostAsync($"{_cluster.Url}/api/v1/namespaces/{Shop}/pods", content, End);
        var answer = await created.Content.ReadAsStringAsync(End);
        Assert.True(created.IsSuccessStatusCode, answer);
        return JsonSerializer.Deserialize(answer, KubernetesJson.Default.Pod)!;
    }

    /// <summary>The kubelet's word: nothing of the pod is left.</summary>
    public async Task RemovePodAsync(string name)
    {
        using var http = new HttpClient();
        using var deleted = await http.DeleteAsync($"{_cluster.Url}/api/v1/namespaces/{Shop}/pods/{name}?gracePeriodSeconds=0", End);
        Assert.True(deleted.IsSuccessStatusCode);
    }

    /// <summary>The kubelet's word: the pod runs and has these addresses.</summary>
    public Task SetStatusAsync(string name, string phase, params string[] addresses) => Api.MergePatchStatusAsync(ResourceTypes.Pod, new(Shop, name),
        Encoding.UTF8.GetBytes($$"""{"status":{"phase":"{{phase}}","podIP":"{{addresses.FirstOrDefault() ?? ""}}","podIPs":[{{string.Join(',', addresses.Select(static ip => "{\"ip\":\"" + ip + "\"}"))}}]} }"""), End);

    public async Task<string?> RedirectionOfAsync(string name) =>
        (await Api.GetAsync(ResourceTypes.Pod, new(Shop, name), End)).Metadata.Annotation(Redirection);

    public async Task<IReadOnlyList<Event>> EventsAsync()
    {
        using var http = new HttpClient();
        using var list = JsonDocument.Parse(await http.GetStringAsync($"{_cluster.Url}/api/v1/namespaces/{Shop}/events", End));
        return [.. list.RootElement.GetProperty("items").EnumerateArray().Select(static item => item.Deserialize(KubernetesJson.Default.Event)!)];
    }

    /// <summary>What the CNI plugin asks.</summary>
    public Task<(int Status, string Text)> AddAsync(Pod pod, PodLab lab, string container = "c-1", string? address = null) =>
        CallAsync("POST", "/cmdadd", Body(pod, container, lab.PodPath, address ?? $"{PodLab.PodAddress(false)}"));

    public Task<(int Status, string Text)> DeleteAsync(Pod pod, string container = "c-1") => CallAsync("POST", "/cmddel", Body(pod, container, "", null));

    public Task<(int Status, string Text)> CheckAsync(Pod pod, string container = "c-1") => CallAsync("POST", "/cmdcheck", Body(pod, container, "/x", null));

    public async Task<(int Status, string Text)> CallAsync(string method, string path, string body)
    {
        await UntilListeningAsync(PluginPath);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(PluginPath));
        await socket.SendAsync(Encoding.UTF8.GetBytes($"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}"));
        using var reader = new StreamReader(new NetworkStream(socket));
        var answer = await reader.ReadToEndAsync(End).WaitAsync(PodLab.Patience);
        return (int.Parse(answer.Split(' ')[1]), answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
    }

    /// <summary>A socket's file is there before anybody listens on it, and after the one who did has been killed.</summary>
    public static Task UntilListeningAsync(string path) =>
        UntilAsync(async () => (await File.ReadAllLinesAsync("/proc/net/unix")).Any(line => line.EndsWith(' ' + path, StringComparison.Ordinal) && line.Contains(" 00010000 ", StringComparison.Ordinal)));

    public static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition())
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAgentAsync();
        foreach (var part in _parts)
            part.Dispose();
        Api.Dispose();
        await StopApiAsync();
        _end.Dispose();
        _stop.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static string Body(Pod pod, string container, string netns, string? address) => $$"""
        {"Netns":"{{netns}}","PodName":"{{pod.Metadata.Name}}","PodNamespace":"{{pod.Metadata.Namespace}}","PodUid":"{{pod.Metadata.Uid}}","ContainerId":"{{container}}","Interface":"eth0",
         "IPs":{{(address is null ? "null" : $$"""[{"Interface":null,"Address":{"IP":"{{address}}","Mask":"////AA=="},"Gateway":""}]""")}}}
        """;
}
