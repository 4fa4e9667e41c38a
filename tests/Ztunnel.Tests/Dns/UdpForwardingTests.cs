using System.Net;
using System.Net.Sockets;
using Ambient.Linux;
using Ambient.TestKit;
using Ambient.Ztunnel.Dns.Forwarding;
using Ambient.Ztunnel.Dns.Messages;

namespace Ambient.Ztunnel.Tests.Dns;

public sealed class UdpForwardingTests
{
    private static readonly byte[] Query = DnsMessages.Query("www.example.com", RecordType.MX);

    public static TheoryData<string, byte[]> AnyMessages() => new()
    {
        { "a plain question", DnsMessages.Query("www.example.com", RecordType.A) },
        { "mixed case", DnsMessages.Query("wWw.eXample.COM", RecordType.AAAA) },
        { "EDNS with DO and an option", [.. DnsMessages.Header(7, additionals: 1), .. DnsMessages.Question("a.example", RecordType.TXT), 0, 0, 41, 4, 208, 0, 0, 128, 0, 0, 6, 0, 10, 0, 2, 1, 2] },
        { "EDNS of a later version", DnsMessages.QueryWithEdns("a.example", RecordType.A, 1232, version: 3) },
        { "UPDATE", [.. DnsMessages.Header(8, 0x2800, 1, 0, 1), .. DnsMessages.Question("example.com", RecordType.SOA), .. DnsMessages.Name("a.example.com"), 0, 1, 0, 1, 0, 0, 1, 0, 0, 4, 10, 0, 0, 1] },
        { "NOTIFY", DnsMessages.Query("example.com", RecordType.SOA, flags: 0x2400) },
        { "STATUS with a body of its own", [.. DnsMessages.Header(9, 0x1000, 0), 1, 2, 3] },
        { "an unknown opcode with a body of its own", [.. DnsMessages.Header(9, 0x7800, 1), 0xFF, 0xFF] },
        { "an unknown type and class", [.. DnsMessages.Header(10), .. DnsMessages.Question("a.example", (RecordType)65401, 254)] },
        { "no question", [.. DnsMessages.Header(11, questions: 0, additionals: 1), .. DnsMessages.Opt(1232)] },
        { "two questions", [.. DnsMessages.Header(12, questions: 2), .. DnsMessages.Question("a.example", RecordType.A), .. DnsMessages.Question("b.example", RecordType.A)] },
        { "surplus bytes", [.. DnsMessages.Query("a.example", RecordType.SRV), 1, 2, 3] },
        { "a large message", [.. DnsMessages.Query("a.example", RecordType.SRV), .. new byte[8000]] },
    };

    [Theory]
    [MemberData(nameof(AnyMessages))]
    public async Task Both_directions_are_relayed_byte_for_byte_but_for_the_identifier(string what, byte[] message)
    {
        await using var upstream = new Upstream();
        await using var lab = await DnsLab.StartAsync(upstream);
        using var client = lab.NewUdpClient();

        await client.SendAsync(message);
        var received = await upstream.NextAsync();
        var response = received.Response(3, 0xDE, 0xAD, 0xBE, 0xEF);
        await received.ReplyAsync(response);
        var answer = await client.ReceiveAsync();

        Assert.True(received.Message.AsSpan(2).SequenceEqual(message.AsSpan(2)), what);
        Assert.False(received.ByTcp);
        Assert.Equal(Received.WithId(response, DnsHeader.ReadId(message)), answer);
    }

    [Fact]
    public async Task A_truncated_answer_stays_truncated()
    {
        await using var upstream = new Upstream();
        await using var lab = await DnsLab.StartAsync(upstream);
        using var client = lab.NewUdpClient();

        await client.SendAsync(Query);
        var received = await upstream.NextAsync();
        var response = received.Response();
        response[2] |= 0x02; // TC
        await received.ReplyAsync(response);

        Assert.Equal(Received.WithId(response, 0x1234), await client.ReceiveAsync());
        Assert.False(upstream.HasMore);
    }

    [Fact]
    public async Task Identifiers_and_source_ports_differ_from_query_to_query()
    {
        await using var upstream = Upstream.Answering();
        await using var lab = await DnsLab.StartAsync(upstream);

        for (var i = 0; i < 32; i++)
            await lab.AskAsync(Query);

        var received = new List<Received>();
        while (upstream.HasMore)
            received.Add(await upstream.NextAsync());
        Assert.Equal(32, received.Count);
        Assert.True(received.Select(query => query.Id).Distinct().Count() >= 30, "identifiers repeat");
        Assert.True(received.Select(query => query.From.Port).Distinct().Count() >= 24, "source ports repeat");
    }

