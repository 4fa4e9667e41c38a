using System.Text.Json;
using System.Text.Json.Nodes;
using Ambient.EndToEnd.Tests.Runtime.Cri;
using Ambient.Lab.Mesh;
using Ambient.Lab.Network;
using Ambient.Lab.Processes;
using Ambient.Playground.Api;

namespace Ambient.EndToEnd.Tests.Runtime;

/// <summary>A node with a real container runtime and the mesh's own programs; the test is its kubelet.</summary>
public sealed class RuntimeLab : IAsyncLifetime
{
    public const string MeshNamespace = "shop";

    private readonly List<(string Name, string Address)> _workloads = [];
    private NetworkLab _network = null!;
    private PlaygroundApi _api = null!;
    private Containerd _containerd = null!;

    public static bool IsAvailable => File.Exists("/usr/bin/containerd") && File.Exists("/usr/sbin/runc") && File.Exists("/usr/lib/cni/bridge") && File.Exists("/bin/busybox");

    internal ContainerRuntime Runtime => _containerd.Runtime;
    public LabNode Node => _network.Nodes[0];
    public Daemon Agent { get; private set; } = null!;
    public Daemon Ztunnel { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        if (!IsAvailable) return;
        _network = await NetworkLab.CreateAsync("n1");
        _api = await PlaygroundApi.StartAsync(new() { Controllers = false });
        _api.Store.Create(Document("v1", "Namespace", MeshNamespace, null, """{"labels":{"istio.io/dataplane-mode":"ambient"}}"""));
        _api.Store.Create(Document("v1", "Node", "n1", null, "{}"));
        await _api.WriteKubeconfigAsync(Node.PathOf("kubeconfig"));
        await WriteMeshAsync();

        await Containerd.PrepareNetworkAsync(Node);
        StartAgent();
        Ztunnel = Node.Start("ztunnel", ZtunnelSettings(), NodePrograms.Ztunnel);
        await Until.TrueAsync(async () => (await Node.RunAsync("curl", "-sSf", "http://127.0.0.1:15021/healthz/ready")).Succeeded,
            () => $"ztunnel is ready. Its log ends with:\n{Ztunnel.LogTail()}\nand the agent's with:\n{Agent.LogTail()}", TimeSpan.FromSeconds(60));
        var conflist = Path.Combine(Containerd.ConfigurationDirectory(Node), "10-bridge.conflist");
        await Until.TrueAsync(() => File.ReadAllText(conflist).Contains("ambient-cni", StringComparison.Ordinal),
            () => $"the agent chains its plugin. Its log ends with:\n{Agent.LogTail()}", TimeSpan.FromSeconds(30));
        _containerd = await Containerd.StartAsync(Node);
    }

    public async ValueTask DisposeAsync()
    {
        if (_containerd is not null) await _containerd.DisposeAsync();
        if (Agent is not null) await Agent.DisposeAsync();
        if (_network is not null) await _network.DisposeAsync();
        if (_api is not null) await _api.DisposeAsync();
    }

    /// <summary>A pod as the scheduler leaves it: on this node, and nothing of it runs.</summary>
    internal PodSandboxConfig Schedule(string name)
    {
        _api.Store.Create(Document("v1", "ServiceAccount", name, MeshNamespace, "{}"));
        var pod = Document("v1", "Pod", name, MeshNamespace, "{}");
        pod["spec"] = JsonNode.Parse($$"""{"nodeName":"n1","serviceAccountName":"{{name}}","containers":[{"name":"application","image":"{{Containerd.Image}}"}]}""");
        var uid = _api.Store.Create(pod).Uid;
        return new()
        {
            Metadata = new() { Name = name, Namespace = MeshNamespace, Uid = uid },
            Hostname = name, LogDirectory = Node.PathOf($"logs-{name}"), Linux = new() { CgroupParent = $"/{_network.Id.Value}" },
        };
    }

