using System.Net.Sockets;
using Ambient.TestKit.Peers;
using Ambient.Ztunnel.Dns.Messages;

namespace Ambient.Ztunnel.Tests.Dns;

/// <summary>The programs that operators use, as clients.</summary>
public sealed class DigTests
{
    private static TestMesh Web() => new TestMesh()
        .Service("web.ns1.svc.cluster.local", "ns1", ["10.0.0.1", "fd00::1"])
        .Service("large.example.com", "ns1", [.. Enumerable.Range(0, 250).Select(i => $"10.2.0.{i}")]);

    private static Task<string> DigAsync(DnsLab lab, params string[] arguments) => PeerProcess.RunAsync("dig",
        ["-p", lab.Udp.Port.ToString(), "@127.0.0.1", "+tries=1", "+time=10", .. arguments]);

    private static Task<string> DigTcpAsync(DnsLab lab, params string[] arguments) => PeerProcess.RunAsync("dig",
        ["-p", lab.Tcp.Port.ToString(), "@127.0.0.1", "+tcp", "+tries=1", "+time=10", .. arguments]);

    [Fact]
    public async Task A_service_is_resolved_by_UDP_and_TCP_with_and_without_EDNS()
    {
        await using var lab = await DnsLab.StartAsync(Web());

        Assert.Equal("10.0.0.1\n", await DigAsync(lab, "+short", "web.ns1.svc.cluster.local", "A"));
        Assert.Equal("fd00::1\n", await DigAsync(lab, "+short", "+noedns", "web", "AAAA"));
        Assert.Equal("10.0.0.1\n", await DigTcpAsync(lab, "+short", "web.ns1", "A"));
        Assert.Equal("10.0.0.1\n", await DigTcpAsync(lab, "+short", "+bufsize=600", "+dnssec", "web.ns1.svc", "A"));
    }

    [Fact]
    public async Task Dig_negotiates_the_version_of_EDNS()
    {
        await using var lab = await DnsLab.StartAsync(Web());

        Assert.Contains("status: BADVERS", await DigAsync(lab, "+edns=5", "+noednsnegotiation", "web", "A"));
        Assert.Contains("10.0.0.1", await DigAsync(lab, "+edns=5", "+ednsnegotiation", "web", "A"));
    }

    [Fact]
    public async Task A_truncated_answer_says_so()
    {
        await using var lab = await DnsLab.StartAsync(Web());

        Assert.Contains("flags: qr aa tc rd ra;", await DigAsync(lab, "+ignore", "+bufsize=1232", "large.example.com", "A"));
        Assert.Contains("ANSWER: 250,", await DigTcpAsync(lab, "large.example.com", "A"));
    }

