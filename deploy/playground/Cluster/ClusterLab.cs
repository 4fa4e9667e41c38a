using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Sockets;
using Ambient.Playground.Api;
using Ambient.Playground.Api.Storage;
using Ambient.Lab.Network;
using Ambient.Lab.Mesh;
using Ambient.Lab.Processes;

namespace Ambient.Playground.Cluster;

/// <summary>
/// A lab that is a cluster: its machines and pods stand in a Kubernetes API that kubectl speaks to, the control plane runs against
/// that API, and the nodes' ztunnels get everything from the control plane. The lab plays the kubelet.
/// </summary>
public sealed class ClusterLab : IAsyncDisposable
{
    private const string SystemNamespace = "istio-system";
    private const string RootsName = "istio-ca-root-cert";
    private const int ApiPort = 6443;

    private readonly List<MeshNode> _nodes = [];
    private readonly string _kubeconfig;

    private ClusterLab(NetworkLab network, PlaygroundApi api)
    {
        (Network, Api, _kubeconfig) = (network, api, network.PathOf("kubeconfig"));
        ControlPlane = new(network, network.PathOf("istiod.kubeconfig"));
    }

    public NetworkLab Network { get; }
    public PlaygroundApi Api { get; }
    public ControlPlaneProcess ControlPlane { get; }
    public IReadOnlyList<MeshNode> Nodes => _nodes;

    /// <summary>What to set KUBECONFIG to.</summary>
    public string Kubeconfig => _kubeconfig;

    public static async Task<ClusterLab> StartAsync(IEnumerable<string> nodes, params IEnumerable<KeyValuePair<string, string>> controlPlaneSettings)
    {
        var network = await NetworkLab.CreateAsync(nodes);
        ClusterLab? cluster = null;
        try
        {
            var address = $"{network.UnderlayAddress.V4}";
            var api = await PlaygroundApi.StartAsync(new() { TlsPort = null, TlsHandle = ListenOnWire(network), ServerNames = [address] });
            cluster = new(network, api);
            foreach (var (name, value) in controlPlaneSettings) cluster.ControlPlane.Settings[name] = value;
            await cluster.PopulateAsync();
            await api.WriteKubeconfigAsync(cluster._kubeconfig);
            await api.WriteKubeconfigAsync(network.PathOf("istiod.kubeconfig"), SystemNamespace, "istiod", $"https://{address}:{ApiPort}");
            await cluster.ControlPlane.StartAsync();
            await cluster.StartNodesAsync();
            return cluster;
        }
        catch
        {
            await (cluster?.DisposeAsync() ?? network.DisposeAsync());
            throw;
        }
    }

    /// <summary>Runs the real kubectl as the cluster's administrator.</summary>
    public Task<CommandResult> KubectlAsync(params IEnumerable<string> arguments) => KubectlAsync(input: null, arguments);

    /// <summary>kubectl apply of this text.</summary>
    public Task<CommandResult> ApplyAsync(string manifest) => KubectlAsync(manifest, "apply", "-f", "-");

    /// <summary>A pod that runs and is ready, as a kubelet would have made it; not in the mesh yet.</summary>
    public async Task<LabPod> AddPodAsync(MeshNode node, string name, string account, string ns, params IEnumerable<KeyValuePair<string, string>> labels)
    {
        Ensure(ClusterDocuments.Namespace(ns));
        Ensure(ClusterDocuments.ServiceAccount(ns, account));
        var pod = await node.Lab.AddPodAsync(name, account, ns);
        AddRunning(ns, name, account, node.Lab, pod.Address, new(labels.DefaultIfEmpty(new("app", name))));
        return pod;
    }

    /// <summary>Captured and served by the node's ztunnel, and known as such to all nodes once this returns.</summary>
    public async Task EnrolAsync(params IReadOnlyList<LabPod> pods)
    {
        foreach (var pod in pods)
        {
            await NodeOf(pod).EnrolAsync(pod);
            Change("Pod", pod.MeshNamespace, pod.Name, document => Annotate(document, "ambient.istio.io/redirection", "enabled"));
        }
        foreach (var pod in pods) await KnownAsync(pod, "HBONE");
    }

    /// <summary>Returns once every running ztunnel knows how this pod is reached.</summary>
    public async Task KnownAsync(LabPod pod, string protocol)
    {
        foreach (var node in _nodes.Where(node => node.Ztunnel.IsRunning))
            await Until.TrueAsync(async () => ProtocolOf(await node.ConfigDumpAsync(), pod) == protocol,
                () => $"{node.Name} knows that {pod.Name} is reached by {protocol}. The control plane's log ends with:\n{ControlPlane.Process.LogTail(20)}");
    }

    /// <summary>The roots that the control plane publishes now, also written where the nodes' ztunnels read them, as kubelets do with a mounted ConfigMap.</summary>
    public async Task<string> RootsAsync()
    {
        var roots = Find("ConfigMap", SystemNamespace, RootsName)?.Copy()["data"]?["root-cert.pem"]?.GetValue<string>() ?? "";
        if (roots.Length == 0 || (File.Exists(RootsFile) && await File.ReadAllTextAsync(RootsFile) == roots)) return roots;
        await File.WriteAllTextAsync(RootsFile + ".new", roots);
        File.Move(RootsFile + ".new", RootsFile, overwrite: true);
        return roots;
    }

