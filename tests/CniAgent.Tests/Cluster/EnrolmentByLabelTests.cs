namespace Ambient.CniAgent.Tests.Cluster;

/// <summary>Labels in the cluster become rules in the pods, and back.</summary>
public sealed class EnrolmentByLabelTests : IAsyncLifetime
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
    public async Task A_pod_that_starts_in_the_mesh_is_captured_and_served_before_its_ADD_ends()
    {
        await _scene.LabelAsync(NodeScene.Shop, "ambient");
        _scene.StartAgent();
        var proxy = await _scene.ConnectProxyAsync();
        var pod = await _scene.CreatePodAsync("web-0");

        Assert.Equal((200, ""), await _scene.AddAsync(pod, _lab));

        Assert.Contains(pod.Metadata.Uid!, proxy.Served);
        await PodLab.AssertRefusedAsync(_lab.Pod, PodLab.PeerAddress(false), 8080);
        Assert.Equal((200, ""), await _scene.CheckAsync(pod));
        await NodeScene.UntilAsync(async () => await _scene.RedirectionOfAsync("web-0") == "enabled");
        Assert.Empty(await _scene.EventsAsync());
    }

    [Fact]
    public async Task A_pod_outside_the_mesh_starts_untouched_and_is_captured_when_its_namespace_is_labelled()
    {
        _scene.StartAgent();
        var proxy = await _scene.ConnectProxyAsync();
        var pod = await _scene.CreatePodAsync("web-0");
        Assert.Equal((200, ""), await _scene.AddAsync(pod, _lab));
        Assert.Empty(_lab.InPod("nft", "list tables"));

        await _scene.LabelAsync(NodeScene.Shop, "ambient");
        await NodeScene.UntilAsync(() => proxy.Served.Count == 1);
        await PodLab.AssertRefusedAsync(_lab.Pod, PodLab.PeerAddress(true), 8080);
        await NodeScene.UntilAsync(async () => await _scene.RedirectionOfAsync("web-0") == "enabled");

        await _scene.LabelAsync(NodeScene.Shop, null);
        await NodeScene.UntilAsync(() => proxy.Served.Count == 0);
        await NodeScene.UntilAsync(async () => await _scene.RedirectionOfAsync("web-0") is null);
        await NodeScene.UntilAsync(() => _lab.InPod("nft", "list tables").Length == 0); // they go last, behind the proxy
    }

    [Fact]
    public async Task The_pods_own_label_wins()
    {
        await _scene.LabelAsync(NodeScene.Shop, "ambient");
        _scene.StartAgent();
        var proxy = await _scene.ConnectProxyAsync();
        var pod = await _scene.CreatePodAsync("web-0", ""","labels":{"istio.io/dataplane-mode":"none"}""");

        Assert.Equal((200, ""), await _scene.AddAsync(pod, _lab));

        Assert.Empty(proxy.Served);
        Assert.Empty(_lab.InPod("nft", "list tables"));
    }

    [Fact]
    public async Task Pods_of_an_excluded_namespace_stay_outside_whatever_their_labels_say_also_under_the_next_agent()
    {
        const string Labelled = ""","labels":{"istio.io/dataplane-mode":"ambient"}""";
        _scene.Settings["EXCLUDE_NAMESPACES"] = $"kube-system,{NodeScene.Shop}";
        await _scene.LabelAsync(NodeScene.Shop, "ambient");
        var pod = await _scene.CreatePodAsync("web-0", Labelled);
        foreach (var later in new[] { "later-1", "later-2" })
        {
            _scene.StartAgent();
            var proxy = await _scene.ConnectProxyAsync();
            Assert.Equal((200, ""), await _scene.AddAsync(pod, _lab));
            await _scene.CreatePodAsync(later, Labelled); // what is said of it shows that the agent has seen all of them
            await NodeScene.UntilAsync(async () => (await _scene.EventsAsync()).Any(told => told.InvolvedObject.Name == later && told.Message!.Contains("is excluded from the mesh")));
            await NodeScene.UntilAsync(() => proxy.Log.Contains("snapshot"));

            Assert.Empty(proxy.Served);
            Assert.Empty(_lab.InPod("nft", "list tables"));
            Assert.Null(await _scene.RedirectionOfAsync("web-0"));
            await _scene.StopAgentAsync();
        }
    }

    [Fact]
    public async Task While_no_node_proxy_is_connected_the_pod_does_not_start_and_is_closed()
    {
        await _scene.LabelAsync(NodeScene.Shop, "ambient");
        _scene.StartAgent();
        var pod = await _scene.CreatePodAsync("web-0");

        var (status, text) = await _scene.AddAsync(pod, _lab);

        Assert.Equal(503, status);
        Assert.Contains("No node proxy is connected", text);
        await PodLab.AssertRefusedAsync(_lab.Pod, PodLab.PeerAddress(false), 8080);
        await NodeScene.UntilAsync(async () => await _scene.RedirectionOfAsync("web-0") == "pending");
        await NodeScene.UntilAsync(async () => (await _scene.EventsAsync()).Any(told =>
            told is { Type: "Warning", Reason: "MeshEnrollmentFailed" } && told.InvolvedObject.Uid == pod.Metadata.Uid && told.Message!.Contains("No node proxy")));

        using var proxy = await _scene.ConnectProxyAsync();
        await NodeScene.UntilAsync(async () => (await _scene.EventsAsync()).Any(static told => told is { Type: "Normal", Reason: "MeshEnrolled" }));
        await NodeScene.UntilAsync(async () => await _scene.RedirectionOfAsync("web-0") == "enabled");
    }

    [Fact]
    public async Task A_namespace_that_is_not_the_pods_is_refused()
    {
        await _scene.LabelAsync(NodeScene.Shop, "ambient");
        _scene.StartAgent();
        await _scene.ConnectProxyAsync();
        var (mine, other) = (await _scene.CreatePodAsync("web-0"), await _scene.CreatePodAsync("web-1"));

        Assert.Contains("has none of the pod's addresses", (await _scene.AddAsync(mine, _lab, address: "10.1.2.3")).Text);
        Assert.Equal(200, (await _scene.AddAsync(mine, _lab)).Status);
        Assert.Contains($"is that of pod shop/web-0 ({mine.Metadata.Uid}) already", (await _scene.AddAsync(other, _lab, "c-2")).Text);
    }

    [Fact]
    public async Task Del_has_the_proxy_let_go_before_it_answers_and_leaves_the_pod_closed()
    {
        await _scene.LabelAsync(NodeScene.Shop, "ambient");
        _scene.StartAgent();
        var proxy = await _scene.ConnectProxyAsync();
        var pod = await _scene.CreatePodAsync("web-0");
        await _scene.AddAsync(pod, _lab);

        Assert.Equal(200, (await _scene.DeleteAsync(pod, "an-older-sandbox")).Status);
        Assert.NotEmpty(proxy.Served);
        Assert.Equal(200, (await _scene.DeleteAsync(pod)).Status);

        Assert.Empty(proxy.Served);
        await PodLab.AssertRefusedAsync(_lab.Pod, PodLab.PeerAddress(false), 8080);
        Assert.Equal(200, (await _scene.AddAsync(pod, _lab, "c-2")).Status); // the sandbox was made anew
        Assert.NotEmpty(proxy.Served);
    }

    [Fact]
    public async Task Gc_lets_go_of_sandboxes_that_are_gone()
    {
        await _scene.LabelAsync(NodeScene.Shop, "ambient");
        _scene.StartAgent();
        var proxy = await _scene.ConnectProxyAsync();
        await _scene.AddAsync(await _scene.CreatePodAsync("web-0"), _lab);

        Assert.Equal(200, (await _scene.CallAsync("POST", "/cmdgc", """{"ValidContainers":["c-1"]}""")).Status);
        Assert.NotEmpty(proxy.Served);
        Assert.Equal(200, (await _scene.CallAsync("POST", "/cmdgc", """{"ValidContainers":[]}""")).Status);

        await NodeScene.UntilAsync(() => proxy.Served.Count == 0);
    }

    [Fact]
    public async Task What_is_asked_for_and_cannot_be_is_said_on_the_pod()
    {
        _scene.StartAgent();
        await _scene.CreatePodAsync("host", ""","labels":{"istio.io/dataplane-mode":"ambient"}""", spec: ""","hostNetwork":true""");
        await _scene.CreatePodAsync("sidecar", ""","labels":{"istio.io/dataplane-mode":"ambient"},"annotations":{"sidecar.istio.io/status":"{}"}""");
        await _scene.CreatePodAsync("odd", ""","labels":{"istio.io/dataplane-mode":"ambient"},"annotations":{"ambient.istio.io/dns-capture":"maybe"}""");

        foreach (var (pod, text) in new[] { ("host", "hostNetwork"), ("sidecar", "sidecar.istio.io/inject"), ("odd", "dns-capture is 'maybe'") })
            await NodeScene.UntilAsync(async () => (await _scene.EventsAsync()).Any(told => told.InvolvedObject.Name == pod && told.Message!.Contains(text)));
    }

    [Fact]
    public async Task Rules_that_somebody_removed_come_back_and_the_pod_says_so()
    {
        await _scene.LabelAsync(NodeScene.Shop, "ambient");
        _scene.StartAgent();
        await _scene.ConnectProxyAsync();
        await _scene.AddAsync(await _scene.CreatePodAsync("web-0"), _lab);

        _lab.InPod("nft", "flush ruleset");

        await NodeScene.UntilAsync(() => _lab.InPod("nft", "list ruleset").Contains("redirect to :15001", StringComparison.Ordinal));
        await NodeScene.UntilAsync(async () => (await _scene.EventsAsync()).Any(static told => told.Reason == "MeshRulesRepaired" && told.Message!.Contains("missing")));
    }

    [Fact]
    public async Task Labelling_a_namespace_of_running_pods_captures_all_of_them_and_cuts_no_connection()
    {
        const int Count = 20;
        _scene.StartAgent();
        var proxy = await _scene.ConnectProxyAsync();
        var talks = new List<(System.Net.Sockets.Socket App, System.Net.Sockets.Socket Peer)>();
        for (var i = 0; i < Count; i++)
        {
            var lab = _scene.Own(new PodLab());
            Assert.Equal((200, ""), await _scene.AddAsync(await _scene.CreatePodAsync($"web-{i}"), lab, $"c-{i}"));
            using var server = PodLab.Listen(lab.Peer, 8080);
            talks.Add((_scene.Own(await PodLab.ConnectAsync(lab.Pod, PodLab.PeerAddress(i % 2 == 1), 8080)), _scene.Own(await PodLab.AcceptAsync(server))));
        }

        await _scene.LabelAsync(NodeScene.Shop, "ambient");
        await NodeScene.UntilAsync(() => proxy.Served.Count == Count);

        foreach (var (app, peer) in talks)
            await PodLab.AssertTheyTalkAsync(app, peer);
    }

    [Fact]
    public async Task A_proxy_that_has_lost_a_pod_is_told_again()
    {
        await _scene.LabelAsync(NodeScene.Shop, "ambient");
        _scene.StartAgent();
        var proxy = await _scene.ConnectProxyAsync();
        var pod = await _scene.CreatePodAsync("web-0");
        await _scene.AddAsync(pod, _lab);
        var told = proxy.Log.Count;

        await NodeScene.UntilAsync(() => proxy.Log.Skip(told).Contains($"add {pod.Metadata.Uid}"));
    }

    [Fact]
    public async Task A_pod_that_has_ended_is_let_go()
    {
        await _scene.LabelAsync(NodeScene.Shop, "ambient");
        _scene.StartAgent();
        var proxy = await _scene.ConnectProxyAsync();
        await _scene.AddAsync(await _scene.CreatePodAsync("web-0"), _lab);

        await _scene.SetStatusAsync("web-0", "Succeeded");

        await NodeScene.UntilAsync(() => proxy.Served.Count == 0);
    }
}
