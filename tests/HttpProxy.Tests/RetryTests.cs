using System.Net;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Resilience;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Routes;
using Ambient.Model.Traffic;
using Ambient.TestKit;

namespace Ambient.HttpProxy.Tests;

public sealed class RetryTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    private static readonly IPEndPoint Nobody = new(IPAddress.Loopback, 1);

    [Theory]
    [InlineData(Get)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")]
    public async Task A_server_that_is_not_there_is_passed_over_whatever_the_request(string request)
    {
        await using var scene = await ProxyScene.StartAsync();
        var cluster = new UpstreamCluster("two", [new(Nobody), new(scene.Endpoint)]);
        scene.Decide = _ => RouteDecision.To(cluster);

        for (var round = 1; round <= 8; round++) // whichever is picked first
        {
            var client = await scene.ConnectAsync();
            await client.SendAsync(request);
            var server = await scene.AcceptAsync();
            await server.ReadHeadAsync();
            await server.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");

            Assert.StartsWith("HTTP/1.1 200 ", await client.ReadHeadAsync());
            Assert.Equal((ExchangeFlag.None, scene.Endpoint), ((await scene.ReportAsync(round)).Flag, (await scene.ReportAsync(round)).Endpoint?.Address));
        }

        Assert.Contains(scene.Reports, report => report.Attempts > 1);
        Assert.All(cluster.Endpoints, endpoint => Assert.Equal(0, endpoint.Active));
        Assert.Equal(0, cluster.Retries.Active);
    }

    // As after a restart of many pods of which the mesh has not heard yet.
    [Fact]
    public async Task Many_servers_that_are_gone_at_once_cost_detours_and_no_request()
    {
        using var server = new RecordingServer();
        await using var scene = await ProxyScene.StartAsync();
        UpstreamEndpoint[] gone = [.. Enumerable.Range(1, 4).Select(static port => new UpstreamEndpoint(new(IPAddress.Loopback, port)))];
        var cluster = new UpstreamCluster("restarted", [.. gone, new(server.Endpoint)], new(TrafficPolicy.Default, TimeProvider.System) { Retries = new(fraction: 0, least: 0) });
        scene.Decide = _ => RouteDecision.To(cluster);

        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(async _ =>
        {
            var client = await scene.ConnectAsync();
            await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
            return await client.ReadHeadAsync();
        }));

        Assert.All(answers, static answer => Assert.StartsWith("HTTP/1.1 200 ", answer));
        Assert.All(scene.Reports, static report => Assert.InRange(report.Attempts, 1, 5));
    }

    [Fact]
    public async Task The_last_answer_is_passed_on_as_it_is()
    {
        await using var scene = await ProxyScene.StartAsync();
        scene.Decide = _ => ProxyScene.To(scene.Endpoint, Plan(RetryOn.FiveXx, attempts: 2));
        var client = await scene.ConnectAsync();

        await client.SendAsync(Get);
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            var server = await scene.AcceptAsync();
            await server.ReadHeadAsync();
            await server.SendAsync($"HTTP/1.1 503 Service Unavailable\r\nX-Attempt: {attempt}\r\nContent-Length: 0\r\n\r\n");
        }

        Assert.Contains("X-Attempt: 3\r\n", await client.ReadHeadAsync());
        Assert.Equal((503, ExchangeFlag.None, 3), ((await scene.ReportAsync()).Status, (await scene.ReportAsync()).Flag, (await scene.ReportAsync()).Attempts));
    }

    [Theory]
    [InlineData(RetryOn.FiveXx, "500 x", true)]
    [InlineData(RetryOn.FiveXx, "499 x", false)]
    [InlineData(RetryOn.GatewayError, "500 x", false)]
    [InlineData(RetryOn.GatewayError, "504 x", true)]
    [InlineData(RetryOn.Retriable4xx, "409 x", true)]
    [InlineData(RetryOn.Retriable4xx, "404 x", false)]
    [InlineData(RetryOn.StatusCodes, "418 x", true)]
    [InlineData(RetryOn.StatusCodes, "417 x", false)]
    [InlineData(RetryOn.GrpcUnavailable, "200 x\r\ngrpc-status: 14", true)]
    [InlineData(RetryOn.GrpcUnavailable, "200 x\r\ngrpc-status: 13", false)]
    [InlineData(RetryOn.Reset, "503 x", false)]
    public async Task An_answer_is_tried_again_only_for_what_the_route_names(RetryOn on, string answer, bool again)
    {
        await using var scene = await ProxyScene.StartAsync();
        scene.Decide = _ => ProxyScene.To(scene.Endpoint, Plan(on, attempts: 1, 418));
        var client = await scene.ConnectAsync();

        await client.SendAsync(Get);
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        await server.SendAsync($"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n");
        if (again)
        {
            var second = await scene.AcceptAsync();
            await second.ReadHeadAsync();
            await second.SendAsync("HTTP/1.1 204 No Content\r\n\r\n");
        }

        Assert.StartsWith(again ? "HTTP/1.1 204 " : $"HTTP/1.1 {answer[..3]} ", await client.ReadHeadAsync());
    }

    [Fact]
    public async Task Each_attempt_has_its_time_and_all_together_theirs()
    {
        var time = new ManualTime();
        await using var scene = await ProxyScene.StartAsync(time: time);
        var retries = RetryPolicy.Default with { On = RetryOn.Reset, PerTryTimeout = TimeSpan.FromSeconds(2), Attempts = 100, BackoffBase = TimeSpan.Zero };
        scene.Decide = _ => ProxyScene.To(scene.Endpoint, new() { Retries = retries, Timeout = TimeSpan.FromSeconds(5) });
        var client = await scene.ConnectAsync();
        await client.SendAsync(Get);

        foreach (var seconds in (double[])[2, 2, 1])
        {
            await (await scene.AcceptAsync()).ReadHeadAsync();
            time.Advance(TimeSpan.FromSeconds(seconds));
        }

        Assert.StartsWith("HTTP/1.1 504 ", await client.ReadHeadAsync());
        var report = await scene.ReportAsync();
        Assert.Equal((ExchangeFlag.TimedOut, 3), (report.Flag, report.Attempts));
    }

    [Fact]
    public async Task A_pause_between_attempts_ends_with_the_requests_time()
    {
        var time = new ManualTime();
        await using var scene = await ProxyScene.StartAsync(time: time);
        scene.Decide = _ => ProxyScene.To(scene.Endpoint, new() { Retries = new() { On = RetryOn.FiveXx, Attempts = 1, BackoffLeast = TimeSpan.FromHours(1) }, Timeout = TimeSpan.FromSeconds(5) });
        var client = await scene.ConnectAsync();
        await client.SendAsync(Get);
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        await server.SendAsync("HTTP/1.1 500 x\r\nContent-Length: 9\r\n\r\n");
        await server.ReadUntilEndAsync(); // given up

        time.Advance(TimeSpan.FromSeconds(5));

        Assert.StartsWith("HTTP/1.1 504 ", await client.ReadHeadAsync());
    }

    [Fact]
    public async Task A_cluster_without_servers_says_so()
    {
        await using var scene = await ProxyScene.StartAsync();
        scene.Decide = _ => RouteDecision.To(new("empty", []));
        var client = await scene.ConnectAsync();

        await client.SendAsync(Get);

        Assert.StartsWith("HTTP/1.1 503 ", await client.ReadHeadAsync());
        Assert.Equal(ExchangeFlag.NoServer, (await scene.ReportAsync()).Flag);
    }

    [Fact]
    public async Task A_retry_has_its_place_in_the_budget_until_it_is_answered()
    {
        await using var scene = await ProxyScene.StartAsync();
        var cluster = new UpstreamCluster("busy", [new(scene.Endpoint)], new(TrafficPolicy.Default, TimeProvider.System) { Retries = new(fraction: 0, least: 1) });
        scene.Decide = _ => RouteDecision.To(cluster, Plan(RetryOn.FiveXx, attempts: 1));
        const string Failure = "HTTP/1.1 500 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        var (first, second) = (await scene.ConnectAsync(), await scene.ConnectAsync());

        await first.SendAsync(Get);
        await (await scene.AcceptAsync()).SendAsync(Failure);
        var retried = await scene.AcceptAsync();
        await retried.ReadHeadAsync();
        await second.SendAsync(Get);
        await (await scene.AcceptAsync()).SendAsync(Failure);
        Assert.StartsWith("HTTP/1.1 500 ", await second.ReadHeadAsync()); // the only place is taken
        await retried.SendAsync("HTTP/1.1 204 No Content\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 204 ", await first.ReadHeadAsync());
        await scene.ReportAsync(2);

        Assert.True(cluster.Retries.TryBeginRetry()); // and free again
    }

    [Fact]
    public void Retries_are_a_fraction_of_what_is_under_way()
    {
        var budget = new RetryBudget();
        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => budget.TryBeginRetry()));

        for (var i = 0; i < 100; i++) budget.Begin();
        Assert.Equal(17, Enumerable.Range(0, 100).Count(_ => budget.TryBeginRetry())); // a fifth, less the three
        budget.EndRetry();
        Assert.True(budget.TryBeginRetry());
    }

    [Fact]
    public void The_less_busy_of_two_is_picked()
    {
        var cluster = new UpstreamCluster("many", [.. Enumerable.Range(1, 10).Select(port => new UpstreamEndpoint(new(IPAddress.Loopback, port)))]);
        var busy = cluster.Endpoints[0];
        for (var i = 0; i < 1000; i++) busy.Begin();

        var random = new Random(1);
        var picked = Enumerable.Range(0, 10_000).Select(_ => cluster.Pick(random, [])!).GroupBy(endpoint => endpoint).ToDictionary(group => group.Key, group => group.Count());

        Assert.False(picked.ContainsKey(busy)); // there is always another one beside it
        Assert.All(cluster.Endpoints.Skip(1), endpoint => Assert.InRange(picked[endpoint], 800, 1400));
    }

    [Theory]
    [InlineData("5xx,reset,connect-failure,retriable-4xx", RetryOn.FiveXx | RetryOn.Reset | RetryOn.ConnectFailure | RetryOn.Retriable4xx)]
    [InlineData("gateway-error, unavailable,", RetryOn.GatewayError | RetryOn.GrpcUnavailable)]
    [InlineData("429", RetryOn.StatusCodes)]
    [InlineData("", RetryOn.None)]
    public void Words_are_read_as_users_write_them(string text, RetryOn expected) => Assert.Equal(expected, RetryPolicy.Parse(text).On);

    [Fact]
    public void A_reset_before_the_request_is_one_before_anything_was_sent()
    {
        var policy = new RetryPolicy { Attempts = 1, On = RetryPolicy.Parse("reset-before-request").On };
        Assert.Equal((true, false), (policy.CoversNoAnswer(sent: false, refused: false), policy.CoversNoAnswer(sent: true, refused: false)));
    }

    [Theory]
    [InlineData("5xxx")]
    [InlineData("200")]
    [InlineData("600")]
    public void A_word_that_means_nothing_is_told(string text) => Assert.Throws<FormatException>(() => RetryPolicy.Parse(text));

    private static RoutePlan Plan(RetryOn on, int attempts, params int[] codes) => new() { Retries = new() { On = on, Attempts = attempts, Codes = [.. codes] } };
}
