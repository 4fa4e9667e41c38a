using System.Text.Json;
using Ambient.CniAgent.Tests.Zds;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.CniAgent.Tests.Enrollment;

/// <summary>The whole agent, driven by files in its directory, with real namespaces and a proxy's end of the real socket.</summary>
public sealed class EnrollmentTests : IAsyncDisposable
{
    private readonly PodLab _lab = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("agt").FullName;
    private CancellationTokenSource _stop = new();
    private Task? _agent;

    private string SocketPath => Path.Combine(_directory, "ztunnel.sock");

    private string Pods => Path.Combine(_directory, "pods");

    private string StatusPath => Path.Combine(Pods, "web.status");

    public async ValueTask DisposeAsync()
    {
        await StopAgentAsync();
        _stop.Dispose();
        _lab.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_pod_file_closes_the_pod_at_once_and_has_it_served_when_a_proxy_comes()
    {
        StartAgent();
        WritePod();
        await UntilStatusAsync("pending");
        await PodLab.AssertRefusedAsync(_lab.Pod, PodLab.PeerAddress(false), 8080);

        var (proxy, snapshot) = TestProxy.Join(SocketPath);
        using (proxy)
        {
            Assert.Equal(["uid-1"], snapshot);
            await ServeUntilAsync(proxy, "enrolled");
        }
    }

    // Its callers would be refused if it were closed before somebody listens.
    [Fact]
    public async Task A_pod_that_runs_already_is_served_before_it_is_closed()
    {
        StartAgent();
        using var proxy = await JoinAsync();
        WritePod();

        Assert.Equal("uid-1", proxy.Next().Add.Uid);
        Assert.Empty(_lab.InPod("nft", "list tables"));
        proxy.Acknowledge();

        await UntilStatusAsync("enrolled");
        Assert.Contains("inet ambient", _lab.InPod("nft", "list tables"));
    }

    [Fact]
    public async Task A_pod_that_runs_already_and_cannot_be_served_is_closed_all_the_same()
    {
        StartAgent();
        using var proxy = await JoinAsync();
        WritePod();

        proxy.Next();
        proxy.Acknowledge("no room");
        proxy.Next();
        proxy.Acknowledge("no room either");

        Assert.Contains("no room either", (await UntilStatusAsync("pending")).GetProperty("error").GetString());
        Assert.Contains("inet ambient", _lab.InPod("nft", "list tables"));
    }

    [Fact]
    public async Task A_removed_file_opens_the_pod_and_leaves_nothing()
    {
        StartAgent();
        WritePod();
        await UntilStatusAsync("pending");
        Assert.Contains("inet ambient", _lab.InPod("nft", "list tables"));

        File.Delete(Path.Combine(Pods, "web.json"));
        await UntilAsync(() => !File.Exists(StatusPath));

        Assert.Empty(_lab.InPod("nft", "list tables"));
        Assert.DoesNotContain("32764", _lab.InPod("ip", "rule"));
    }

    // Its callers would be refused as long as connections that it has are given time to finish.
    [Fact]
    public async Task A_pod_that_leaves_is_open_before_its_proxy_lets_go()
    {
        StartAgent();
        using var proxy = await JoinAsync();
        WritePod();
        proxy.Next();
        proxy.Acknowledge();
        await UntilStatusAsync("enrolled");
        using var application = PodLab.Listen(_lab.Pod, 8080);
        await PodLab.AssertRefusedAsync(_lab.Peer, PodLab.PodAddress(false), 8080);

        File.Delete(Path.Combine(Pods, "web.json"));

        Assert.Equal("uid-1", proxy.Next().Del.Uid);
        using (await PodLab.ConnectAsync(_lab.Peer, PodLab.PodAddress(false), 8080))
        using (await PodLab.AcceptAsync(application)) { }
        proxy.Acknowledge();
        Assert.Equal("uid-1", proxy.Next().Del.Uid); // once more, in case that it had connected meanwhile
        proxy.Acknowledge();
        await UntilAsync(() => !File.Exists(StatusPath));
        Assert.Empty(_lab.InPod("nft", "list tables"));
    }

    [Fact]
    public async Task A_pod_that_was_removed_while_the_agent_was_away_is_opened_at_its_next_start()
    {
        StartAgent();
        WritePod();
        await UntilStatusAsync("pending");
        await StopAgentAsync();
        Assert.Contains("inet ambient", _lab.InPod("nft", "list tables"));

        File.Delete(Path.Combine(Pods, "web.json"));
        StartAgent();
        await UntilAsync(() => !File.Exists(StatusPath));

        Assert.Empty(_lab.InPod("nft", "list tables"));
    }

    [Fact]
    public async Task Rules_that_somebody_removed_come_back()
    {
        StartAgent(auditInterval: "1s");
        WritePod();
        await UntilStatusAsync("pending");
        using var proxy = TestProxy.Join(SocketPath).Proxy;
        await ServeUntilAsync(proxy, "enrolled");

        _lab.InPod("nft", "flush ruleset");

        await UntilAsync(() => _lab.InPod("nft", "list ruleset").Contains("redirect to :15001", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("not json", "not a pod")]
    [InlineData("null", "null")]
    [InlineData("{}", "uid is missing")]
    [InlineData("""{"uid":"u","name":"n","namespace":"s","serviceAccount":"a","netns":"/nowhere","typo":1}""", "typo")]
    [InlineData("""{"uid":"u","name":"n","namespace":"s","serviceAccount":"a","netns":"relative"}""", "absolute")]
    [InlineData("""{"uid":"u","name":"n","namespace":"s","serviceAccount":"a","netns":"/nowhere"}""", "/nowhere")]
    [InlineData("""{"uid":"u","name":"n","namespace":"s","serviceAccount":"a","netns":"/etc/passwd"}""", "not a network namespace")]
    [InlineData("""{"uid":"u","name":"n","namespace":"s","serviceAccount":"a","netns":"/proc/self/ns/net"}""", "node's own")]
    [InlineData("""{"uid":"u","name":"n","namespace":"s","serviceAccount":"a","netns":"/proc/self/ns/uts"}""", "not a network namespace")]
    public async Task What_cannot_be_enrolled_says_why(string content, string reason)
    {
        StartAgent();
        WriteFile(content);

        var status = await UntilStatusAsync("failed");

        Assert.Contains(reason, status.GetProperty("error").GetString());
    }

    [Fact]
    public async Task A_namespace_without_the_pods_address_is_somebody_elses()
    {
        StartAgent();
        WritePod("""["10.77.0.9"]""");

        var status = await UntilStatusAsync("failed");

        Assert.Contains("another pod", status.GetProperty("error").GetString());
        Assert.Empty(_lab.InPod("nft", "list tables"));
    }

    [Theory, InlineData("10.77.0.1"), InlineData("fd77::1")]
    public async Task A_namespace_with_one_of_the_pods_addresses_is_the_pods(string address)
    {
        StartAgent();
        WritePod($"""["192.0.2.1", "{address}"]""");

        await UntilStatusAsync("pending");
    }

    [Fact]
    public async Task A_pod_whose_addresses_went_first_is_opened_all_the_same()
    {
        StartAgent();
        WritePod("""["10.77.0.1"]""");
        await UntilStatusAsync("pending");
        _lab.InPod("ip", "addr flush dev eth0");

        File.Delete(Path.Combine(Pods, "web.json"));
        await UntilAsync(() => !File.Exists(StatusPath));

        Assert.Empty(_lab.InPod("nft", "list tables"));
    }

    [Fact]
    public async Task Looking_after_pods_leaks_no_descriptors()
    {
        var installer = new CniAgent.Redirection.RuleInstaller(PodLab.Node, keepsConnections: true);
        await installer.EnsureAsync(_lab.Pod, PodLab.Defaults);
        var before = Sockets();

        for (var i = 0; i < 100; i++)
            await installer.InspectAsync(_lab.Pod, PodLab.Defaults);

        // Others run in this process too; each look opens three sockets.
        Assert.True(Sockets() < before + 100, $"{Sockets()} sockets are open, {before} before");
    }

    [Fact]
    public async Task A_bad_edit_leaves_the_pod_enrolled()
    {
        StartAgent();
        WritePod();
        await UntilStatusAsync("pending");

        WriteFile("{");
        await UntilStatusAsync("failed");

        await PodLab.AssertRefusedAsync(_lab.Pod, PodLab.PeerAddress(false), 8080);
    }

    [Fact]
    public async Task Two_files_with_one_uid_are_told_apart()
    {
        StartAgent();
        WritePod();
        await UntilStatusAsync("pending");
        WritePod(file: "web2.json");

        await UntilAsync(() => File.Exists(Path.Combine(Pods, "web2.status")));

        Assert.Contains("web.json", await File.ReadAllTextAsync(Path.Combine(Pods, "web2.status")));
    }

    private static int Sockets() => Directory.GetFiles("/proc/self/fd")
        .Count(file => new FileInfo(file).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) == true);

    private void StartAgent(string auditInterval = "30s")
    {
        Directory.CreateDirectory(Pods);
        var options = AgentOptions.Read(new Dictionary<string, string>
        {
            ["ZTUNNEL_UDS_ADDRESS"] = SocketPath, ["POD_DIRECTORY"] = Pods, ["AUDIT_INTERVAL"] = auditInterval,
        });
        _agent = new NodeAgent(options, TimeProvider.System, NullLoggerFactory.Instance).RunAsync(_stop.Token);
    }

    private async Task StopAgentAsync()
    {
        await _stop.CancelAsync();
        if (_agent is not null)
            await _agent.WaitAsync(PodLab.Patience);
        _stop.Dispose();
        _stop = new CancellationTokenSource();
    }

    private void WritePod(string addresses = "[]", string file = "web.json") => WriteFile(
        $$"""{"uid":"uid-1","name":"web-0","namespace":"shop","serviceAccount":"web","netns":"{{_lab.PodPath}}","addresses":{{addresses}}}""", file);

    // Appears as a whole: half a file would be reported as such.
    private void WriteFile(string content, string file = "web.json")
    {
        var written = Path.Combine(_directory, "written");
        File.WriteAllText(written, content);
        File.Move(written, Path.Combine(Pods, file), overwrite: true);
    }

    private async Task<JsonElement> UntilStatusAsync(string state)
    {
        JsonElement found = default;
        await UntilAsync(() => ReadStatus() is { } status && (found = status).GetProperty("state").GetString() == state);
        return found;
    }

    private JsonElement? ReadStatus() =>
        File.Exists(StatusPath) ? JsonDocument.Parse(File.ReadAllText(StatusPath)).RootElement : null;

    private async Task<TestProxy> JoinAsync()
    {
        await UntilAsync(() => File.Exists(SocketPath));
        return TestProxy.Join(SocketPath).Proxy;
    }

    // The agent asks again for a pod it has just told in the snapshot: the proxy answers whatever comes.
    private async Task ServeUntilAsync(TestProxy proxy, string state)
    {
        var serving = Task.Run(() =>
        {
            while (true)
            {
                proxy.Next();
                proxy.Acknowledge();
            }
        });
        _ = serving.ContinueWith(static ended => ended.Exception, TaskScheduler.Default);
        await UntilStatusAsync(state);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(PodLab.Patience);
        while (!condition())
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
    }
}
