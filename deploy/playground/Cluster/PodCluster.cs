using System.Net;
using System.Text.Json.Nodes;
using Ambient.Lab.Network;
using Ambient.Lab.Processes;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Sockets;
using Ambient.Playground.Api;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Storage;
using Ambient.Playground.Kubelet;

namespace Ambient.Playground.Cluster;

/// <summary>
/// A cluster on this machine, without a mesh: the machines of a lab, an API that kubectl speaks to, and a kubelet on each node that
/// runs the pods that are created there.
/// </summary>
public sealed class PodCluster : IAsyncDisposable
{
    public const int ApiPort = 6443;

    /// <summary>How long pods may take on a loaded machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly List<ClusterNode> _nodes = [];

    private PodCluster(NetworkLab network, PodFamilies families) => (Network, Families, Kubeconfig) = (network, families, network.PathOf("kubeconfig"));

    public NetworkLab Network { get; }
    public PodFamilies Families { get; }
    public PlaygroundApi Api { get; private set; } = null!;
    public IReadOnlyList<ClusterNode> Nodes => _nodes;

    /// <summary>What to set KUBECONFIG to.</summary>
    public string Kubeconfig { get; }

    /// <summary>How long writes take to reach the watches of a caller, by name; null for no time. May be changed at any time.</summary>
    public Func<string, TimeSpan>? WatchDelay { get; set; }

    /// <summary>Where the API is reached from the nodes.</summary>
    public string ApiUrl => $"https://{new IPEndPoint(Families.Of(Network.UnderlayAddress)[0], ApiPort)}";

    public static async Task<PodCluster> StartAsync(IEnumerable<string> nodes, PodFamilies families = PodFamilies.Dual)
    {
        var cluster = new PodCluster(await NetworkLab.CreateAsync(nodes), families);
        try
        {
            await cluster.StartAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs the real kubectl as the cluster's administrator.</summary>
    public Task<CommandResult> KubectlAsync(params IEnumerable<string> arguments) => KubectlAsync(input: null, arguments);

    /// <summary>kubectl apply of this text.</summary>
    public Task<CommandResult> ApplyAsync(string manifest) => KubectlAsync(manifest, "apply", "-f", "-");

    /// <summary>Creates objects without kubectl: much faster for many.</summary>
    public void Create(string manifest)
    {
        foreach (var document in Yaml.ParseAll(manifest)) Api.Store.Create((JsonObject)document);
    }

    /// <summary>A namespace of this name, with accounts; what is there already stays.</summary>
    public void EnsureNamespace(string name, params IEnumerable<string> accounts)
    {
        if (Find("Namespace", "", name) is null) Create($"{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}}}}}");
        foreach (var account in accounts)
            if (Find("ServiceAccount", name, account) is null) Create($"{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: {account}, namespace: {name}}}}}");
    }

    public StoredObject? Find(string kind, string ns, string name) => Api.Store.Find(Api.Store.Kinds.FindDocument("v1", kind)!.Value.Kind, ns, name);

    /// <summary>The pods of a namespace that have these labels, as documents.</summary>
    public IReadOnlyList<JsonObject> Pods(string ns, string label, string value) =>
        [.. Api.Store.List(Api.Store.Kinds.Get("", "Pod"), ns).Items.Where(pod => pod.Labels.GetValueOrDefault(label) == value).Select(pod => pod.Copy())];

    /// <summary>Where a pod runs; null while it has no sandbox.</summary>
    public RunningPod? Running(string ns, string name) => _nodes.Select(node => node.Kubelet?.Find(ns, name)).FirstOrDefault(pod => pod is not null);

    /// <summary>Returns a pod once its containers are ready.</summary>
    public async Task<RunningPod> ReadyAsync(string ns, string name)
    {
        await Until.TrueAsync(async () => IsReady(Find("Pod", ns, name)) && Running(ns, name) is not null, () => $"pod {ns}/{name} is ready. {Describe(ns, name)}", Patience);
        return Running(ns, name)!;
    }

    /// <summary>Whether a pod is ready and not ending.</summary>
    public static bool IsReady(StoredObject? pod) => pod is { IsEnding: false } && Controllers.PodTemplate.IsReady(pod.Copy());

    /// <summary>A pod's status and its events, for messages.</summary>
    public string Describe(string ns, string name)
    {
        var events = Api.Store.List(Api.Store.Kinds.Get("", "Event"), ns).Items.Select(one => one.Copy()).Where(one => one.Text("involvedObject", "name") == name);
        return $"Its status is {Find("Pod", ns, name)?.Copy()["status"]?.ToText() ?? "gone"}; its events:\n"
            + string.Join('\n', events.TakeLast(10).Select(one => $"  {one.Text("reason")}: {one.Text("message")}"));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes) await node.DisposeAsync();
        await Network.DisposeAsync();
        if (Api is not null) await Api.DisposeAsync();
    }

    private async Task<CommandResult> KubectlAsync(string? input, params IEnumerable<string> arguments) =>
        await Command.RunAsync(new("kubectl", ["--kubeconfig", Kubeconfig, .. arguments]), input, Command.DefaultLimit);

    private async Task StartAsync()
    {
        Api = await PlaygroundApi.StartAsync(new()
        {
            TlsPort = null, TlsHandle = ListenOnWire(), ServerNames = [$"{Network.UnderlayAddress.V4}", $"{Network.UnderlayAddress.V6}"],
            Logs = new PodOutput(() => _nodes), WatchDelay = caller => WatchDelay?.Invoke(caller) ?? TimeSpan.Zero,
        });
        await Api.WriteKubeconfigAsync(Kubeconfig);
        foreach (var machine in Network.Nodes)
        {
            Api.Store.Create(ClusterDocuments.Node(machine, Families.Of(machine.Address)));
            _nodes.Add(new(Api, machine, Families));
        }
        await Task.WhenAll(_nodes.Select(node => node.StartAsync()));
    }

    private int ListenOnWire()
    {
        using var ns = NetworkNamespace.Open(Path.Combine(LabId.NamespaceDirectory, Network.Underlay));
        return ns.Run(() => ListeningSocket.Open(new(IPAddress.IPv6Any, ApiPort), new())).Release();
    }
}
