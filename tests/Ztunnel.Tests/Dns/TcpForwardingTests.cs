using System.Net;
using Ambient.TestKit;
using Ambient.Ztunnel.Dns;
using Ambient.Ztunnel.Dns.Messages;

namespace Ambient.Ztunnel.Tests.Dns;

public sealed class TcpForwardingTests
{
    private static readonly byte[] Query = DnsMessages.Query("www.example.com", RecordType.MX);

    [Theory]
    [MemberData(nameof(UdpForwardingTests.AnyMessages), MemberType = typeof(UdpForwardingTests))]
    public async Task Both_directions_are_relayed_byte_for_byte(string what, byte[] message)
    {
        await using var upstream = new Upstream();
        await using var lab = await DnsLab.StartAsync(upstream);
        using var client = await lab.ConnectAsync();

        await client.SendAsync(message);
        var received = await upstream.NextAsync();
        var response = received.Response(3, 0xDE, 0xAD, 0xBE, 0xEF);
        await received.ReplyAsync(response);

        Assert.True(received.Message.AsSpan().SequenceEqual(message), what);
        Assert.True(received.ByTcp);
        Assert.Equal(response, await client.ReceiveAsync());
    }

    [Fact]
    public async Task Pipelined_messages_share_one_upstream_connection_and_are_answered_in_any_order()
    {
        await using var upstream = new Upstream();
        await using var lab = await DnsLab.StartAsync(new TestMesh().Service("web.ns1.svc.cluster.local", "ns1", ["10.0.0.1"]), upstream);
        using var client = await lab.ConnectAsync();

        await client.SendAsync(Received.WithId(Query, 1), Received.WithId(Query, 2), DnsMessages.Query("web", RecordType.A, id: 3));
        Assert.Equal(3, DnsMessages.Read((await client.ReceiveAsync())!).Id);
        var (one, two) = (await upstream.NextAsync(), await upstream.NextAsync());
        await two.ReplyAsync(two.Response());
        await one.ReplyAsync(one.Response());

        Assert.Equal(2, DnsMessages.Read((await client.ReceiveAsync())!).Id);
        Assert.Equal(1, DnsMessages.Read((await client.ReceiveAsync())!).Id);
        Assert.Equal(1, upstream.Connections);
    }

    [Fact]
    public async Task Where_the_bytes_are_cut_does_not_matter()
    {
        await using var upstream = Upstream.Answering();
        await using var lab = await DnsLab.StartAsync(upstream);
        using var client = await lab.ConnectAsync();
        byte[] framed = [0, (byte)Query.Length, .. Query];

        foreach (var part in framed)
            await client.SendRawAsync([part]);

        Assert.Equal(ResponseCode.NoError, DnsMessages.Read((await client.ReceiveAsync())!).Code);
    }

    [Fact]
    public async Task The_largest_message_is_relayed_in_both_directions()
    {
        await using var upstream = new Upstream();
        await using var lab = await DnsLab.StartAsync(upstream);
        using var client = await lab.ConnectAsync();
        byte[] largest = [.. Query, .. Enumerable.Range(0, 65_535 - Query.Length).Select(i => (byte)i)];

        await client.SendAsync(largest);
        var received = await upstream.NextAsync();
        await received.ReplyAsync(received.Response());

        Assert.Equal(largest, received.Message);
        Assert.Equal(received.Response(), await client.ReceiveAsync());
    }

    [Fact]
    public async Task All_messages_of_a_zone_transfer_are_relayed()
    {
        await using var upstream = new Upstream();
        await using var lab = await DnsLab.StartAsync(upstream);
        using var client = await lab.ConnectAsync();

        await client.SendAsync(DnsMessages.Query("example.com", RecordType.AXFR));
        var received = await upstream.NextAsync();
        byte[][] messages = [.. Enumerable.Range(0, 100).Select(i => (byte[])(i == 0 ? received.Response(0, 0) : [.. received.Message[..2], 0x84, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. new byte[2000], (byte)i]))];
        foreach (var message in messages)
            await received.ReplyAsync(message);

        foreach (var message in messages)
            Assert.Equal(message, await client.ReceiveAsync());
    }

    [Fact]
    public async Task An_unasked_message_of_the_upstream_is_ignored()
    {
        await using var upstream = new Upstream();
        await using var lab = await DnsLab.StartAsync(upstream);
        using var client = await lab.ConnectAsync();

        await client.SendAsync(Query);
        var received = await upstream.NextAsync();
        await received.ReplyAsync(Received.WithId(received.Response(), 99));
        await received.ReplyAsync(received.Response(code: 3));
        await received.ReplyAsync(received.Response(code: 5));
        await client.SendAsync(Received.WithId(Query, 7));
        var second = await upstream.NextAsync();
        await second.ReplyAsync(second.Response());

        Assert.Equal(ResponseCode.NameError, DnsMessages.Read((await client.ReceiveAsync())!).Code);
        Assert.Equal(7, DnsMessages.Read((await client.ReceiveAsync())!).Id);
    }

