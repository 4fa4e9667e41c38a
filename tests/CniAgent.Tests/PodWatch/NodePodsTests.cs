using System.Text;
using System.Text.Json.Nodes;
using Ambient.CniAgent.Enrollment;
using Ambient.CniAgent.Journal;
using Ambient.CniAgent.PluginCalls;
using Ambient.CniAgent.PodNamespaces;
using Ambient.CniAgent.PodWatch;
using Ambient.CniAgent.Redirection;
using Ambient.CniAgent.Zds;
using Ambient.Hosting.Metrics;
using Ambient.Hosting.Options;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Configuration;
using Ambient.Kubernetes.Resources;
using Ambient.Playground.Api;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.CniAgent.Tests.PodWatch;

/// <summary>What an agent that has just started takes from its three sources, whichever speaks first.</summary>
public sealed class NodePodsTests : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("pods").FullName;
    private readonly PodRegistry _registry = new();
    private readonly ZdsServer _proxies;
    private readonly NodeEnrollment _enrollment;
    private readonly ApiClient _api = new(new ApiConfiguration { Server = new("http://127.0.0.1:1") }, TimeProvider.System);
    private readonly PodJournal _journal;
    private readonly JournalWriter _writer;
    private readonly PodReports _reports;

    public NodePodsTests()
    {
        _proxies = new(Path.Combine(_directory, "z.sock"), _registry, new(), TimeProvider.System, NullLogger<ZdsServer>.Instance);
        var enroller = new Enroller(PodNamespaceOpener.ForThisNode("/", "/proc/self/ns/net", TimeProvider.System), new RuleInstaller(PodLab.Node, keepsConnections: true), _registry, _proxies, TimeProvider.System);
        _enrollment = new(new(enroller, new EnrollmentMetrics(new MetricRegistry()), TimeSpan.FromSeconds(30), TimeProvider.System, NullLogger<PodEnrollment>.Instance));
        _reports = new(_api, "node-1", TimeProvider.System, NullLogger<PodReports>.Instance);
        _journal = new(_directory, NullLogger<PodJournal>.Instance);
        _writer = new(_journal, NullLogger<JournalWriter>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _writer.WrittenAsync();
        await _enrollment.DisposeAsync();
        _proxies.Dispose();
        _registry.Dispose();
        _api.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    // The agent lists the node's pods; a pod is made; the plugin asks about it, and the API is asked for it alone; then the list is through.
    [Fact]
    public async Task A_pod_that_is_younger_than_the_first_list_is_kept_and_one_from_before_that_is_not_in_it_is_forgotten()
    {
        using (var earlier = await OpenAsync())
            await earlier.StartSandboxAsync(PodOf("gone"), null, Sandbox("gone"));
        using var pods = await OpenAsync();

        await pods.StartSandboxAsync(PodOf("young"), null, Sandbox("young"));
        await pods.KeepOnlyAsync(new HashSet<string>());

        Assert.Null(await pods.IsInMeshAsync("gone"));
        Assert.False(await pods.IsInMeshAsync("young"));
        await _writer.WrittenAsync();
        Assert.Equal(["young"], _journal.ReadAll().Select(static entry => entry.Pod.Uid));
    }

    // The plugin asks about a pod, which is looked up; the pod goes, of which the watch tells; then the plugin's question has its turn.
    [Fact]
    public async Task A_pod_that_went_before_its_sandbox_was_taken_up_is_forgotten_with_the_sandbox_and_one_that_is_there_is_not()
    {
        await using var cluster = await PlaygroundApi.StartAsync(new() { Controllers = false });
        cluster.Store.Create((JsonObject)JsonNode.Parse("""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"} }""")!);
        cluster.Store.Create((JsonObject)JsonNode.Parse("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"there","namespace":"shop"},"spec":{"nodeName":"node-1","containers":[{"name":"app","image":"none"}]} }""")!);
        using var api = new ApiClient(new ApiConfiguration { Server = new(cluster.Url) }, TimeProvider.System);
        var there = await api.GetAsync(ResourceTypes.Pod, new("shop", "there"), TestContext.Current.CancellationToken);
        using var pods = await OpenAsync();
        var watcher = new PodWatcher(api, "node-1", pods, Selection, TimeProvider.System, NullLoggerFactory.Instance);
        var calls = new SandboxCalls(watcher, pods, _enrollment, _reports, "/", TimeProvider.System);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var watching = watcher.RunAsync(stop.Token);
        await watcher.Synced.WaitAsync(PodLab.Patience);
        foreach (var pod in new[] { there, PodOf("gone") })
        {
            var uid = pod.Metadata.Uid!;
            await pods.StartSandboxAsync(pod, null, Sandbox(uid));
            var body = $$"""{"PodName":"{{pod.Metadata.Name}}","PodNamespace":"shop","PodUid":"{{uid}}","ContainerId":"c-{{uid}}"}""";
            Assert.Equal(PluginAnswer.Done, await calls.AnswerAsync(new("POST", "/cmddel", Encoding.UTF8.GetBytes(body)), stop.Token));
        }

        Assert.Null(await pods.IsInMeshAsync("gone"));
        await _writer.WrittenAsync();
        Assert.Equal([there.Metadata.Uid], _journal.ReadAll().Select(static entry => entry.Pod.Uid));
        await stop.CancelAsync();
        await watching;
    }

    [Fact]
    public async Task Nothing_is_kept_of_pods_that_have_gone()
    {
        using var lab = new PodLab();
        await _enrollment.WantAsync(lab.Spec("gone"), _reports);

        await await _enrollment.ForgetAsync("gone");

        Assert.Equal(0, _enrollment.Leaving);
    }

    private PodSelection Selection => new(ClusterOptions.Read(new SettingsReader(new Dictionary<string, string>
    {
        ["NODE_NAME"] = "node-1", ["KUBECONFIG"] = "/none", ["CNI_AGENT_RUN_DIR"] = _directory, ["AGENT_STATE_DIR"] = _directory,
    })));

    private async Task<NodePods> OpenAsync()
    {
        var pods = new NodePods(Selection, _journal, _writer, _enrollment, _reports, captureDnsByDefault: true);
        await pods.RestoreAsync();
        return pods;
    }

    private static Pod PodOf(string uid) => new() { Metadata = new() { Name = uid, Namespace = "shop", Uid = uid } };

    private static NamedSandbox Sandbox(string uid) => new(uid, $"c-{uid}", "/run/netns/none", ["10.0.0.1"]);
}