    [Theory]
    [InlineData("SRV", "_http._tcp.web.ns1.svc.cluster.local")]
    [InlineData("TXT", "web.ns1.svc.cluster.local")]
    [InlineData("ANY", "web.ns1.svc.cluster.local")]
    [InlineData("TYPE65400", "example.com")]
    [InlineData("A", "www.example.com")]
    public async Task Other_questions_reach_the_upstream_as_dig_wrote_them(string type, string name)
    {
        await using var upstream = Upstream.Answering(code: 3);
        await using var lab = await DnsLab.StartAsync(Web(), upstream);

        var byUdp = await DigAsync(lab, "+notcp", "+dnssec", "+subnet=10.0.0.0/8", "+nocookie", "+qid=4660", name, type);
        var byTcp = await DigTcpAsync(lab, "+dnssec", "+subnet=10.0.0.0/8", "+nocookie", "+qid=4660", name, type);

        Assert.Contains("status: NXDOMAIN, id: 4660", byUdp);
        Assert.Contains("status: NXDOMAIN, id: 4660", byTcp);
        var (udp, tcp) = (await upstream.NextAsync(), await upstream.NextAsync());
        Assert.Equal((false, true, 4660), (udp.ByTcp, tcp.ByTcp, tcp.Id)); // TCP is relayed whole, so it is what dig wrote
        Assert.Equal(tcp.Message[2..], udp.Message[2..]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(6)]
    [InlineData(15)]
    public async Task Any_opcode_is_forwarded(int opcode)
    {
        await using var upstream = Upstream.Answering(code: 4);
        await using var lab = await DnsLab.StartAsync(Web(), upstream);

        var output = await DigAsync(lab, $"+opcode={opcode}", "+qid=7", "web.ns1.svc.cluster.local", "A");

        Assert.Contains("status: NOTIMP, id: 7", output);
        Assert.Equal(opcode, (await upstream.NextAsync()).Message[2] >> 3 & 0xF);
    }

    [Fact]
    public async Task The_reason_of_a_failure_is_shown()
    {
        await using var lab = await DnsLab.StartAsync(Web(), DnsLab.Towards());

        var output = await DigAsync(lab, "www.example.com", "A");

        Assert.Contains("status: SERVFAIL", output);
        Assert.Contains("no nameserver is configured in resolv.conf", output);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_signed_dynamic_update_reaches_the_upstream(bool byTcp)
    {
        await using var upstream = new Upstream(static received => received.ReplyAsync([.. received.Message[..2], 0xA8, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
        await using var lab = await DnsLab.StartAsync(Web(), upstream);
        using var update = PeerProcess.Start("nsupdate", byTcp ? ["-v", "-d"] : ["-d"]);

        await update.Input.WriteAsync($"""
            server 127.0.0.1 {(byTcp ? lab.Tcp.Port : lab.Udp.Port)}
            zone example.com
            update add www.example.com 60 A 10.0.0.9
            send
            """);
        update.Input.Close();
        Assert.Equal(0, await update.WaitForExitAsync());

        var received = await upstream.NextAsync();
        Assert.Equal((5, byTcp), (received.Message[2] >> 3 & 0xF, received.ByTcp));
        Assert.Contains("opcode: UPDATE, status: NOERROR", update.Output);
    }

    [Fact]
    public async Task A_name_is_resolved_from_the_inside_for_both_families()
    {
        await using var upstream = new Upstream(static received => received.ReplyAsync(Answer(received)));
        await using var lab = await DnsLab.StartAsync(Web(), upstream);

        var ours = await lab.Proxy.ResolveAsync("Web.ns1.", AddressFamily.InterNetworkV6);
        var theirs = await lab.Proxy.ResolveAsync("www.example.com", AddressFamily.InterNetwork);
        var none = await lab.Proxy.ResolveAsync("not..a.name", AddressFamily.InterNetwork);

        Assert.Equal(["fd00::1", "10.0.0.1"], ours.Addresses.Select(address => address.ToString()));
        Assert.Equal(["192.0.2.7"], theirs.Addresses.Select(address => address.ToString()));
        Assert.Contains("not a host name", none.Failure);
    }

    [Fact]
    public async Task A_name_whose_answer_has_no_room_in_a_datagram_is_asked_for_over_TCP()
    {
        await using var upstream = new Upstream(static received => received.ReplyAsync(received.ByTcp ? Answer(received) : Cut(received)));
        await using var lab = await DnsLab.StartAsync(Web(), upstream);

        var resolved = await lab.Proxy.ResolveAsync("www.example.com", AddressFamily.InterNetwork);

        Assert.Equal(["192.0.2.7"], resolved.Addresses.Select(address => address.ToString()));
    }

    private static byte[] Cut(Received received)
    {
        var response = received.Response();
        response[2] |= 0x02; // TC
        return response;
    }

    // An alias and the address of what it stands for, to the question for A only; the OPT record of the query is left out.
    private static byte[] Answer(Received received)
    {
        Question.TryRead(received.Message, DnsHeader.Size, out var question);
        byte[] records = question.Type != RecordType.A ? []
            : [0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 4, 1, (byte)'x', 0xC0, 16, 0xC0, 45, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 7];
        return [.. received.Message[..2], 0x81, 0x80, 0, 1, 0, (byte)(records.Length > 0 ? 2 : 0), 0, 0, 0, 0, .. received.Message[12..question.End], .. records];
    }
}