    [Fact]
    public async Task A_client_that_has_finished_sending_gets_its_answers_and_then_the_end()
    {
        await using var upstream = new Upstream();
        await using var lab = await DnsLab.StartAsync(upstream);
        using var client = await lab.ConnectAsync();

        await client.SendAsync(Query);
        client.FinishSending();
        var received = await upstream.NextAsync();
        await received.ReplyAsync(received.Response());

        Assert.Equal(received.Response(), await client.ReceiveAsync());
        Assert.Null(await client.ReceiveAsync());
    }

    [Fact]
    public async Task A_question_is_asked_again_if_the_upstream_hangs_up()
    {
        await using var upstream = new Upstream();
        await using var lab = await DnsLab.StartAsync(upstream);
        using var client = await lab.ConnectAsync();

        await client.SendAsync(Query);
        var first = await upstream.NextAsync();
        first.HangUp();
        var second = await upstream.NextAsync();
        await second.ReplyAsync(second.Response());

        Assert.Equal(Query, second.Message);
        Assert.Equal(second.Response(), await client.ReceiveAsync());
    }

    [Fact]
    public async Task An_UPDATE_is_not_sent_again_if_the_upstream_hangs_up()
    {
        await using var upstream = new Upstream(static received => { received.HangUp(); return Task.CompletedTask; });
        await using var lab = await DnsLab.StartAsync(upstream);
        using var client = await lab.ConnectAsync();

        await client.SendAsync(DnsMessages.Query("example.com", RecordType.SOA, flags: 0x2800));

        Assert.Equal(ResponseCode.ServerFailure, DnsMessages.Read((await client.ReceiveAsync())!).Code);
        await upstream.NextAsync();
        Assert.False(upstream.HasMore);
    }

    [Fact]
    public async Task An_upstream_that_refuses_is_followed_by_the_next()
    {
        await using var closed = new Upstream();
        closed.StopListening();
        await using var upstream = Upstream.Answering(code: 3);
        var resolvers = DnsLab.Towards(upstream) with { Upstreams = [new(IPAddress.Loopback, 1), upstream.EndPoint] };
        await using var lab = await DnsLab.StartAsync(new TestMesh(), resolvers);
        using var client = await lab.ConnectAsync();

        await client.SendAsync(Query);

        Assert.Equal(ResponseCode.NameError, DnsMessages.Read((await client.ReceiveAsync())!).Code);
    }

    [Fact]
    public async Task If_no_upstream_can_be_reached_the_client_is_told()
    {
        var resolvers = DnsLab.Towards() with { Upstreams = [new(IPAddress.Loopback, 1)] };
        await using var lab = await DnsLab.StartAsync(new TestMesh(), resolvers);
        using var client = await lab.ConnectAsync();

        await client.SendAsync(DnsMessages.QueryWithEdns("www.example.com", RecordType.A, 1232));

        var answer = DnsMessages.Read((await client.ReceiveAsync())!);
        Assert.Equal((ResponseCode.ServerFailure, 23), (answer.Code, answer.Opt!.Data[5])); // network error
        Assert.Equal(1, lab.Metrics.Count("failed"));
    }

    [Fact]
    public async Task Stopping_ends_a_connection_once_what_is_under_way_has_been_answered()
    {
        await using var upstream = new Upstream();
        await using var lab = await DnsLab.StartAsync(new TestMesh(), DnsLab.Towards(upstream), time: new ManualTime()); // so nothing ends by a timeout
        using var client = await lab.ConnectAsync();

        await client.SendAsync(Query);
        var received = await upstream.NextAsync();
        var stopped = lab.Proxy.StopAsync(TimeSpan.FromSeconds(20));
        await received.ReplyAsync(received.Response());

        Assert.Equal(received.Response(), await client.ReceiveAsync());
        Assert.Null(await client.ReceiveAsync());
        await stopped;
    }

    [Fact]
    public async Task A_client_may_have_32_requests_waiting_and_the_next_is_read_when_there_is_room()
    {
        await using var upstream = new Upstream();
        await using var lab = await DnsLab.StartAsync(upstream);
        using var client = await lab.ConnectAsync();

        await client.SendAsync([.. Enumerable.Range(0, TcpSession.MaxWaiting + 1).Select(i => Received.WithId(Query, i))]);
        var first = await upstream.NextAsync();
        for (var i = 1; i < TcpSession.MaxWaiting; i++)
            await upstream.NextAsync();
        Assert.Equal(TcpSession.MaxWaiting, lab.Metrics.Count("forwarded"));
        await first.ReplyAsync(first.Response());

        Assert.Equal(TcpSession.MaxWaiting, (await upstream.NextAsync()).Id);
    }

    [Fact]
    public async Task What_is_too_short_to_be_DNS_ends_the_connection()
    {
        await using var lab = await DnsLab.StartAsync();
        using var client = await lab.ConnectAsync();

        await client.SendAsync(new byte[11]);

        Assert.Null(await client.ReceiveAsync());
    }
}