    /// <summary>What stands on the pod in the API.</summary>
    public string? Annotation(string pod, string name) => _api.Store.Find(_api.Store.Kinds.Get("", "Pod"), MeshNamespace, pod)!.Copy()["metadata"]!["annotations"]?[name]?.GetValue<string>();

    /// <summary>Path of a sandbox's network namespace.</summary>
    internal static string NetworkOf(PodSandboxStatusResponse status)
    {
        using var info = JsonDocument.Parse(status.Info["info"]);
        return info.RootElement.GetProperty("runtimeSpec").GetProperty("linux").GetProperty("namespaces").EnumerateArray()
            .Single(ns => ns.GetProperty("type").GetString() == "network").GetProperty("path").GetString()!;
    }

    /// <summary>A command in a pod's network namespace.</summary>
    public static async Task<string> InsideAsync(string network, string program, params IEnumerable<string> arguments) =>
        (await Command.RunAsync("nsenter", [$"--net={network}", program, .. arguments])).OutputOrThrow();

    /// <summary>Tells ztunnel that this pod is reached through the mesh, as a control plane does once a pod has its address.</summary>
    public Task PublishAsync(string pod, string address)
    {
        _workloads.Add((pod, address));
        return WriteMeshAsync();
    }

    public async Task<string> ConfigDumpAsync() => (await Node.RunAsync("curl", "-sSf", "http://127.0.0.1:15000/config_dump")).OutputOrThrow();

    public void StartAgent() => Agent = Daemon.Start("agent", null, Node.PathOf("agent.log"), new Dictionary<string, string>
    {
        ["KUBECONFIG"] = Node.PathOf("kubeconfig"),
        ["NODE_NAME"] = "n1",
        ["HOST_ROOT"] = "/",
        ["HOST_NETNS"] = $"{LabId.NamespaceDirectory}/{Node.Namespace}",
        ["CNI_AGENT_RUN_DIR"] = Node.PathOf("run"),
        ["AGENT_STATE_DIR"] = Node.PathOf("state"),
        ["ZTUNNEL_UDS_ADDRESS"] = Node.PathOf("ztunnel.sock"),
        ["MOUNTED_CNI_NET_DIR"] = Containerd.ConfigurationDirectory(Node),
        ["MOUNTED_CNI_BIN_DIR"] = Containerd.PluginDirectory(Node),
        ["MONITORING_ADDRESS"] = "off",
    }, NodePrograms.Agent);

    private Dictionary<string, string> ZtunnelSettings() => new(NodePrograms.LocalMesh(Node.PathOf("mesh.yaml"), Node.PathOf("authority")))
    {
        ["NODE_NAME"] = "n1",
        ["INPOD_UDS"] = Node.PathOf("ztunnel.sock"),
        ["RUST_LOG"] = "info",
    };

    private async Task WriteMeshAsync()
    {
        var workloads = string.Concat(_workloads.Select(pod => $$"""
              - {uid: "n1//Pod/{{MeshNamespace}}/{{pod.Name}}", name: {{pod.Name}}, namespace: {{MeshNamespace}}, serviceAccount: {{pod.Name}}, trustDomain: cluster.local,
                 workloadIps: ["{{pod.Address}}"], protocol: HBONE, node: n1, clusterId: Kubernetes, workloadName: {{pod.Name}}, canonicalName: {{pod.Name}}, canonicalRevision: v1, services: { } }

            """));
        var file = Node.PathOf("mesh.yaml");
        await File.WriteAllTextAsync(file + ".new", $"workloads:{(workloads.Length == 0 ? " []\n" : "\n" + workloads)}services: []\npolicies: []\n");
        File.Move(file + ".new", file, overwrite: true);
    }

    private static JsonObject Document(string version, string kind, string name, string? ns, string metadata)
    {
        var given = JsonNode.Parse(metadata)!.AsObject();
        given["name"] = name;
        if (ns is not null) given["namespace"] = ns;
        return new() { ["apiVersion"] = version, ["kind"] = kind, ["metadata"] = given };
    }
}
