using Ambient.CniAgent.Journal;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.CniAgent.Tests.Cluster;

/// <summary>What a new agent knows of the old one's pods, with and without the API.</summary>
public sealed class RestartTests : IAsyncLifetime
{
    private NodeScene _scene = null!;
    private PodLab _lab = null!;

    public async ValueTask InitializeAsync() => (_scene, _lab) = (await NodeScene.StartAsync(), new PodLab());

    public async ValueTask DisposeAsync()
    {
        await _scene.DisposeAsync();
        _lab.Dispose();
    }

    [Fact]
    public async Task Without_the_API_the_pods_from_before_are_told_to_the_proxy_and_looked_after()
    {
        var pod = await EnrolAsync();
        await _scene.StopAgentAsync();
        await _scene.StopApiAsync();

        _scene.StartAgent();
        var proxy = await _scene.ConnectProxyAsync();

        await NodeScene.UntilAsync(() => proxy.Log.Contains("snapshot") && proxy.Served.Contains(pod));
        Assert.DoesNotContain($"del {pod}", proxy.Log);
        _lab.InPod("nft", "flush ruleset");
        await NodeScene.UntilAsync(() => _lab.InPod("nft", "list ruleset").Contains("redirect to :15001", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pods_stay_captured_and_their_proxy_goes_on_while_no_agent_runs()
    {
        await _scene.LabelAsync(NodeScene.Shop, "ambient");
        _scene.StartAgent();
        var proxy = await _scene.ConnectProxyAsync();
        var pod = await _scene.CreatePodAsync("web-0");
        Assert.Equal((200, ""), await _scene.AddAsync(pod, _lab));
        await NodeScene.UntilAsync(async () => await _scene.RedirectionOfAsync("web-0") == "enabled");

        await _scene.StopAgentAsync();

        await PodLab.AssertRefusedAsync(_lab.Pod, PodLab.PeerAddress(false), 8080); // nobody listens for the proxy yet
        using var listener = PodLab.Listen(_lab.Pod, 15001, marked: true);
        using var application = await PodLab.ConnectAsync(_lab.Pod, PodLab.PeerAddress(false), 8080);
        using var captured = await PodLab.AcceptAsync(listener);
        Assert.Equal(new(PodLab.PeerAddress(false), 8080), PodLab.OriginalTarget(captured));
        Assert.DoesNotContain($"del {pod.Metadata.Uid}", proxy.Log);
        Assert.Equal("enabled", await _scene.RedirectionOfAsync("web-0"));
    }

    [Fact]
    public async Task A_snapshot_names_every_pod_from_before()
    {
        var pod = await EnrolAsync();
        for (var i = 0; i < 5; i++)
        {
            await _scene.StopAgentAsync();
            File.Delete(_scene.ZdsPath);
            _scene.StartAgent();
            using var proxy = await _scene.ConnectProxyAsync();
            await NodeScene.UntilAsync(() => proxy.Log.Contains("snapshot"));

            var told = proxy.Log.TakeWhile(static request => request != "snapshot").ToList();
            Assert.Contains(told, request => request == $"add {pod}" || request == $"keep {pod}");
        }
    }

    [Fact]
    public async Task After_a_reboot_a_known_pod_starts_captured_without_the_API_and_an_unknown_one_does_not_start()
    {
        var uid = await EnrolAsync();
        var pod = await _scene.Api.GetAsync(Kubernetes.Resources.ResourceTypes.Pod, new(NodeScene.Shop, "web-0"), _scene.End);
        await _scene.StopAgentAsync();
        var stranger = await _scene.CreatePodAsync("stranger"); // an agent that ran would have heard of it
        await _scene.StopApiAsync();
        using var rebooted = new PodLab();
        _lab.Dispose(); // the namespaces of before are gone
        _lab = new PodLab();

        _scene.StartAgent();
        var proxy = await _scene.ConnectProxyAsync();
        Assert.Equal((200, ""), await _scene.AddAsync(pod, rebooted, "c-2"));

        Assert.Contains(uid, proxy.Served);
        await PodLab.AssertRefusedAsync(rebooted.Pod, PodLab.PeerAddress(false), 8080);
        var (status, text) = await _scene.AddAsync(stranger, _lab, "c-3");
        Assert.Equal(503, status);
        Assert.Contains("Kubernetes API cannot be reached", text);
    }

    [Fact]
    public async Task A_pod_known_to_be_outside_starts_without_the_API()
    {
        _scene.StartAgent();
        await _scene.ConnectProxyAsync();
        var pod = await _scene.CreatePodAsync("web-0");
        await _scene.AddAsync(pod, _lab);
        await _scene.StopAgentAsync();
        await _scene.StopApiAsync();

        _scene.StartAgent();

        Assert.Equal((200, ""), await _scene.AddAsync(pod, _lab, "c-2"));
        Assert.Empty(_lab.InPod("nft", "list tables"));
    }

    [Fact]
    public async Task What_changed_while_no_agent_ran_is_made_up_for()
    {
        var uid = await EnrolAsync();
        await _scene.StopAgentAsync();
        await _scene.LabelAsync(NodeScene.Shop, null);

        _scene.StartAgent();
        var proxy = await _scene.ConnectProxyAsync();

        await NodeScene.UntilAsync(() => proxy.Log.Contains($"del {uid}"));
        await NodeScene.UntilAsync(async () => await _scene.RedirectionOfAsync("web-0") is null);
        await NodeScene.UntilAsync(() => _lab.InPod("nft", "list tables").Length == 0); // they go last, behind the proxy
    }

    // The agent was killed after it had written down that the pod is outside, and before it had taken it out.
    [Fact]
    public async Task A_pod_that_was_about_to_leave_when_its_agent_died_leaves_with_the_next()
    {
        var uid = await EnrolAsync();
        await _scene.StopAgentAsync();
        var journal = new PodJournal(_scene.State, NullLogger<PodJournal>.Instance);
        journal.Write(journal.ReadAll().Single(entry => entry.Pod.Uid == uid) with { InMesh = false });
        await _scene.LabelAsync(NodeScene.Shop, null);

        _scene.StartAgent();
        await _scene.ConnectProxyAsync();

        await NodeScene.UntilAsync(async () => await _scene.RedirectionOfAsync("web-0") is null);
        await NodeScene.UntilAsync(() => _lab.InPod("nft", "list tables").Length == 0);
    }

    [Fact]
    public async Task A_pod_that_went_while_no_agent_ran_is_let_go()
    {
        var uid = await EnrolAsync();
        await _scene.StopAgentAsync();
        await _scene.RemovePodAsync("web-0");

        _scene.StartAgent();
        var proxy = await _scene.ConnectProxyAsync();

        await NodeScene.UntilAsync(() => proxy.Log.Contains($"del {uid}") || !proxy.Log.Contains($"add {uid}") && proxy.Log.Contains("snapshot"));
        await NodeScene.UntilAsync(() => Journalled() == 0); // it is written behind what is said to proxies
    }

    private int Journalled() => Directory.GetFiles(Path.Combine(_scene.State, "pods"), "*.json").Length;

    /// <returns>The pod's uid.</returns>
    private async Task<string> EnrolAsync()
    {
        await _scene.LabelAsync(NodeScene.Shop, "ambient");
        _scene.StartAgent();
        using var proxy = await _scene.ConnectProxyAsync();
        var pod = await _scene.CreatePodAsync("web-0");
        Assert.Equal((200, ""), await _scene.AddAsync(pod, _lab));
        await NodeScene.UntilAsync(async () => await _scene.RedirectionOfAsync("web-0") == "enabled");
        return pod.Metadata.Uid!;
    }
}
