using System.Globalization;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Routes;
using Ambient.TestKit;
using Ambient.Transport;

namespace Ambient.HttpProxy.Tests;

/// <summary>Requests that wait for a connection to a server of HTTP/1.1.</summary>
public sealed class Http1ServerTests
{
    private const string Answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private static readonly RoutePlan OneTry = new() { Retries = RetryPolicy.None };

    [Fact]
    public async Task One_that_is_given_back_serves_who_waits_for_another()
    {
        var dialer = new HeldDialer { Free = 1 };
        await using var scene = await ProxyScene.StartAsync(plan: OneTry, dialer: dialer);
        var first = await AskAsync(scene, 1);
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        var second = await AskAsync(scene, 2);
        await DialsAsync(scene, dialer, 2);

        await server.SendAsync(Answer);
        Assert.StartsWith("HTTP/1.1 200 ", await first.ReadHeadAsync());
        Assert.StartsWith("GET /2 ", await server.ReadHeadAsync());
        await server.SendAsync(Answer);
        Assert.StartsWith("HTTP/1.1 200 ", await second.ReadHeadAsync());

        await OnLoopAsync(scene, () => dialer.Next());
        await UntilAsync(scene, () => scene.Proxy.Upstreams.Idle == 2, "what was opened was not kept for the next");
    }

    [Fact]
    public async Task So_many_are_opened_at_once_and_the_next_as_others_are_done()
    {
        var dialer = new HeldDialer();
        await using var scene = await ProxyScene.StartAsync(plan: OneTry, dialer: dialer);
        var clients = await AskAsync(scene, 1, Http1Server.MostDials + 2);
        await DialsAsync(scene, dialer, Http1Server.MostDials);

        await OnLoopAsync(scene, () => dialer.Next());
        await DialsAsync(scene, dialer, Http1Server.MostDials + 1);
        var server = await scene.AcceptAsync();
        foreach (var _ in clients) // one after the other, by the one that is open
        {
            var number = int.Parse((await server.ReadHeadAsync()).Split(' ')[1][1..], CultureInfo.InvariantCulture);
            await server.SendAsync(Answer);
            Assert.StartsWith("HTTP/1.1 200 ", await clients[number - 1].ReadHeadAsync());
        }

        Assert.Equal(Http1Server.MostDials + 1, dialer.Dials);
        await EndAsync(scene, dialer);
    }

    [Fact]
    public async Task A_dial_that_is_refused_fails_one_request()
    {
        var dialer = new HeldDialer();
        await using var scene = await ProxyScene.StartAsync(plan: OneTry, dialer: dialer);
        await AskAsync(scene, 1, Http1Server.MostDials + 2);
        await DialsAsync(scene, dialer, Http1Server.MostDials);

        await OnLoopAsync(scene, () => dialer.Next(new(ConnectFailureKind.Refused, 0)));
        Assert.Equal(ExchangeFlag.UpstreamConnectFailed, (await scene.ReportAsync()).Flag);
        await DialsAsync(scene, dialer, Http1Server.MostDials + 1); // for one that had none

        Assert.Single(scene.Reports);
        await EndAsync(scene, dialer);
    }

    [Fact]
    public async Task Who_has_waited_through_all_of_a_dial_that_got_no_answer_waits_for_no_other()
    {
        var time = new ManualTime();
        var dialer = new HeldDialer();
        await using var scene = await ProxyScene.StartAsync(plan: OneTry, time: time, dialer: dialer);
        await AskAsync(scene, 1, Http1Server.MostDials + 10);
        await DialsAsync(scene, dialer, Http1Server.MostDials);

        await OnLoopAsync(scene, () => dialer.Next(new(ConnectFailureKind.TimedOut, 0)));
        Assert.Equal(ExchangeFlag.UpstreamConnectFailed, (await scene.ReportAsync(11)).Flag);

        Assert.Equal((11, Http1Server.MostDials), (scene.Reports.Count, dialer.Dials));
        await EndAsync(scene, dialer);
    }

    [Fact]
    public async Task Who_came_during_such_a_dial_has_one_of_their_own()
    {
        var time = new ManualTime();
        var dialer = new HeldDialer();
        await using var scene = await ProxyScene.StartAsync(plan: OneTry, time: time, dialer: dialer);
        await AskAsync(scene, 1, 1);
        await DialsAsync(scene, dialer, 1);
        time.Advance(TimeSpan.FromMilliseconds(50));
        await AskAsync(scene, 2, Http1Server.MostDials);
        await DialsAsync(scene, dialer, Http1Server.MostDials);

        await OnLoopAsync(scene, () => dialer.Next(new(ConnectFailureKind.TimedOut, 0)));
        await DialsAsync(scene, dialer, Http1Server.MostDials + 1);

        Assert.Single(scene.Reports);
        await EndAsync(scene, dialer);
    }

    [Fact]
    public async Task A_request_that_is_given_up_leaves_what_it_waited_for_to_others()
    {
        var dialer = new HeldDialer();
        await using var scene = await ProxyScene.StartAsync(plan: OneTry, dialer: dialer);
        var gone = await AskAsync(scene, 1);
        await DialsAsync(scene, dialer, 1);
        var other = await AskAsync(scene, 2);
        await DialsAsync(scene, dialer, 2);
        gone.Reset();
        Assert.Equal(ExchangeFlag.DownstreamEnded, (await scene.ReportAsync()).Flag);

        await OnLoopAsync(scene, () => dialer.Next());
        var server = await scene.AcceptAsync();
        Assert.StartsWith("GET /2 ", await server.ReadHeadAsync());
        await server.SendAsync(Answer);
        Assert.StartsWith("HTTP/1.1 200 ", await other.ReadHeadAsync());
        await EndAsync(scene, dialer);
    }

    private static async Task<Wire> AskAsync(ProxyScene scene, int number) => (await AskAsync(scene, number, 1))[0];

    private static async Task<List<Wire>> AskAsync(ProxyScene scene, int first, int count)
    {
        List<Wire> clients = [];
        for (var number = first; number < first + count; number++)
        {
            clients.Add(await scene.ConnectAsync());
            await clients[^1].SendAsync($"GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n");
        }

        await UntilAsync(scene, () => scene.Asked >= first + count - 1, "not all requests came");
        return clients;
    }

    private static Task DialsAsync(ProxyScene scene, HeldDialer dialer, int count) => UntilAsync(scene, () => dialer.Dials == count, $"{count} were not dialled");

    /// <summary>What is held ends, so that nothing is left.</summary>
    private static Task EndAsync(ProxyScene scene, HeldDialer dialer) => OnLoopAsync(scene, () =>
    {
        while (dialer.Held > 0) dialer.Next(new(ConnectFailureKind.Refused, 0));
    });

    private static Task OnLoopAsync(ProxyScene scene, Action work) => scene.Loop.RunAsync(() =>
    {
        work();
        return ValueTask.CompletedTask;
    });

    private static async Task UntilAsync(ProxyScene scene, Func<bool> condition, string otherwise)
    {
        for (var began = TimeProvider.System.GetTimestamp(); !await scene.Loop.RunAsync(() => new ValueTask<bool>(condition()));)
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Wire.Limit, otherwise);
    }
}