    public MeshNode NodeOf(LabPod pod) => _nodes.Single(node => node.Lab == pod.Node);

    public async ValueTask DisposeAsync()
    {
        await ControlPlane.DisposeAsync();
        await Network.DisposeAsync();
        await Api.DisposeAsync();
    }

    private async Task<CommandResult> KubectlAsync(string? input, params IEnumerable<string> arguments) =>
        await Command.RunAsync(new("kubectl", ["--kubeconfig", _kubeconfig, .. arguments]), input, Command.DefaultLimit);

    private static int ListenOnWire(NetworkLab network)
    {
        using var ns = NetworkNamespace.Open(Path.Combine(LabId.NamespaceDirectory, network.Underlay));
        return ns.Run(() => ListeningSocket.Open(new(IPAddress.Any, ApiPort), new())).Release();
    }

    private async Task PopulateAsync()
    {
        foreach (var node in Network.Nodes) Ensure(ClusterDocuments.Node(node));
        Ensure(ClusterDocuments.Namespace(SystemNamespace));
        foreach (var account in (ReadOnlySpan<string>)["istiod", "ztunnel"]) Ensure(ClusterDocuments.ServiceAccount(SystemNamespace, account));
        foreach (var node in Network.Nodes)
        {
            AddRunning(SystemNamespace, ZtunnelPod(node), "ztunnel", node, node.Address, new() { ["app"] = "ztunnel" });
            await NamespaceFiles.WriteHostsAsync(node.Namespace, Network.UnderlayAddress, ControlPlaneProcess.Host);
        }
    }

    private async Task StartNodesAsync()
    {
        await Until.TrueAsync(async () => (await RootsAsync()).Length > 0,
            () => $"the control plane publishes its roots. Its log ends with:\n{ControlPlane.Process.LogTail()}", TimeSpan.FromSeconds(30));
        foreach (var node in Network.Nodes) _nodes.Add(new(node, await EnvironmentAsync(node)));
        await Task.WhenAll(_nodes.Select(node => node.StartAsync()));
    }

    private async Task<Dictionary<string, string>> EnvironmentAsync(LabNode node)
    {
        var token = node.PathOf("token");
        await File.WriteAllTextAsync(token, Api.Tokens.Issue(SystemNamespace, "ztunnel", ["istio-ca"], TimeSpan.FromHours(12), ZtunnelPod(node)).Token);
        return new()
        {
            ["XDS_ADDRESS"] = $"https://{ControlPlaneProcess.Host}:15012",
            ["CA_ADDRESS"] = $"https://{ControlPlaneProcess.Host}:15012",
            ["XDS_ROOT_CA"] = RootsFile,
            ["CA_ROOT_CA"] = RootsFile,
            ["AUTH_TOKEN"] = token,
            ["POD_NAME"] = ZtunnelPod(node),
        };
    }

    private string RootsFile => Network.PathOf("root-cert.pem");

    private static string ZtunnelPod(LabNode node) => $"ztunnel-{node.Name}";

    // ---- the API, as kubelets and administrators use it

    private void AddRunning(string ns, string name, string account, LabNode node, LabAddress address, Dictionary<string, string> labels)
    {
        Ensure(ClusterDocuments.Pod(ns, name, account, node.Name, labels));
        Change("Pod", ns, name, document =>
        {
            document["status"] = ClusterDocuments.Running(address);
            return document;
        }, "status");
    }

    private void Ensure(JsonObject document)
    {
        var metadata = document["metadata"]!;
        if (Find(document["kind"]!.GetValue<string>(), metadata["namespace"]?.GetValue<string>() ?? "", metadata["name"]!.GetValue<string>()) is null)
            Api.Store.Create(document);
    }

    private StoredObject? Find(string kind, string ns, string name) => Api.Store.Find(Api.Store.Kinds.FindDocument("v1", kind)!.Value.Kind, ns, name);

    private void Change(string kind, string ns, string name, Func<JsonObject, JsonObject> change, string subresource = "") =>
        Api.Store.Update(Api.Store.Kinds.FindDocument("v1", kind)!.Value.Kind, ns, name, change, new() { Subresource = subresource });

    private static JsonObject Annotate(JsonObject document, string name, string value)
    {
        var annotations = document["metadata"]!["annotations"]?.AsObject();
        if (annotations is null) document["metadata"]!["annotations"] = annotations = [];
        annotations[name] = value;
        return document;
    }

    private static string? ProtocolOf(string configDump, LabPod pod)
    {
        using var dump = JsonDocument.Parse(configDump);
        foreach (var workload in dump.RootElement.GetProperty("workloads").EnumerateArray())
            if (workload.GetProperty("name").GetString() == pod.Name && workload.GetProperty("namespace").GetString() == pod.MeshNamespace)
                return workload.GetProperty("protocol").GetString();
        return null;
    }
}