    [Fact]
    public async Task A_message_signed_by_SIG_0_keeps_its_identifier()
    {
        await using var upstream = Upstream.Answering();
        await using var lab = await DnsLab.StartAsync(upstream);
        byte[] signed = [.. DnsMessages.Header(0x4242, additionals: 1), .. DnsMessages.Question("a.example", RecordType.A), 0, 0, 24, 0, 255, 0, 0, 0, 0, 0, 2, 1, 2];

        await lab.AskAsync(signed);

        Assert.Equal(signed, (await upstream.NextAsync()).Message);
    }

    public static TheoryData<string, Func<byte[], byte[]>> Forgeries() => new()
    {
        { "another identifier", static reply => Received.WithId(reply, DnsHeader.ReadId(reply) ^ 1) },
        { "no response", static reply => [.. reply[..2], (byte)(reply[2] & 0x7F), .. reply[3..]] },
        { "another opcode", static reply => [.. reply[..2], (byte)(reply[2] | 0x28), .. reply[3..]] },
        { "another name", static reply => [.. reply[..13], (byte)(reply[13] ^ 1), .. reply[14..]] },
        { "another type", static reply => [.. reply[..^4], 0, 99, .. reply[^2..]] },
        { "another class", static reply => [.. reply[..^1], 3] },
        { "no question", static reply => [.. reply[..4], 0, 0, .. reply[6..12]] },
        { "half a question", static reply => reply[..15] },
        { "half a header", static reply => reply[..11] },
        { "nothing", static _ => [] },
    };

    [Theory]
    [MemberData(nameof(Forgeries))]
    public async Task A_reply_that_does_not_belong_to_the_query_is_ignored(string what, Func<byte[], byte[]> forge)
    {
        await using var upstream = new Upstream();
        await using var lab = await DnsLab.StartAsync(upstream);
        using var client = lab.NewUdpClient();

        await client.SendAsync(Query);
        var received = await upstream.NextAsync();
        var genuine = received.Response();
        await received.ReplyAsync(forge(genuine));
        await received.ReplyAsync(genuine);

        Assert.True((await client.ReceiveAsync()).AsSpan().SequenceEqual(Received.WithId(genuine, 0x1234)), what);
    }

    [Fact]
    public async Task A_reply_from_another_address_or_port_is_ignored()
    {
        await using var upstream = new Upstream();
        await using var lab = await DnsLab.StartAsync(upstream);
        using var client = lab.NewUdpClient();
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

        await client.SendAsync(Query);
        var received = await upstream.NextAsync();
        await stranger.SendToAsync(received.Response(code: 5), received.From);
        await received.ReplyAsync(received.Response(code: 3));

        Assert.Equal(ResponseCode.NameError, DnsMessages.Read(await client.ReceiveAsync()).Code);
        Assert.False(client.HasAnswer);
    }

    [Fact]
    public async Task A_second_answer_to_a_query_goes_nowhere()
    {
        await using var upstream = new Upstream();
        await using var lab = await DnsLab.StartAsync(upstream);
        using var client = lab.NewUdpClient();

        await client.SendAsync(Query);
        var first = await upstream.NextAsync();
        await first.ReplyAsync(first.Response());
        await client.ReceiveAsync();
        await first.ReplyAsync(first.Response(code: 5));
        await client.SendAsync(Received.WithId(Query, 2));
        var second = await upstream.NextAsync();
        await second.ReplyAsync(second.Response(code: 3));

        var answer = DnsMessages.Read(await client.ReceiveAsync());
        Assert.Equal((2, ResponseCode.NameError), (answer.Id, answer.Code));
        Assert.False(client.HasAnswer);
    }

    [Fact]
    public async Task An_upstream_that_refuses_is_followed_by_the_next_at_once()
    {
        await using var closed = new Upstream();
        closed.StopListening();
        var nowhere = new IPEndPoint(IPAddress.Loopback, 1);
        await using var upstream = Upstream.Answering(code: 3);
        var resolvers = ResolverConfiguration.Empty with { Upstreams = [nowhere, upstream.EndPoint] };
        await using var lab = await DnsLab.StartAsync(new TestMesh(), resolvers, time: new ManualTime()); // so nothing can be due to a timeout

        Assert.Equal(ResponseCode.NameError, DnsMessages.Read(await lab.AskAsync(Query)).Code);
    }

