using Ambient.Linux.Namespaces;
using Ambient.Protos.Zds;
using Ambient.TestKit;
using Ambient.Ztunnel.Pods;
using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Ztunnel.Tests.Pods;

/// <summary>The session with the node agent, over the real socket and with real namespaces.</summary>
public sealed class ZdsClientTests : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("zds").FullName;
    private readonly ManualTime _time = new();
    private readonly TestProxies _proxies = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly NetworkNamespace _netns = NetworkNamespace.Current();
    private readonly SemaphoreSlim _readinessChanged = new(0);
    private readonly DefectiveLog _log = new();
    private readonly PodProxies _pods;
    private readonly Task _running;
    private TestAgent _agent;

    public ZdsClientTests()
    {
        _agent = new TestAgent(SocketPath);
        _pods = new PodProxies(_proxies, _time, _log, _ => _readinessChanged.Release());
        var client = new ZdsClient(SocketPath, _pods, _time, new System.Random(1), NullLogger<ZdsClient>.Instance);
        _running = client.RunAsync(_stop.Token);
    }

    private string SocketPath => Path.Combine(_directory, "ztunnel.sock");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TestAgent.Patience);
        await _pods.DisposeAsync();
        _agent.Dispose();
        _netns.Dispose();
        _stop.Dispose();
        _readinessChanged.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private void Join(params string[] uids)
    {
        Assert.Equal(Protos.Zds.Version.V1, _agent.Accept().Version);
        foreach (var uid in uids)
            Assert.Empty(_agent.Add(uid, _netns));
        Assert.Empty(_agent.EndSnapshot());
    }

    [Fact]
    public void Pods_are_served_once_their_add_is_answered_and_ready_comes_with_the_snapshots_end()
    {
        _agent.Accept();
        Assert.Empty(_agent.Add("a", _netns));
        Assert.Equal(_netns.Key, _proxies.Running["a"]);
        Assert.False(_pods.IsReady);

        Assert.Empty(_agent.EndSnapshot());

        Assert.True(_pods.IsReady);
        var status = Assert.Single(_pods.List());
        Assert.Equal(("a", "shop", "web", PodState.Up), (status.Pod.Uid, status.Pod.Namespace, status.Pod.ServiceAccount, status.State));
    }

    [Fact]
    public void The_same_add_again_changes_nothing()
    {
        Join("a");

        Assert.Empty(_agent.Add("a", _netns));

        Assert.Equal(["started a"], _proxies.Events);
    }

    [Fact]
    public void Another_namespace_replaces_the_proxy()
    {
        Join("a");
        using var other = AnotherNamespace();

        Assert.Empty(_agent.Add("a", other));

        Assert.Equal(other.Key, _proxies.Running["a"]);
        Assert.Equal(["started a", "started a", "stopped a Immediate"], _proxies.Events.Order());
        Assert.Single(_pods.List());
    }

    [Fact]
    public void Another_service_account_replaces_the_proxy_after_the_old_one_has_ended()
    {
        Join("a");

        Assert.Empty(_agent.Add("a", _netns, serviceAccount: "other"));

        Assert.Equal(["started a", "stopped a Immediate", "started a"], _proxies.Events);
        Assert.Equal("other", Assert.Single(_pods.List()).Pod.ServiceAccount);
    }

    [Fact]
    public void A_deleted_pod_is_stopped_and_an_unknown_one_is_no_error()
    {
        Join("a", "b");

        Assert.Empty(_agent.Delete("a"));
        Assert.Empty(_agent.Delete("unknown"));

        Assert.Contains("stopped a Leaving", _proxies.Events);
        Assert.Equal(["b"], _proxies.Running.Keys);
        Assert.Empty(_agent.Add("a", _netns));
        Assert.Equal(["a", "b"], _proxies.Running.Keys.Order());
    }

    [Fact]
    public void Pods_survive_the_agent_and_the_next_snapshot_stops_what_it_does_not_name()
    {
        Join("a", "b", "c");
        _agent.Close();
        WaitUntilNotReady();
        Assert.Equal(3, _proxies.Running.Count);

        _agent.Accept();
        Assert.Empty(_agent.Add("a", _netns));
        Assert.Empty(_agent.Keep("b"));
        Assert.False(_pods.IsReady);
        Assert.Empty(_agent.EndSnapshot());

        Assert.Equal(["a", "b"], _proxies.Running.Keys.Order());
        Assert.Equal(["started a", "started b", "started c", "stopped c Immediate"], _proxies.Events);
        Assert.True(_pods.IsReady);
    }

    [Fact]
    public void A_pod_deleted_before_the_snapshots_end_is_left_to_it()
    {
        Join("a");
        _agent.Close();
        _agent.Accept();
        Assert.Empty(_agent.Add("a", _netns));

        Assert.Empty(_agent.Delete("a"));
        Assert.Contains("a", _proxies.Running.Keys);
        Assert.Empty(_agent.EndSnapshot());

        Assert.Empty(_proxies.Running);
        Assert.True(_pods.IsReady);
    }

    [Fact]
    public void A_proxy_that_does_not_start_is_refused_pending_and_tried_again_every_five_seconds()
    {
        Join();
        _proxies.Fail("a", "port 15001 is taken");

        Assert.Contains("port 15001 is taken", _agent.Add("a", _netns));
        Assert.False(_pods.IsReady);
        var pending = Assert.Single(_pods.List());
        Assert.Equal((PodState.Pending, "port 15001 is taken"), (pending.State, pending.Error));

        _time.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
        Assert.Single(_proxies.Events);
        _proxies.Heal("a");
        _time.Advance(TimeSpan.FromTicks(1));
        WaitUntilReady();

        Assert.Equal(["failed a", "started a"], _proxies.Events);
        Assert.Equal(PodState.Up, Assert.Single(_pods.List()).State);
    }

    [Fact]
    public void A_pending_pod_is_healed_by_its_next_add_or_dropped_by_its_deletion()
    {
        Join();
        _proxies.Fail("a", "no");
        _proxies.Fail("b", "no");
        Assert.NotEmpty(_agent.Add("a", _netns));
        Assert.NotEmpty(_agent.Add("b", _netns));
        _proxies.Heal("a");
        using var other = AnotherNamespace();

        Assert.Empty(_agent.Add("a", other));
        Assert.False(_pods.IsReady);
        Assert.Empty(_agent.Delete("b"));

        Assert.True(_pods.IsReady);
        Assert.Equal(other.Key, _proxies.Running["a"]);
    }

    [Fact]
    public void What_is_pending_when_a_pod_is_deleted_before_the_snapshots_end_does_not_keep_us_from_ready()
    {
        _agent.Accept();
        _proxies.Fail("a", "no");
        Assert.NotEmpty(_agent.Add("a", _netns));

        Assert.Empty(_agent.Delete("a"));
        Assert.Empty(_agent.EndSnapshot());

        Assert.True(_pods.IsReady);
        Assert.Empty(_pods.List());
    }

    [Fact]
    public void An_agent_that_hangs_up_before_it_says_anything_and_one_that_is_gone_are_tried_again()
    {
        Join("a");
        _agent.HangUp();
        WaitUntilPausing();
        _agent.Dispose(); // nobody listens any more
        _time.Advance(TimeSpan.FromSeconds(15));
        WaitUntilPausing();
        Assert.False(_pods.IsReady);

        _agent = new TestAgent(SocketPath);
        Reconnect();
        Assert.Empty(_agent.Keep("a"));
        Assert.Empty(_agent.EndSnapshot());

        Assert.Equal(["started a"], _proxies.Events);
        Assert.True(_pods.IsReady);
    }

    [Fact]
    public void A_new_session_forgets_what_was_pending()
    {
        Join();
        _proxies.Fail("a", "no");
        Assert.NotEmpty(_agent.Add("a", _netns));
        _agent.Close();

        Join();

        Assert.Empty(_pods.List());
        Assert.True(_pods.IsReady);
    }

    [Fact]
    public void A_descriptor_that_is_no_network_namespace_is_refused_and_the_session_goes_on()
    {
        _agent.Accept();
        using var uts = NetworkNamespace.Open("/proc/self/ns/uts"); // a namespace, but of another kind

        Assert.Contains("not a network namespace", _agent.Add("a", uts));

        Assert.Empty(_agent.Add("a", _netns));
        Assert.Empty(_agent.EndSnapshot());
        Assert.True(_pods.IsReady);
    }

    public static TheoryData<string, string> Violations => new()
    {
        { "rubbish", "not a WorkloadRequest" },
        { "nothing", "none of Add" },
        { "too long", "1024" },
        { "add without descriptor", "without the descriptor" },
        { "add without info", "without workload_info" },
        { "add with two descriptors", "more than one descriptor" },
        { "del with descriptor", "only Add carries one" },
        { "keep after snapshot", "after the snapshot" },
        { "second snapshot", "second SnapshotSent" },
    };

    [Theory, MemberData(nameof(Violations))]
    public void A_breach_of_the_protocol_is_answered_ends_the_session_and_leaves_pods_served(string violation, string reason)
    {
        Join("a");

        Assert.Contains(reason, Violate(violation));
        Assert.True(_agent.IsClosedByProxy());
        WaitUntilNotReady();
        Assert.Equal(["a"], _proxies.Running.Keys);

        Reconnect();
        Assert.Empty(_agent.Keep("a"));
        Assert.Empty(_agent.EndSnapshot());
        Assert.Equal(["started a"], _proxies.Events);
        Assert.True(_pods.IsReady);
    }

    [Fact]
    public void Long_errors_are_cut_to_what_the_agent_can_read()
    {
        Join();
        _proxies.Fail("a", new string('\u20ac', 2000));

        var error = _agent.Add("a", _netns);

        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(error), 800, 900);
        Assert.DoesNotContain("\ufffd", error);
    }

    [Fact]
    public async Task Draining_stops_all_pods_gracefully_and_stays_not_ready()
    {
        Join("a", "b");

        await _pods.DrainAsync();

        Assert.Equal(["stopped a Graceful", "stopped b Graceful"], _proxies.Events.Where(e => e.StartsWith("stopped", StringComparison.Ordinal)).Order());
        Assert.False(_pods.IsReady);
        Assert.Contains("shutting down", _agent.Add("c", _netns));
    }

    // Nobody stands behind its thread: the process would end, and every pod of the node with it.
    [Fact]
    public void A_defect_in_carrying_a_request_out_ends_the_session_alone()
    {
        Join("a");
        using var other = AnotherNamespace();
        _log.HasDefect = true;

        var add = new AddWorkload { Uid = "a", WorkloadInfo = new WorkloadInfo { Name = "web-0", Namespace = "shop", ServiceAccount = "web" } };
        _agent.Session.Send(new WorkloadRequest { Add = add }.ToByteArray(), other.Descriptor, TestAgent.Patience);
        Assert.True(_agent.IsClosedByProxy());
        _log.HasDefect = false;

        Assert.Equal(["a"], _proxies.Running.Keys);
        Reconnect();
        Assert.Empty(_agent.Add("a", _netns));
    }

    /// <summary>Stands for whatever may be wrong.</summary>
    private sealed class DefectiveLog : ILogger<PodProxies>
    {
        public bool HasDefect { get; set; }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel level) => true;

        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? error, Func<TState, Exception?, string> format)
        {
            if (HasDefect) throw new InvalidOperationException("a defect");
        }
    }

    [Fact]
    public void Any_datagram_gets_an_answer_and_never_takes_pods_down()
    {
        Join("a");

        Prop.ForAll<byte[]>(bytes =>
        {
            var datagram = bytes is { Length: > 0 } ? bytes : [1];
            _agent.AskRaw(datagram);
            Reconnect();
            return _agent.Keep("a").Length == 0 && _proxies.Running.ContainsKey("a");
        }).QuickCheckThrowOnFailure();
    }

    private string Violate(string violation) => violation switch
    {
        "rubbish" => _agent.AskRaw([0xFF, 0xFF, 0xFF]),
        "nothing" => _agent.AskRaw([0x50, 0x01]), // an unknown field only
        "too long" => _agent.AskRaw(new byte[1025]),
        "add without descriptor" => _agent.Ask(new WorkloadRequest { Add = new AddWorkload { Uid = "x", WorkloadInfo = new WorkloadInfo() } }),
        "add without info" => _agent.Ask(new WorkloadRequest { Add = new AddWorkload { Uid = "x" } }, _netns.Descriptor),
        "add with two descriptors" => _agent.AskWithTwo(new WorkloadRequest { Add = new AddWorkload { Uid = "x", WorkloadInfo = new WorkloadInfo() } }, _netns.Descriptor),
        "del with descriptor" => _agent.Ask(new WorkloadRequest { Del = new DelWorkload { Uid = "a" } }, _netns.Descriptor),
        "keep after snapshot" => _agent.Keep("a"),
        _ => _agent.EndSnapshot(),
    };

    // After a breach the client pauses before it comes back; the pause is a timer of the manual clock.
    private void Reconnect()
    {
        _agent.Close();
        using var limit = new CancellationTokenSource(TestAgent.Patience);
        var accepting = Task.Run(_agent.Accept);
        while (!accepting.IsCompleted)
        {
            limit.Token.ThrowIfCancellationRequested();
            _time.Advance(TimeSpan.FromMilliseconds(100));
            Thread.Yield();
        }
        accepting.GetAwaiter().GetResult();
    }

    private void WaitUntilPausing() => Assert.True(_time.WhenPendingAsync(1).Wait(TestAgent.Patience));

    private void WaitUntilReady() => WaitUntil(ready: true);

    private void WaitUntilNotReady() => WaitUntil(ready: false);

    private void WaitUntil(bool ready)
    {
        while (_pods.IsReady != ready)
            Assert.True(_readinessChanged.Wait(TestAgent.Patience));
    }

    // A namespace of a thread that has left ours; it lives as long as its descriptor.
    private static NetworkNamespace AnotherNamespace()
    {
        var name = $"zds-{Environment.ProcessId}-{Guid.NewGuid():N}"[..24];
        Run($"netns add {name}");
        try
        {
            return NetworkNamespace.Open($"/run/netns/{name}");
        }
        finally
        {
            Run($"netns del {name}");
        }
    }

    private static void Run(string arguments)
    {
        using var process = System.Diagnostics.Process.Start("ip", arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
