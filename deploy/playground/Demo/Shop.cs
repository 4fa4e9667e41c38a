using Ambient.Lab.Processes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Cluster;
using Ambient.Playground.Kubelet;

namespace Ambient.Playground.Demo;

/// <summary>The demo's cluster and what runs in it: a small shop on two nodes. Callers on the first, the cart on the second.</summary>
internal sealed class Shop(ClusterLab cluster) : IAsyncDisposable
{
    public const int Port = 8080;
    public const string Namespace = "shop", ServiceAddress = "10.96.0.10", CartIdentity = "spiffe://cluster.local/ns/shop/sa/cart", WebIdentity = "spiffe://cluster.local/ns/shop/sa/web",
        BatchIdentity = "spiffe://cluster.local/ns/shop/sa/batch";

    private int _streams;

    public const string Manifest = """
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop, labels: {app: web}}
        spec: {serviceAccountName: web, nodeName: node1, containers: [{name: main, image: playground/pause}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: batch, namespace: shop, labels: {app: batch}}
        spec: {serviceAccountName: batch, nodeName: node1, containers: [{name: main, image: playground/pause}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: cart, namespace: shop}
        spec:
          replicas: 2
          selector: {matchLabels: {app: cart}}
          template:
            metadata: {labels: {app: cart}}
            spec:
              serviceAccountName: cart
              nodeSelector: {kubernetes.io/hostname: node2}
              containers:
              - name: main
                image: playground/application
                args: [cart, "8080"]
                readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1, timeoutSeconds: 5}
        """;

    public ClusterLab Cluster { get; } = cluster;

    public RunningPod Web => Pod("web");
    public RunningPod Batch => Pod("batch");

    /// <summary>One of the cart's pods; another one after a rollout.</summary>
    public RunningPod Cart => CartNames().Select(name => Cluster.Pods.Running(Namespace, name)).First(pod => pod is not null)!;

    public string CartUrl => $"http://{Cart.Address}:{Port}";

    public static async Task<Shop> OpenAsync()
    {
        var cluster = await ClusterLab.StartAsync(["node1", "node2"]);
        cluster.Pods.EnsureNamespace(Namespace, "web", "batch", "cart");
        return new(cluster);
    }

    /// <summary>Returns once every pod of the shop is ready.</summary>
    public async Task ReadyAsync()
    {
        await Cluster.Pods.ReadyAsync(Namespace, "web");
        await Cluster.Pods.ReadyAsync(Namespace, "batch");
        (await Cluster.KubectlAsync("rollout", "status", "-n", Namespace, "deployment/cart", "--timeout=25s")).OutputOrThrow();
    }

    public Task<CommandResult> CurlAsync(RunningPod from, string url) => from.RunAsync("curl", "-sS", "--max-time", "5", url);

    /// <summary>A connection of web's to the cart on which words keep coming.</summary>
    public Daemon OpenStream(string url)
    {
        var log = Cluster.Network.PathOf($"stream{++_streams}.log");
        return Daemon.Start("stream", Web.NetworkNamespace, log, [], "curl", "-sSN", $"{url}/stream");
    }

    /// <summary>The pods that are not ending: uid and how often they were restarted.</summary>
    public IReadOnlyList<string> Lives() =>
        [.. Documents().Select(pod => $"{pod.Text("metadata", "uid")} {pod.ObjectsAt("status", "containerStatuses").Sum(one => one.Number("restartCount"))}").Order(StringComparer.Ordinal)];

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();

    private RunningPod Pod(string name) => Cluster.Pods.Running(Namespace, name) ?? throw new Lab.LabException($"{name} does not run. {Cluster.Pods.Describe(Namespace, name)}");

    private IEnumerable<string> CartNames() => Documents().Where(pod => pod.Text("metadata", "labels", "app") == "cart").Select(pod => pod.Text("metadata", "name")!);

    private IEnumerable<System.Text.Json.Nodes.JsonObject> Documents() =>
        Cluster.Api.Store.List(Cluster.Api.Store.Kinds.Get("", "Pod"), Namespace).Items.Where(pod => !pod.IsEnding).Select(pod => pod.Copy());
}