    [Fact]
    public async Task A_silent_upstream_is_followed_by_the_next_and_may_still_answer()
    {
        var time = new ManualTime();
        await using var slow = new Upstream();
        await using var silent = new Upstream();
        await using var lab = await DnsLab.StartAsync(new TestMesh(), DnsLab.Towards(slow, silent), time: time);
        using var client = lab.NewUdpClient();

        await client.SendAsync(Query);
        var first = await slow.NextAsync();
        time.Advance(TimeSpan.FromSeconds(1.26)); // more than a quarter of 5 s: two upstreams, two attempts
        await silent.NextAsync();
        await first.ReplyAsync(first.Response(code: 3));

        Assert.Equal(ResponseCode.NameError, DnsMessages.Read(await client.ReceiveAsync()).Code);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task An_upstream_that_cannot_help_is_followed_by_the_next(int code)
    {
        await using var unhelpful = Upstream.Answering(code);
        await using var upstream = Upstream.Answering(code: 3);
        await using var lab = await DnsLab.StartAsync(new TestMesh(), DnsLab.Towards(unhelpful, upstream), time: new ManualTime());

        Assert.Equal(ResponseCode.NameError, DnsMessages.Read(await lab.AskAsync(Query)).Code);
    }

    [Fact]
    public async Task If_no_upstream_can_help_the_last_answer_is_relayed_as_it_is()
    {
        await using var upstream = Upstream.Answering(code: 5);
        await using var lab = await DnsLab.StartAsync(new TestMesh(), DnsLab.Towards(upstream), time: new ManualTime());

        var answer = DnsMessages.Read(await lab.AskAsync(Query));

        Assert.Equal(ResponseCode.Refused, answer.Code);
        Assert.Equal(0, lab.Metrics.Count("failed"));
    }

    [Fact]
    public async Task Silence_of_all_upstreams_is_a_server_failure_with_a_reason_after_5_seconds()
    {
        var time = new ManualTime();
        await using var silent = new Upstream();
        await using var lab = await DnsLab.StartAsync(new TestMesh(), DnsLab.Towards(silent), time: time);
        using var client = lab.NewUdpClient();

        await client.SendAsync(DnsMessages.QueryWithEdns("www.example.com", RecordType.A, 1232));
        await silent.NextAsync();
        time.Advance(TimeSpan.FromSeconds(2.51));
        await silent.NextAsync();
        time.Advance(TimeSpan.FromSeconds(2.51));

        var answer = DnsMessages.Read(await client.ReceiveAsync());
        Assert.Equal(ResponseCode.ServerFailure, answer.Code);
        Assert.Equal([0, 15], answer.Opt!.Data[..2]);
        Assert.Equal(22, answer.Opt.Data[5]); // no reachable authority
        Assert.Equal((1, 1, 1), (lab.Metrics.Count("forwarded"), lab.Metrics.Count("failed"), lab.Metrics.Count("took")));
    }

    [Fact]
    public async Task An_UPDATE_is_sent_once()
    {
        var time = new ManualTime();
        await using var upstream = new Upstream();
        await using var lab = await DnsLab.StartAsync(new TestMesh(), DnsLab.Towards(upstream), time: time);
        using var client = lab.NewUdpClient();

        await client.SendAsync(DnsMessages.Query("example.com", RecordType.SOA, flags: 0x2800));
        await upstream.NextAsync();
        time.Advance(TimeSpan.FromSeconds(5.01));

        Assert.Equal(ResponseCode.ServerFailure, DnsMessages.Read(await client.ReceiveAsync()).Code);
        Assert.False(upstream.HasMore);
    }

    [Fact]
    public async Task Without_upstreams_every_query_fails_with_that_reason()
    {
        await using var lab = await DnsLab.StartAsync(new TestMesh(), ResolverConfiguration.Empty);

        var answer = DnsMessages.Read(await lab.AskAsync(DnsMessages.QueryWithEdns("www.example.com", RecordType.A, 1232)));

        Assert.Contains("no nameserver", System.Text.Encoding.ASCII.GetString(answer.Opt!.Data));
    }

    [Fact]
    public async Task A_socket_that_cannot_be_made_is_a_server_failure()
    {
        await using var upstream = Upstream.Answering();
        await using var lab = await DnsLab.StartAsync(new TestMesh(), DnsLab.Towards(upstream),
            sockets: (_, _) => throw new LinuxException("socket", Errno.FilesExhausted));

        Assert.Equal(ResponseCode.ServerFailure, DnsMessages.Read(await lab.AskAsync(Query)).Code);
    }

    [Fact]
    public async Task Rotating_takes_turns()
    {
        await using var one = Upstream.Answering();
        await using var two = Upstream.Answering();
        await using var lab = await DnsLab.StartAsync(new TestMesh(), DnsLab.Towards(one, two) with { Rotate = true });

        await lab.AskAsync(Query);
        await lab.AskAsync(Query);

        await one.NextAsync();
        await two.NextAsync();
        Assert.False(one.HasMore || two.HasMore);
    }

    [Fact]
    public async Task An_upstream_with_an_IPv6_address_is_asked_by_IPv6()
    {
        await using var upstream = new Upstream(static received => received.ReplyAsync(received.Response()), IPAddress.IPv6Loopback);
        await using var lab = await DnsLab.StartAsync(upstream);

        Assert.Equal(ResponseCode.NoError, DnsMessages.Read(await lab.AskAsync(Query)).Code);
    }

    [Fact]
    public async Task Too_many_waiting_queries_are_refused_and_room_comes_back()
    {
        var time = new ManualTime();
        await using var silent = new Upstream();
        await using var lab = await DnsLab.StartAsync(new TestMesh(), DnsLab.Towards(silent) with { Attempts = 1 }, time: time);
        using var client = lab.NewUdpClient();
        byte[] large = [.. DnsMessages.Query("a.example", RecordType.SRV), .. new byte[60_000]];
        var fitting = OutstandingQueries.DefaultBytes / large.Length;

        for (var i = 0; i < fitting; i++)
        {
            await client.SendAsync(large);
            await silent.NextAsync();
        }
        await client.SendAsync(large);
        Assert.Equal(ResponseCode.ServerFailure, DnsMessages.Read(await client.ReceiveAsync()).Code);
        Assert.False(silent.HasMore);

        time.Advance(TimeSpan.FromSeconds(5.01));
        for (var i = 0; i < fitting; i++)
            await client.ReceiveAsync();
        await client.SendAsync(Query);
        await silent.NextAsync();
    }

    [Fact]
    public async Task Names_of_the_mesh_are_answered_without_asking_upstream()
    {
        await using var upstream = Upstream.Answering();
        await using var lab = await DnsLab.StartAsync(new TestMesh().Service("web.ns1.svc.cluster.local", "ns1", ["10.0.0.1"]), upstream);

        Assert.Equal(["10.0.0.1"], DnsMessages.Read(await lab.AskAsync(DnsMessages.Query("web", RecordType.A))).Addresses);
        Assert.False(upstream.HasMore);
        Assert.Equal((1, 0), (lab.Metrics.Count("requested"), lab.Metrics.Count("forwarded")));
    }

    [Fact]
    public async Task A_client_that_becomes_known_is_answered_and_one_that_does_not_is_told()
    {
        var mesh = new TestMesh().Service("web.ns1.svc.cluster.local", "ns1", ["10.0.0.1"]);
        await using var upstream = Upstream.Answering();
        var (known, unknown) = (new FixedClient(null), new FixedClient(null));
        await using var first = await DnsLab.StartAsync(mesh, DnsLab.Towards(upstream), known);
        await using var second = await DnsLab.StartAsync(mesh, DnsLab.Towards(upstream), unknown);

        var (answer, refusal) = (first.AskAsync(DnsMessages.Query("web", RecordType.A)), second.AskAsync(DnsMessages.Query("web", RecordType.A)));
        known.Later.SetResult(TestMesh.Client);
        unknown.Later.SetResult(null);

        Assert.Equal(["10.0.0.1"], DnsMessages.Read(await answer).Addresses);
        Assert.Equal(ResponseCode.ServerFailure, DnsMessages.Read(await refusal).Code);
    }

    [Fact]
    public async Task Stopping_lets_what_is_under_way_be_answered()
    {
        await using var upstream = new Upstream();
        await using var lab = await DnsLab.StartAsync(upstream);
        using var client = lab.NewUdpClient();

        await client.SendAsync(Query);
        var received = await upstream.NextAsync();
        var stopped = lab.Proxy.StopAsync(TimeSpan.FromSeconds(20));
        await received.ReplyAsync(received.Response(code: 3));

        Assert.Equal(ResponseCode.NameError, DnsMessages.Read(await client.ReceiveAsync()).Code);
        await stopped;
    }
}
