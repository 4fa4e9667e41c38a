using Ambient.TestKit;
using Ambient.Ztunnel.Dns.Messages;

namespace Ambient.Ztunnel.Tests.Dns;

/// <summary>Upstreams that do not answer, and clients that do not ask, over TCP.</summary>
public sealed class TcpSilenceTests
{
    private static readonly byte[] Query = DnsMessages.Query("www.example.com", RecordType.MX);

    [Fact]
    public async Task A_question_without_an_answer_is_a_server_failure_after_5_seconds_and_a_late_answer_is_dropped()
    {
        var time = new ManualTime();
        await using var upstream = new Upstream();
        await using var lab = await DnsLab.StartAsync(new TestMesh(), DnsLab.Towards(upstream), time: time);
        using var client = await lab.ConnectAsync();

        await client.SendAsync(Received.WithId(Query, 1));
        var late = await upstream.NextAsync();
        time.Advance(TimeSpan.FromSeconds(4));
        await client.SendAsync(Received.WithId(Query, 2), Received.WithId(Query, 3));
        var second = await upstream.NextAsync();
        var third = await upstream.NextAsync();
        await third.ReplyAsync(third.Response());
        await client.ReceiveAsync();
        time.Advance(TimeSpan.FromSeconds(2));
        var first = DnsMessages.Read((await client.ReceiveAsync())!);
        await late.ReplyAsync(late.Response(code: 3));
        await second.ReplyAsync(second.Response());

        Assert.Equal((1, ResponseCode.ServerFailure), (first.Id, first.Code));
        Assert.Equal(second.Response(), await client.ReceiveAsync());
    }

    [Fact]
    public async Task A_question_that_is_repeated_after_it_timed_out_is_answered_on_the_same_connection()
    {
        var time = new ManualTime();
        await using var upstream = new Upstream();
        await using var lab = await DnsLab.StartAsync(new TestMesh(), DnsLab.Towards(upstream), time: time);
        using var client = await lab.ConnectAsync();

        await client.SendAsync(Received.WithId(Query, 1));
        await upstream.NextAsync(); // and loses it
        time.Advance(TimeSpan.FromSeconds(4));
        await client.SendAsync(Received.WithId(Query, 2));
        var other = await upstream.NextAsync();
        await other.ReplyAsync(other.Response());
        await client.ReceiveAsync();
        await client.SendAsync(Received.WithId(Query, 3)); // so that somebody waits all the time
        await upstream.NextAsync();
        time.Advance(TimeSpan.FromSeconds(2));
        await client.ReceiveAsync();
        await client.SendAsync(Received.WithId(Query, 1));
        var again = await upstream.NextAsync();
        await again.ReplyAsync(again.Response(code: 3));

        var answer = DnsMessages.Read((await client.ReceiveAsync())!);
        Assert.Equal((1, ResponseCode.NameError), (answer.Id, answer.Code));
    }

    [Fact]
    public async Task An_upstream_that_fell_silent_is_left_also_while_a_busy_client_goes_on_asking()
    {
        var time = new ManualTime();
        await using var upstream = new Upstream();
        await using var lab = await DnsLab.StartAsync(new TestMesh(), DnsLab.Towards(upstream), time: time);
        using var client = await lab.ConnectAsync();

        await client.SendAsync(Received.WithId(Query, 1));
        await upstream.NextAsync();
        time.Advance(TimeSpan.FromSeconds(4));
        await client.SendAsync(Received.WithId(Query, 2));
        await upstream.NextAsync();
        time.Advance(TimeSpan.FromSeconds(2));
        var again = await upstream.NextAsync();
        await again.ReplyAsync(again.Response());

        Assert.Equal(ResponseCode.ServerFailure, DnsMessages.Read((await client.ReceiveAsync())!).Code);
        Assert.Equal(Received.WithId(again.Response(), 2), await client.ReceiveAsync());
        Assert.Equal(2, upstream.Connections);
    }

    [Fact]
    public async Task What_one_upstream_keeps_silent_about_is_asked_of_the_next_while_the_client_still_waits()
    {
        var time = new ManualTime();
        await using var silent = new Upstream();
        await using var next = Upstream.Answering();
        await using var lab = await DnsLab.StartAsync(new TestMesh(), DnsLab.Towards(silent, next), time: time);
        using var client = await lab.ConnectAsync();

        await client.SendAsync(Query);
        await silent.NextAsync();
        time.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(ResponseCode.NoError, DnsMessages.Read((await client.ReceiveAsync())!).Code);
    }

    [Fact]
    public async Task An_UPDATE_is_waited_for_at_one_upstream_as_long_as_it_may_take()
    {
        var time = new ManualTime();
        await using var slow = new Upstream();
        await using var next = Upstream.Answering();
        await using var lab = await DnsLab.StartAsync(new TestMesh().Service("web.ns1.svc.cluster.local", "ns1", ["10.0.0.1"]), DnsLab.Towards(slow, next), time: time);
        using var client = await lab.ConnectAsync();

        await client.SendAsync((byte[])[Query[0], Query[1], 5 << 3, .. Query[3..]]);
        var update = await slow.NextAsync();
        time.Advance(TimeSpan.FromSeconds(4));
        await lab.Proxy.ResolveAsync("web", System.Net.Sockets.AddressFamily.InterNetwork); // the loop has seen those seconds
        await update.ReplyAsync(update.Response());

        Assert.Equal(update.Response(), await client.ReceiveAsync());
    }

    [Fact]
    public async Task An_idle_connection_is_closed()
    {
        var time = new ManualTime();
        await using var lab = await DnsLab.StartAsync(new TestMesh().Service("web.ns1.svc.cluster.local", "ns1", ["10.0.0.1"]), DnsLab.Towards(), time: time);
        using var idle = await lab.ConnectAsync();
        await idle.SendAsync(DnsMessages.Query("web", RecordType.A));
        Assert.NotNull(await idle.ReceiveAsync()); // so it has been accepted, and its clock runs

        for (var i = 0; i < 13; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await lab.Proxy.ResolveAsync("web", System.Net.Sockets.AddressFamily.InterNetwork); // the loop has seen that second
        }

        Assert.Null(await idle.ReceiveAsync());
    }
}
