using System.Net.Sockets;
using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Mesh;
using Ambient.Lab.Network;
using Ambient.Lab.Processes;

namespace Ambient.EndToEnd.Tests.Scenarios;

/// <summary>A ztunnel of one pod alone, in the pod's own namespace: no node agent, no node proxy, rules as a user writes them.</summary>
public sealed class DedicatedFixture : MeshFixture, IAsyncLifetime
{
    // What the application opens goes to the proxy and what arrives too; what the proxy opens carries its mark.
    private const string Rules = """
        table inet own {
          chain in { type nat hook prerouting priority -100; meta l4proto tcp tcp dport != { 15008, 15021 } meta mark != 0x539 redirect to :15006; }
          chain out { type nat hook output priority -100; meta l4proto tcp meta mark != 0x539 oifname != "lo" redirect to :15001; }
        }
        """;

    public LabPod Machine { get; private set; } = null!;

    public Daemon Proxy { get; private set; } = null!;

    async ValueTask IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        Machine = await Mesh.AddPodAsync(Here, "machine", "machine", "shop");
        Mesh.Workload(Machine).Enrolled = true;
        await Mesh.PublishAsync();
        var rules = Mesh.Network.PathOf("machine.nft");
        await File.WriteAllTextAsync(rules, Rules);
        (await Machine.RunAsync("nft", "-f", rules)).OutputOrThrow();
        await StartProxyAsync();
    }

    public async Task StartProxyAsync()
    {
        Proxy = BeginProxy();
        await Until.TrueAsync(async () => (await GetAsync(15021, "healthz/ready")).Succeeded, () => $"the proxy is ready. Its log ends with:\n{Proxy.LogTail()}");
    }

    public Daemon BeginProxy()
    {
        var environment = NodePrograms.LocalMesh(Mesh.MeshFile, Mesh.AuthorityDirectory);
        environment["PROXY_MODE"] = "dedicated";
        environment["PROXY_WORKLOAD_INFO"] = "shop/machine/machine";
        environment["PACKET_MARK"] = "1337";
        environment["ENABLE_ORIG_SRC"] = "false"; // it would take routes for replies, which the agent sets for its pods
        environment["RUST_LOG"] = "info";
        return Machine.Start("ztunnel", environment, NodePrograms.Ztunnel);
    }

    public Task<CommandResult> GetAsync(int port, string path) =>
        Machine.RunAsync("curl", "-sS", "--fail-with-body", "--max-time", "5", $"http://127.0.0.1:{port}/{path}");
}

public sealed class DedicatedTests(DedicatedFixture fixture) : IClassFixture<DedicatedFixture>
{
    [Theory]
    [InlineData(AddressFamily.InterNetwork)]
    [InlineData(AddressFamily.InterNetworkV6)]
    public async Task It_calls_a_pod_of_the_mesh_under_its_own_identity(AddressFamily family)
    {
        await using var server = PodServer.Echo(fixture.Cart, 8100);

        using (var socket = await fixture.Machine.ConnectAsync(fixture.Cart.EndPoint(8100, family)))
            Assert.Equal("from a machine", await socket.AskAsync("from a machine"));

        var line = await AccessLogLines.FindAsync(fixture.There, "direction=\"inbound\"", $"{fixture.Cart.EndPoint(8100, family)}");
        Assert.Contains($"src.identity=\"{fixture.Machine.Identity}\"", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AddressFamily.InterNetwork)]
    [InlineData(AddressFamily.InterNetworkV6)]
    public async Task A_pod_of_the_mesh_calls_it_through_a_tunnel(AddressFamily family)
    {
        await using var server = PodServer.Echo(fixture.Machine, 8101);

        using (var socket = await fixture.Web.ConnectAsync(fixture.Machine.EndPoint(8101, family)))
            Assert.Equal("to a machine", await socket.AskAsync("to a machine"));

        var line = await AccessLogLines.FindAsync(fixture.Here, "direction=\"outbound\"", $"{fixture.Machine.EndPoint(8101, family)}");
        Assert.Contains($"dst.identity=\"{fixture.Machine.Identity}\"", line, StringComparison.Ordinal);
        await fixture.Proxy.WaitForLogAsync($"src.identity=\"{fixture.Web.Identity}\"");
    }

