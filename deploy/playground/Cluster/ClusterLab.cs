using System.Text.Json;
using System.Text.Json.Nodes;
using Ambient.Lab.Network;
using Ambient.Lab.Processes;
using Ambient.Playground.Api;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Kubelet;

namespace Ambient.Playground.Cluster;

/// <summary>
/// A cluster with the mesh in it: the control plane runs against the cluster's API, ztunnel and the node agent are DaemonSets that the
/// kubelets run, and pods come into the mesh as they do anywhere: by the label of their namespace.
/// </summary>
public sealed class ClusterLab : IAsyncDisposable
{
    private const string Label = "istio.io/dataplane-mode", Redirection = "ambient.istio.io/redirection";

    private ClusterLab(PodCluster pods)
    {
        Pods = pods;
        ControlPlane = new(Network, Network.PathOf("istiod.kubeconfig"));
    }

    /// <summary>The cluster itself.</summary>
    public PodCluster Pods { get; }

    public ControlPlaneProcess ControlPlane { get; }
    public NetworkLab Network => Pods.Network;
    public PlaygroundApi Api => Pods.Api;
    public IReadOnlyList<ClusterNode> Nodes => Pods.Nodes;

    public static async Task<ClusterLab> StartAsync(IEnumerable<string> nodes, ClusterLabOptions? options = null)
    {
        options ??= new();
        var cluster = new ClusterLab(await PodCluster.StartAsync(nodes, options.Families));
        try
        {
            await cluster.InstallAsync(options);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public Task<CommandResult> KubectlAsync(params IEnumerable<string> arguments) => Pods.KubectlAsync(arguments);

    public Task<CommandResult> ApplyAsync(string manifest) => Pods.ApplyAsync(manifest);

    /// <summary>A pod that does nothing by itself, on a node, in its namespace: ready once this returns.</summary>
    public async Task<RunningPod> AddPodAsync(ClusterNode node, string name, string account, string ns, params IEnumerable<KeyValuePair<string, string>> labels)
    {
        Pods.EnsureNamespace(ns, account);
        Pods.Create(new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "Pod",
            ["metadata"] = new JsonObject
            {
                ["name"] = name, ["namespace"] = ns,
                ["labels"] = new JsonObject(labels.DefaultIfEmpty(new("app", name)).Select(label => KeyValuePair.Create(label.Key, (JsonNode?)label.Value))),
            },
            ["spec"] = new JsonObject
            {
                ["nodeName"] = node.Name, ["serviceAccountName"] = account, ["terminationGracePeriodSeconds"] = 1,
                ["containers"] = new JsonArray(new JsonObject { ["name"] = "main", ["image"] = "playground/pause" }),
            },
        }.ToText());
        return await Pods.ReadyAsync(ns, name);
    }

    /// <summary>Labels namespaces and waits until all of their pods are captured, served and known as such to every node.</summary>
    public async Task EnrolAsync(params IReadOnlyList<string> namespaces)
    {
        foreach (var ns in namespaces) (await KubectlAsync("label", "namespace", ns, $"{Label}=ambient", "--overwrite")).OutputOrThrow();
        foreach (var ns in namespaces) await EnrolledAsync(ns);
    }

    /// <summary>Returns once every running pod of a namespace is in the mesh, and every node knows.</summary>
    public async Task EnrolledAsync(string ns)
    {
        await Until.TrueAsync(() => Outside(ns).Count == 0, () => $"the pods of {ns} are in the mesh. {Outside(ns).Select(name => Pods.Describe(ns, name)).FirstOrDefault()}\n{AgentLogs()}", PodCluster.Patience);
        foreach (var name in Running(ns)) await KnownAsync(ns, name, "HBONE");
    }

    /// <summary>Returns once every ztunnel knows how a pod is reached: HBONE, TCP, or null if it is to know nothing of it.</summary>
    public async Task KnownAsync(string ns, string name, string? protocol)
    {
        foreach (var node in Nodes)
            await Until.TrueAsync(async () => ProtocolOf(await ConfigDumpAsync(node), ns, name) == protocol,
                () => $"{node.Name} knows that {name} is reached by {protocol ?? "nothing"}. The control plane's log ends with:\n{ControlPlane.Process.LogTail(20)}\n{AgentLogs()}", PodCluster.Patience);
    }

    /// <summary>The running pods of a namespace that the node agents have not enrolled.</summary>
    public IReadOnlyList<string> Outside(string ns) => [.. Documents(ns).Where(pod => pod.Text("metadata", "annotations", Redirection) != "enabled").Select(pod => pod.Text("metadata", "name")!)];

    /// <summary>ztunnel's pod on a node; null while there is none.</summary>
    public RunningPod? Ztunnel(ClusterNode node) => SystemPod(node, "app", MeshManifests.Ztunnel);

    /// <summary>An HTTP request to one of ztunnel's own pages, made inside its pod.</summary>
    public async Task<CommandResult> GetAsync(ClusterNode node, int port, string path) => Ztunnel(node) is { } pod
        ? await pod.RunAsync("curl", "-sS", "--fail-with-body", "--max-time", "5", $"http://127.0.0.1:{port}/{path}")
        : new("curl", 1, "", "there is no ztunnel on this node");

    public async Task<string> MetricsAsync(ClusterNode node) => (await GetAsync(node, 15020, "metrics")).OutputOrThrow();

    /// <returns>Empty while ztunnel does not answer.</returns>
    public async Task<string> ConfigDumpAsync(ClusterNode node) => await GetAsync(node, 15000, "config_dump") is { Succeeded: true } dump ? dump.Output : "";

    /// <summary>What ztunnel on a node has logged since its pod was created.</summary>
    public string ZtunnelLog(ClusterNode node) => Log(node, "app", MeshManifests.Ztunnel, "istio-proxy");

    /// <summary>What the agent on a node has logged since its pod was created.</summary>
    public string AgentLog(ClusterNode node) => Log(node, "k8s-app", MeshManifests.Agent, "install-cni");

    /// <summary>Kills ztunnel with SIGKILL; the kubelet starts it again.</summary>
    public async Task KillZtunnelAsync(ClusterNode node)
    {
        if (ZtunnelProcess(node) is not { } process || !ZtunnelRuns(node)) throw new Lab.LabException($"ztunnel does not run on {node.Name}. Its log ends with:\n{Tail(ZtunnelLog(node))}");
        (await Command.RunAsync("kill", "-KILL", $"{process}")).OutputOrThrow();
        await Until.TrueAsync(() => ZtunnelProcess(node) != process || !Directory.Exists($"/proc/{process}"), () => $"ztunnel on {node.Name} has died");
    }

    public bool ZtunnelRuns(ClusterNode node) => ZtunnelProcess(node) is { } id && Directory.Exists($"/proc/{id}");

    /// <summary>Returns once ztunnel and the agent of a node are ready.</summary>
    public async Task ReadyAsync(ClusterNode node)
    {
        foreach (var (label, value) in new[] { ("app", MeshManifests.Ztunnel), ("k8s-app", MeshManifests.Agent) })
            await Until.TrueAsync(() => SystemPod(node, label, value) is { } pod && PodCluster.IsReady(Pods.Find("Pod", pod.Namespace, pod.Name)),
                () => $"{value} on {node.Name} is ready.\n{string.Join('\n', Pods.Pods(MeshManifests.SystemNamespace, label, value).Select(pod => Pods.Describe(MeshManifests.SystemNamespace, pod.Text("metadata", "name")!)))}\n{Tail(ZtunnelLog(node))}\n{Tail(AgentLog(node))}", PodCluster.Patience);
    }

    /// <summary>The ends of the agents' logs, for messages.</summary>
    public string AgentLogs() => string.Join('\n', Nodes.Select(node => $"The agent's log on {node.Name} ends with:\n{Tail(AgentLog(node))}"));

    /// <summary>The roots that the control plane publishes now.</summary>
    public string Roots() => Pods.Find("ConfigMap", MeshManifests.SystemNamespace, MeshManifests.RootsName)?.Copy().Text("data", "root-cert.pem") ?? "";

    public async ValueTask DisposeAsync()
    {
        await ControlPlane.DisposeAsync();
        await Pods.DisposeAsync();
    }

    private async Task InstallAsync(ClusterLabOptions options)
    {
        foreach (var (name, value) in options.ControlPlane) ControlPlane.Settings[name] = value;
        Pods.EnsureNamespace(MeshManifests.SystemNamespace, "istiod", "ztunnel", MeshManifests.AgentAccount);
        await Api.WriteKubeconfigAsync(Network.PathOf("istiod.kubeconfig"), MeshManifests.SystemNamespace, "istiod", Pods.ApiUrl);
        await Api.WriteKubeconfigAsync(Network.PathOf("cni.kubeconfig"), MeshManifests.SystemNamespace, MeshManifests.AgentAccount, Pods.ApiUrl);
        await ControlPlane.StartAsync();
        Pods.Create(MeshManifests.AgentDaemonSet(Network.Id.Directory, Network.PathOf("cni.kubeconfig"), options.AuditInterval, MeshManifests.AgentCapabilities.Where(name => name != options.WithoutOfAgent)));
        var controlPlane = $"{Pods.Families.Of(Network.UnderlayAddress)[0]}";
        Pods.Create(MeshManifests.WaypointDefaults(controlPlane));
        Pods.Create(MeshManifests.ZtunnelDaemonSet(Network.Id.Directory, controlPlane, options.Ztunnel, MeshManifests.ZtunnelCapabilities.Where(name => name != options.WithoutOfZtunnel)));
        foreach (var node in Nodes) await ReadyAsync(node);
    }

    /// <summary>The process of a node's agent; null while it does not run.</summary>
    public int? AgentProcess(ClusterNode node) => SystemPod(node, "k8s-app", MeshManifests.Agent) is { } pod ? node.Kubelet.ProcessOf(pod.Namespace, pod.Name, "install-cni") : null;

    private int? ZtunnelProcess(ClusterNode node) => Ztunnel(node) is { } pod ? node.Kubelet.ProcessOf(pod.Namespace, pod.Name, "istio-proxy") : null;

    private IEnumerable<JsonObject> Documents(string ns) => Api.Store.List(Api.Store.Kinds.Get("", "Pod"), ns).Items.Where(pod => !pod.IsEnding).Select(pod => pod.Copy())
        .Where(pod => pod.Text("status", "phase") is not ("Succeeded" or "Failed") && !pod.Flag("spec", "hostNetwork") && pod.Text("metadata", "labels", Label) != "none");

    private IEnumerable<string> Running(string ns) => Documents(ns).Select(pod => pod.Text("metadata", "name")!);

    private RunningPod? SystemPod(ClusterNode node, string label, string value) => Pods.Pods(MeshManifests.SystemNamespace, label, value)
        .Where(pod => pod.Text("spec", "nodeName") == node.Name && pod.At("metadata", "deletionTimestamp") is null)
        .Select(pod => node.Kubelet.Find(MeshManifests.SystemNamespace, pod.Text("metadata", "name")!)).FirstOrDefault(pod => pod is not null);

    private string Log(ClusterNode node, string label, string value, string container) => SystemPod(node, label, value) is { } pod
        && node.Kubelet.LogFileOf(pod.Namespace, pod.Name, container) is { } file && File.Exists(file) ? Daemon.ReadLog(file) : "";

    private static string Tail(string log) => string.Join('\n', log.TrimEnd().Split('\n').TakeLast(25));

    private static string? ProtocolOf(string configDump, string ns, string name)
    {
        if (configDump.Length == 0) return "unknown";
        using var dump = JsonDocument.Parse(configDump);
        foreach (var workload in dump.RootElement.GetProperty("workloads").EnumerateArray())
            if (workload.GetProperty("name").GetString() == name && workload.GetProperty("namespace").GetString() == ns)
                return workload.GetProperty("protocol").GetString();
        return null;
    }
}
