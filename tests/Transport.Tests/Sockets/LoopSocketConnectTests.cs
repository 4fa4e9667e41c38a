using System.Net;
using System.Net.Sockets;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.TestKit;

namespace Ambient.Transport.Tests.Sockets;

public class LoopSocketConnectTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task A_dial_gives_a_connection(string address)
    {
        using var running = new RunningLoop();
        using var listener = ListeningSocket.Open(new(IPAddress.Parse(address), 0), new());
        var to = TcpSockets.LocalName(listener).ToEndPoint();

        var (socket, failure) = await DialAsync(running, OutgoingSocket.Open(to.AddressFamily, new()), to);

        Assert.True(failure.IsNone);
        Assert.Equal(to, await running.RunAsync(() => socket!.RemoteEndPoint));
        await running.RunAsync(socket!.Dispose);
    }

    [Fact]
    public async Task A_refused_dial_says_so()
    {
        using var running = new RunningLoop();
        IPEndPoint to;
        using (var listener = ListeningSocket.Open(new(IPAddress.Loopback, 0), new()))
            to = TcpSockets.LocalName(listener).ToEndPoint();
        var before = OpenDescriptors.Count();

        var (socket, failure) = await DialAsync(running, OutgoingSocket.Open(AddressFamily.InterNetwork, new()), to);

        Assert.Null(socket);
        Assert.Equal(new ConnectFailure(ConnectFailureKind.Refused, Errno.ConnectionRefused), failure);
        Assert.Contains($"connect({to})", failure.Describe(to), StringComparison.Ordinal);
        Assert.Equal(before, OpenDescriptors.Count());
    }

    [Fact]
    public async Task A_dial_without_a_route_is_unreachable()
    {
        using var inside = new TemporaryNamespace();
        using var running = new RunningLoop();

        var (socket, failure) = await DialAsync(running, Open(inside), new(IPAddress.Parse("192.0.2.1"), 80));

        Assert.Null(socket);
        Assert.Equal(ConnectFailureKind.Unreachable, failure.Kind);
    }

    [Fact]
    public async Task A_dial_that_nobody_answers_times_out_at_its_limit()
    {
        var time = new ManualTime();
        using var inside = new TemporaryNamespace();
        inside.Execute("nft", "table ip t { chain in { type filter hook input priority 0; tcp dport 80 drop; }; }");
        using var running = new RunningLoop(time);
        var before = OpenDescriptors.Count();
        var dial = DialAsync(running, Open(inside), new(IPAddress.Loopback, 80), TimeSpan.FromSeconds(10));
        await running.RunAsync(() => { });

        time.Advance(TimeSpan.FromSeconds(10) - TimeSpan.FromTicks(1));
        await running.RunAsync(() => { });
        Assert.False(dial.IsCompleted);
        time.Advance(TimeSpan.FromTicks(1));

        var (socket, failure) = await dial;
        Assert.Null(socket);
        Assert.Equal(ConnectFailureKind.TimedOut, failure.Kind);
        Assert.Equal(before, OpenDescriptors.Count());
    }

    [Fact]
    public async Task A_dial_without_a_free_port_says_that_ports_are_exhausted()
    {
        using var inside = new TemporaryNamespace();
        inside.Sysctl("net.ipv4.ip_local_port_range", "40000 40000");
        using var running = new RunningLoop();
        using var listener = inside.Namespace.Run(() => ListeningSocket.Open(new(IPAddress.Loopback, 80), new()));
        var (first, _) = await DialAsync(running, Open(inside), new(IPAddress.Loopback, 80));

        var (second, failure) = await DialAsync(running, Open(inside), new(IPAddress.Loopback, 80));

        Assert.NotNull(first);
        Assert.Null(second);
        Assert.Equal(ConnectFailureKind.PortsExhausted, failure.Kind);
        await running.RunAsync(first.Dispose);
    }

    private static Descriptor Open(TemporaryNamespace inside) =>
        inside.Namespace.Run(() => OutgoingSocket.Open(AddressFamily.InterNetwork, new()));

    private static Task<(LoopSocket?, ConnectFailure)> DialAsync(RunningLoop running, Descriptor socket, IPEndPoint to, TimeSpan? limit = null) =>
        running.RunAsync(() => LoopSocket.ConnectAsync(running.Loop, socket, to, limit ?? RunningLoop.Limit));
}
