using System.Net;
using System.Net.Sockets;
using Ambient.CniAgent.Redirection;
using Ambient.Linux.Namespaces;
using static Ambient.CniAgent.Tests.PodLab;

namespace Ambient.CniAgent.Tests.Redirection;

/// <summary>The rules, asserted by traffic between namespaces.</summary>
public sealed class RedirectionTests : IDisposable
{
    private readonly PodLab _lab = new();

    public void Dispose() => _lab.Dispose();

    private Task InstallAsync(RedirectSettings? settings = null, bool keepsConnections = false) =>
        new RuleInstaller(Node, keepsConnections).EnsureAsync(_lab.Pod, settings ?? Defaults);

    [Theory, InlineData(false), InlineData(true)]
    public async Task Outbound_connections_come_to_15001_with_their_target(bool v6)
    {
        await InstallAsync();
        using var proxy = Listen(_lab.Pod, 15001, marked: true);

        using var app = await ConnectAsync(_lab.Pod, PeerAddress(v6), 8080);
        using var captured = await AcceptAsync(proxy);

        Assert.Equal(new IPEndPoint(PeerAddress(v6), 8080), OriginalTarget(captured));
        await AssertTheyTalkAsync(app, captured);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Outbound_is_refused_while_no_proxy_listens(bool v6)
    {
        await InstallAsync();
        using var server = Listen(_lab.Peer, 8080);

        await AssertRefusedAsync(_lab.Pod, PeerAddress(v6), 8080);

        Assert.False(server.Poll(0, SelectMode.SelectRead));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Inbound_connections_come_to_15006_with_their_target(bool v6)
    {
        await InstallAsync();
        using var app = Listen(_lab.Pod, 8080);
        using var proxy = Listen(_lab.Pod, 15006, marked: true);

        using var client = await ConnectAsync(_lab.Peer, PodAddress(v6), 8080);
        using var captured = await AcceptAsync(proxy);

        Assert.Equal(new IPEndPoint(PodAddress(v6), 8080), OriginalTarget(captured));
        await AssertTheyTalkAsync(client, captured);
        Assert.False(app.Poll(0, SelectMode.SelectRead));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Inbound_is_refused_while_no_proxy_listens_also_where_the_application_does(bool v6)
    {
        await InstallAsync();
        using var app = Listen(_lab.Pod, 8080);

        await AssertRefusedAsync(_lab.Peer, PodAddress(v6), 8080);
        await AssertRefusedAsync(_lab.Peer, PodAddress(v6), 15008);

        Assert.False(app.Poll(0, SelectMode.SelectRead));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Tunnels_reach_15008_directly(bool v6)
    {
        await InstallAsync();
        using var proxy = Listen(_lab.Pod, 15008, marked: true);

        using var client = await ConnectAsync(_lab.Peer, PodAddress(v6), 15008);
        using var tunnel = await AcceptAsync(proxy);

        await AssertTheyTalkAsync(client, tunnel);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task What_the_proxy_opens_leaves_the_pod(bool v6)
    {
        await InstallAsync();
        using var server = Listen(_lab.Peer, 8080);

        using var upstream = await ConnectAsync(_lab.Pod, PeerAddress(v6), 8080, marked: true);
        using var accepted = await AcceptAsync(server);

        await AssertTheyTalkAsync(upstream, accepted);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task The_node_reaches_the_ports_of_probes_directly(bool v6)
    {
        await InstallAsync(Defaults with { ProbePorts = [8080, 9090] });
        using var app = Listen(_lab.Pod, 8080);

        using var probe = await ConnectAsync(_lab.Peer, PodAddress(v6), 8080, source: NodeAddress(v6));
        using var accepted = await AcceptAsync(app);

        await AssertTheyTalkAsync(probe, accepted);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task The_node_reaches_no_other_port_and_others_reach_none(bool v6)
    {
        await InstallAsync(Defaults with { ProbePorts = [8080] });
        using var probed = Listen(_lab.Pod, 8080);
        using var other = Listen(_lab.Pod, 8081);
        using var proxy = Listen(_lab.Pod, 15006, marked: true);

        using var fromNode = await ConnectAsync(_lab.Peer, PodAddress(v6), 8081, source: NodeAddress(v6));
        using var first = await AcceptAsync(proxy);
        using var fromOther = await ConnectAsync(_lab.Peer, PodAddress(v6), 8080);
        using var second = await AcceptAsync(proxy);

        Assert.Equal([8081, 8080], [OriginalTarget(first).Port, OriginalTarget(second).Port]);
        Assert.False(probed.Poll(0, SelectMode.SelectRead) || other.Poll(0, SelectMode.SelectRead));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task The_pod_itself_does_not_reach_the_node_directly(bool v6)
    {
        await InstallAsync(Defaults with { ProbePorts = [8080] });

        await AssertRefusedAsync(_lab.Pod, NodeAddress(v6), 8080);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_connection_with_the_clients_source_gets_its_replies_back(bool v6)
    {
        await InstallAsync();
        using var app = Listen(_lab.Pod, 8080);

        using var proxy = await ConnectAsync(_lab.Pod, PodAddress(v6), 8080, marked: true, source: PeerAddress(v6));
        using var accepted = await AcceptAsync(app);

        var seen = ((IPEndPoint)accepted.RemoteEndPoint!).Address;
        Assert.Equal(PeerAddress(v6), seen.IsIPv4MappedToIPv6 ? seen.MapToIPv4() : seen);
        for (var i = 0; i < 3; i++)
            await AssertTheyTalkAsync(proxy, accepted);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_pod_reaches_itself_without_the_proxy(bool v6)
    {
        await InstallAsync();
        using var app = Listen(_lab.Pod, 8080);

        foreach (var self in new[] { PodAddress(v6), v6 ? IPAddress.IPv6Loopback : IPAddress.Loopback })
        {
            using var client = await ConnectAsync(_lab.Pod, self, 8080);
            using var accepted = await AcceptAsync(app);
            await AssertTheyTalkAsync(client, accepted);
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Dns_over_udp_is_captured_and_the_proxys_own_goes_out_even_from_the_same_port(bool v6)
    {
        await InstallAsync();
        using var resolver = Udp(_lab.Pod, v6, 15053, marked: true, at: v6 ? IPAddress.IPv6Loopback : IPAddress.Loopback);
        using var server = Udp(_lab.Peer, v6, 53);
        var target = new IPEndPoint(PeerAddress(v6), 53);
        using var socket = Udp(_lab.Pod, v6, 0);

        Assert.Equal(target, await AskAsync(socket, target, resolver));
        SetMark(socket); // the proxy's from now on
        Assert.Equal(target, await AskAsync(socket, target, server));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Dns_over_tcp_is_captured(bool v6)
    {
        await InstallAsync();
        using var resolver = Listen(_lab.Pod, 15053, marked: true);

        using var app = await ConnectAsync(_lab.Pod, PeerAddress(v6), 53);
        using var captured = await AcceptAsync(resolver);

        await AssertTheyTalkAsync(app, captured);
    }

    [Fact]
    public async Task Without_dns_capture_udp_goes_out_and_tcp_is_outbound_traffic()
    {
        await InstallAsync(Defaults with { CaptureDns = false });
        using var server = Udp(_lab.Peer, v6: false, 53);
        using var app = Udp(_lab.Pod, v6: false, 0);
        using var proxy = Listen(_lab.Pod, 15001, marked: true);

        await AskAsync(app, new IPEndPoint(PeerAddress(false), 53), server);
        using var tcp = await ConnectAsync(_lab.Pod, PeerAddress(false), 53);
        using var captured = await AcceptAsync(proxy);

        Assert.Equal(53, OriginalTarget(captured).Port);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_pod_that_bypasses_inbound_capture_is_reached_directly_and_still_captured_outbound(bool v6)
    {
        await InstallAsync(Defaults with { BypassInbound = true });
        using var app = Listen(_lab.Pod, 8080);
        using var server = Listen(_lab.Peer, 8080);

        using var client = await ConnectAsync(_lab.Peer, PodAddress(v6), 8080);
        using var accepted = await AcceptAsync(app);

        await AssertTheyTalkAsync(client, accepted);
        await AssertRefusedAsync(_lab.Pod, PeerAddress(v6), 8080);
    }

    [Fact]
    public async Task What_comes_in_on_a_virtual_interface_is_outbound_traffic()
    {
        await InstallAsync(Defaults with { VirtualInterfaces = ["eth0"] });
        using var proxy = Listen(_lab.Pod, 15001, marked: true);

        using var client = await ConnectAsync(_lab.Peer, PodAddress(false), 8080);
        using var captured = await AcceptAsync(proxy);

        Assert.Equal(8080, OriginalTarget(captured).Port);
    }

    [Theory]
    [InlineData(false, false), InlineData(true, false), InlineData(false, true), InlineData(true, true)]
    public async Task Connections_from_before_are_reset_by_the_next_byte_of_the_pod(bool v6, bool trackedBefore)
    {
        if (trackedBefore)
            TrackConnections();
        using var server = Listen(_lab.Peer, 8080);
        using var app = await ConnectAsync(_lab.Pod, PeerAddress(v6), 8080);
        using var accepted = await AcceptAsync(server);
        await AssertTheyTalkAsync(app, accepted);

        await InstallAsync();
        await app.SendAsync("plaintext"u8.ToArray());

        await AssertResetAsync(app);
        Assert.False(accepted.Poll(0, SelectMode.SelectRead) && accepted.Available > 0);
    }

    [Theory]
    [InlineData(false, false), InlineData(true, false), InlineData(false, true), InlineData(true, true)]
    public async Task Connections_from_before_never_bring_an_answer_out_of_the_pod(bool v6, bool trackedBefore)
    {
        if (trackedBefore)
            TrackConnections();
        using var server = Listen(_lab.Pod, 8080);
        using var client = await ConnectAsync(_lab.Peer, PodAddress(v6), 8080);
        using var app = await AcceptAsync(server);
        await AssertTheyTalkAsync(client, app);

        await InstallAsync();
        await app.SendAsync("plaintext"u8.ToArray());

        await AssertResetAsync(app);
        Assert.Equal(0, client.Available);
    }

    [Theory]
    [InlineData(false, false), InlineData(true, false), InlineData(false, true), InlineData(true, true)]
    public async Task Connections_from_before_go_on_where_they_may_and_new_ones_are_captured(bool v6, bool trackedBefore)
    {
        if (trackedBefore)
            TrackConnections();
        using var outside = Listen(_lab.Peer, 8080);
        using var inside = Listen(_lab.Pod, 8081);
        using var outbound = await ConnectAsync(_lab.Pod, PeerAddress(v6), 8080);
        using var outboundEnd = await AcceptAsync(outside);
        using var inbound = await ConnectAsync(_lab.Peer, PodAddress(v6), 8081);
        using var inboundEnd = await AcceptAsync(inside);

        await InstallAsync(keepsConnections: true);
        await InstallAsync(Defaults with { ProbePorts = [1] }, keepsConnections: true); // by another process, with other rules

        await AssertTheyTalkAsync(outbound, outboundEnd);
        await AssertTheyTalkAsync(inbound, inboundEnd);
        await AssertRefusedAsync(_lab.Pod, PeerAddress(v6), 8080);
        await AssertRefusedAsync(_lab.Peer, PodAddress(v6), 8081);
    }

    [Fact]
    public async Task What_began_while_the_rules_were_gone_is_not_older_than_they_are()
    {
        var installer = new RuleInstaller(Node, keepsConnections: true);
        await installer.EnsureAsync(_lab.Pod, Defaults);
        using var server = Listen(_lab.Peer, 8080);
        _lab.InPod("nft", "flush ruleset");
        using var bypass = await ConnectAsync(_lab.Pod, PeerAddress(false), 8080);
        using var accepted = await AcceptAsync(server);

        Assert.NotEmpty(await installer.EnsureAsync(_lab.Pod, Defaults));
        await bypass.SendAsync("plaintext"u8.ToArray());

        await AssertResetAsync(bypass);
        Assert.Equal(0, accepted.Available);
    }

    [Fact]
    public async Task Replacing_the_rules_leaves_captured_connections_alone()
    {
        var installer = new RuleInstaller(Node, keepsConnections: true);
        await installer.EnsureAsync(_lab.Pod, Defaults);
        using var proxy = Listen(_lab.Pod, 15001, marked: true);
        using var app = await ConnectAsync(_lab.Pod, PeerAddress(false), 8080);
        using var captured = await AcceptAsync(proxy);
        await AssertTheyTalkAsync(app, captured);

        _lab.InPod("nft", "flush chain inet ambient guard-out");
        Assert.NotEmpty(await installer.EnsureAsync(_lab.Pod, Defaults));

        await AssertTheyTalkAsync(app, captured);
    }

    // How a pod leaves the mesh, and comes back before it has left.
    [Theory, InlineData(false), InlineData(true)]
    public async Task Opened_rules_capture_nothing_and_carry_what_was_captured(bool v6)
    {
        var installer = new RuleInstaller(Node, keepsConnections: true);
        await installer.EnsureAsync(_lab.Pod, Defaults);
        using var outbound = Listen(_lab.Pod, 15001, marked: true);
        using var inbound = Listen(_lab.Pod, 15006, marked: true);
        using var inside = Listen(_lab.Pod, 8081);
        using var outside = Listen(_lab.Peer, 8080);
        using var app = await ConnectAsync(_lab.Pod, PeerAddress(v6), 8080);
        using var appCaptured = await AcceptAsync(outbound);
        using var client = await ConnectAsync(_lab.Peer, PodAddress(v6), 8081);
        using var clientCaptured = await AcceptAsync(inbound);
        using var dialled = await ConnectAsync(_lab.Pod, PodAddress(v6), 8081, marked: true, source: PeerAddress(v6));
        using var served = await AcceptAsync(inside);

        await installer.OpenAsync(_lab.Pod);

        await AssertTheyTalkAsync(app, appCaptured);
        await AssertTheyTalkAsync(client, clientCaptured);
        await AssertTheyTalkAsync(dialled, served);
        using var direct = await ConnectAsync(_lab.Pod, PeerAddress(v6), 8080);
        using var directEnd = await AcceptAsync(outside);
        using var directIn = await ConnectAsync(_lab.Peer, PodAddress(v6), 8081);
        using var directInEnd = await AcceptAsync(inside);
        await AssertTheyTalkAsync(directIn, directInEnd);

        await installer.EnsureAsync(_lab.Pod, Defaults);

        await AssertTheyTalkAsync(direct, directEnd);
        await AssertTheyTalkAsync(directIn, directInEnd);
        await AssertTheyTalkAsync(app, appCaptured);
        using var again = await ConnectAsync(_lab.Pod, PeerAddress(v6), 8080);
        using var againCaptured = await AcceptAsync(outbound);
        await AssertTheyTalkAsync(again, againCaptured);
    }

    // Makes the kernel track connections before our rules exist, as a firewall inside the pod would.
    private void TrackConnections() =>
        _lab.InPod("nft", "add table inet firewall { chain in { type filter hook input priority 0; ct state established accept; }; }");

    private static async Task AssertResetAsync(Socket socket)
    {
        var error = await Assert.ThrowsAsync<SocketException>(() => ReceiveAsync(socket));
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    private static Socket Udp(NetworkNamespace where, bool v6, int port, bool marked = false, IPAddress? at = null)
    {
        var socket = Create(where, SocketType.Dgram, v6, marked);
        socket.Bind(new IPEndPoint(at ?? (v6 ? IPAddress.IPv6Any : IPAddress.Any), port));
        return socket;
    }

    /// <summary>Asks <paramref name="target"/>, lets <paramref name="answering"/> answer, and tells where the answer seems to come from.</summary>
    private static async Task<EndPoint> AskAsync(Socket asking, IPEndPoint target, Socket answering)
    {
        await asking.SendToAsync("question"u8.ToArray(), target);
        var buffer = new byte[64];
        var question = await answering.ReceiveFromAsync(buffer, SocketFlags.None, Any(answering)).WaitAsync(Patience);
        await answering.SendToAsync("answer"u8.ToArray(), question.RemoteEndPoint);
        var answer = await asking.ReceiveFromAsync(buffer, SocketFlags.None, Any(asking)).WaitAsync(Patience);
        return answer.RemoteEndPoint;
    }

    private static IPEndPoint Any(Socket socket) =>
        new(socket.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
}
