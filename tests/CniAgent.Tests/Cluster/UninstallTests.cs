using System.Text.Json.Nodes;
using Ambient.Playground.Api;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.CniAgent.Tests.Cluster;

/// <summary>What an agent leaves on the node when it stops: without an agent the plugin lets no pod start.</summary>
public sealed class UninstallTests : IAsyncLifetime
{
    private const string Namespace = "mesh", Account = "agent", DaemonSet = "istio-cni-node", RoleGroup = "rbac.authorization.k8s.io";

    private readonly string _directory = Directory.CreateTempSubdirectory("uni").FullName;
    private PlaygroundApi _cluster = null!;

    private string Configuration => Path.Combine(_directory, "10-net.conflist");

    public async ValueTask InitializeAsync()
    {
        _cluster = await PlaygroundApi.StartAsync(new() { Controllers = false, EnforcesRoles = true });
        Create($$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{Namespace}}"} }""");
        Create($$"""{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"{{Account}}","namespace":"{{Namespace}}"} }""");
        Create("""
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"agent"},
             "rules":[{"apiGroups":[""],"resources":["pods","namespaces"],"verbs":["get","list","watch"]},{"apiGroups":["apps"],"resources":["daemonsets"],"verbs":["get"]}]}
            """);
        Create($$"""
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"agent"},
             "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"agent"},"subjects":[{"kind":"ServiceAccount","name":"{{Account}}","namespace":"{{Namespace}}"}]}
            """);
        Create($$"""
            {"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"{{DaemonSet}}","namespace":"{{Namespace}}"},
             "spec":{"selector":{"matchLabels":{"app":"a"} },"template":{"metadata":{"labels":{"app":"a"} },"spec":{"containers":[{"name":"a","image":"a"}] } } } }
            """);
        await File.WriteAllTextAsync(Configuration, """{"cniVersion":"1.0.0","name":"net","plugins":[{"type":"bridge"},{"type":"ambient-cni"}]}""", TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task While_its_DaemonSet_is_there_the_plugin_stays()
    {
        await RunUntilAsync(static () => Task.CompletedTask);

        Assert.True(await IsChainedAsync());
    }

    [Fact]
    public async Task While_the_API_is_away_the_plugin_stays()
    {
        await RunUntilAsync(() => _cluster.DisposeAsync().AsTask());

        Assert.True(await IsChainedAsync());
    }

    [Fact]
    public async Task Without_its_DaemonSet_the_plugin_goes()
    {
        await RunUntilAsync(RemoveDaemonSet);

        Assert.False(await IsChainedAsync());
    }

    // Helm and kubectl remove a DaemonSet first; by the time that its pods are told to stop they have removed the rest as well.
    [Fact]
    public async Task The_plugin_goes_also_when_the_agents_rights_went_with_its_DaemonSet()
    {
        await RunUntilAsync(() =>
        {
            RemoveDaemonSet();
            Remove(RoleGroup, "ClusterRoleBinding", "", "agent");
            return Task.CompletedTask;
        });

        Assert.False(await IsChainedAsync());
    }

    [Fact]
    public async Task The_plugin_goes_also_when_the_agents_account_went_with_its_DaemonSet()
    {
        await RunUntilAsync(() =>
        {
            RemoveDaemonSet();
            Remove("", "ServiceAccount", Namespace, Account);
            return Task.CompletedTask;
        });

        Assert.False(await IsChainedAsync());
    }

    private async Task RunUntilAsync(Func<Task> change)
    {
        var kubeconfig = Path.Combine(_directory, "kubeconfig");
        await _cluster.WriteKubeconfigAsync(kubeconfig, Namespace, Account);
        var options = AgentOptions.Read(new Dictionary<string, string>
        {
            ["NODE_NAME"] = NodeScene.Node, ["KUBECONFIG"] = kubeconfig, ["POD_NAMESPACE"] = Namespace, ["CNI_DAEMONSET"] = DaemonSet,
            ["ZTUNNEL_UDS_ADDRESS"] = Path.Combine(_directory, "ztunnel.sock"), ["CNI_AGENT_RUN_DIR"] = _directory, ["AGENT_STATE_DIR"] = _directory,
            ["HOST_ROOT"] = "/", ["HOST_NETNS"] = "/proc/self/ns/net", ["MONITORING_ADDRESS"] = "off",
            ["MOUNTED_CNI_NET_DIR"] = _directory, ["MOUNTED_CNI_BIN_DIR"] = Path.Combine(_directory, "bin"),
        });
        using var stop = new CancellationTokenSource();
        var agent = new NodeAgent(options, TimeProvider.System, NullLoggerFactory.Instance).RunAsync(stop.Token);
        await NodeScene.UntilListeningAsync(Path.Combine(_directory, "pluginevent.sock"));
        await change();
        await stop.CancelAsync();
        await agent.WaitAsync(PodLab.Patience);
    }

    private Task RemoveDaemonSet()
    {
        Remove("apps", "DaemonSet", Namespace, DaemonSet);
        return Task.CompletedTask;
    }

    private async Task<bool> IsChainedAsync() => (await File.ReadAllTextAsync(Configuration, TestContext.Current.CancellationToken)).Contains("ambient-cni", StringComparison.Ordinal);

    private void Create(string json) => _cluster.Store.Create((JsonObject)JsonNode.Parse(json)!);

    private void Remove(string group, string kind, string ns, string name) => _cluster.Store.Delete(_cluster.Store.Kinds.Get(group, kind), ns, name);
}