    [Fact]
    public async Task What_is_outside_the_mesh_is_spoken_to_in_plain_TCP_both_ways()
    {
        await using var outside = PodServer.Echo(fixture.PlainThere, 8102);
        await using var own = PodServer.Echo(fixture.Machine, 8102);

        using (var socket = await fixture.Machine.ConnectAsync(fixture.PlainThere.EndPoint(8102)))
            Assert.Equal("out", await socket.AskAsync("out"));
        using (var socket = await fixture.PlainThere.ConnectAsync(fixture.Machine.EndPoint(8102)))
            Assert.Equal("in", await socket.AskAsync("in"));
    }

    [Fact]
    public async Task Policies_hold_for_it_too()
    {
        await using var server = PodServer.Echo(fixture.Machine, 8103);
        fixture.Mesh.Policies.Add(new("only-cart", "shop", "WorkloadSelector", "Allow", "[[[{principals: [!Exact cluster.local/ns/shop/sa/cart]}]]]"));
        fixture.Mesh.Workload(fixture.Machine).Policies.Add("shop/only-cart");
        await fixture.Mesh.PublishAsync();
        await Until.TrueAsync(async () => (await fixture.GetAsync(15000, "config_dump")).Output.Contains("only-cart", StringComparison.Ordinal), "it knows the policy");

        Assert.True(await Conversation.IsRefusedAsync(() => fixture.Web.ConnectAsync(fixture.Machine.EndPoint(8103))));
        Assert.True(await Conversation.IsRefusedAsync(() => fixture.PlainHere.ConnectAsync(fixture.Machine.EndPoint(8103))));
        using (var socket = await fixture.Cart.ConnectAsync(fixture.Machine.EndPoint(8103)))
            Assert.Equal("welcome", await socket.AskAsync("welcome"));

        fixture.Mesh.Policies.Clear();
        fixture.Mesh.Workload(fixture.Machine).Policies.Clear();
        await fixture.Mesh.PublishAsync();
        await Until.TrueAsync(async () => !(await fixture.GetAsync(15000, "config_dump")).Output.Contains("only-cart", StringComparison.Ordinal), "it forgot the policy");
    }

    [Theory]
    [InlineData(15001)]
    [InlineData(15006)]
    [InlineData(15008)]
    public async Task A_port_that_is_taken_stops_its_start_and_is_named(int port)
    {
        await fixture.Proxy.StopAsync();
        await using (var occupant = fixture.Machine.Start("occupant", "socat", $"TCP-LISTEN:{port},fork,reuseaddr", "EXEC:cat"))
        {
            await Until.TrueAsync(async () => (await fixture.Machine.RunAsync("ss", "-Hltn", $"sport = :{port}")).Output.Length > 0, "the port is taken");

            var proxy = fixture.BeginProxy();
            await proxy.WaitForExitAsync();

            Assert.NotEqual(0, proxy.ExitCode);
            Assert.Contains($"{port}", proxy.LogTail(5), StringComparison.Ordinal);
        }
        await fixture.StartProxyAsync();
    }

    [Fact]
    public async Task It_drains_as_a_node_proxy_does()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8104);
        using var open = await fixture.Machine.ConnectAsync(fixture.Cart.EndPoint(8104));
        await open.AskAsync("before");

        fixture.Proxy.Signal("TERM");
        await Until.TrueAsync(() => Conversation.IsRefusedAsync(() => fixture.Machine.ConnectAsync(fixture.Cart.EndPoint(8104))), "new connections are refused");

        Assert.Equal("during", await open.AskAsync("during"));
        open.Dispose();
        await fixture.Proxy.WaitForExitAsync();
        Assert.Equal(0, fixture.Proxy.ExitCode);
        await fixture.StartProxyAsync();
    }
}
