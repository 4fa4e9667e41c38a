using System.Net;
using System.Net.Sockets;
using Ambient.Model.Routes;
using Ambient.Model.Traffic;
using static Ambient.Waypoint.Tests.Scenes.WaypointScene;

namespace Ambient.Waypoint.Tests;

/// <summary>How clusters stand up to servers that fail, are slow, or get too much.</summary>
public sealed class ResilienceTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_failing_server_is_left_alone()
    {
        await using var scene = await StartAsync();
        var (good, bad) = (scene.Serve("good", "echo"), scene.Serve("bad", "echo"));
        bad.Answer = static _ => 500;
        scene.Apply(Ejecting(errors: 3));
        using var client = await scene.ClientAsync("echo");
        for (var i = 0; i < 60; i++) (await client.GetAsync("/")).Dispose();
        Assert.Equal((57, 3), (good.Requests, bad.Requests));
    }

    [Fact]
    public async Task A_server_that_is_left_alone_stays_so_when_what_is_known_of_its_pod_changes()
    {
        await using var scene = await StartAsync();
        var (good, bad) = (scene.Serve("good", "echo"), scene.Serve("bad", "echo"));
        bad.Answer = static _ => 500;
        scene.Apply(Ejecting(errors: 3));
        using var client = await scene.ClientAsync("echo");
        for (var i = 0; i < 20; i++) (await client.GetAsync("/")).Dispose();
        Assert.Equal(3, bad.Requests);

        scene.Place("bad", new("region", "zone", ""));

        for (var i = 0; i < 20; i++) (await client.GetAsync("/")).Dispose();
        Assert.Equal((37, 3), (good.Requests, bad.Requests));
    }

    [Fact]
    public async Task A_server_that_takes_no_connection_is_waited_for_as_long_as_the_destination_allows()
    {
        await using var scene = await StartAsync(("AMBIENT_CONNECT_TIMEOUT", "60s"));
        var silent = scene.Serve("silent", "echo");
        var at = silent.Address;
        await silent.DisposeAsync();
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(at);
        listener.Listen(0);
        using var only = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await only.ConnectAsync(at); // whoever comes next is not heard
        scene.Apply(Destination(TrafficPolicy.Default with { Limits = new() { ConnectTimeout = TimeSpan.FromMilliseconds(50) } }));
        scene.Route("plain", "echo", Rule(RouteMatch.Everything, To(("echo", 1)) with { Retries = RetryPolicy.None }));
        using var client = await scene.ClientAsync("echo");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/")).StatusCode);
    }

    [Fact]
    public async Task A_server_that_fails_calls_of_gRPC_is_left_alone()
    {
        await using var scene = await StartAsync();
        var (good, bad) = (scene.Serve("good", "echo"), scene.Serve("bad", "echo"));
        bad.Fields = "grpc-status: 14\r\n";
        scene.Apply(Ejecting(gatewayErrors: 3));
        scene.Route("plain", "echo", Rule(RouteMatch.Everything, To(("echo", 1)) with { Retries = RetryPolicy.None }));
        using var client = await scene.ClientAsync("echo");
        for (var i = 0; i < 20; i++)
        {
            using var call = new ByteArrayContent([]) { Headers = { { "content-type", "application/grpc" } } };
            (await client.PostAsync("/shop.Cart/Add", call)).Dispose();
        }

        Assert.Equal((17, 3), (good.Requests, bad.Requests));
    }

    [Fact]
    public async Task No_more_servers_are_ejected_than_the_percentage_allows()
    {
        await using var scene = await StartAsync();
        foreach (var name in (string[])["a", "b", "c"]) scene.Serve(name, "echo").Answer = static _ => 503;
        scene.Apply(Destination(TrafficPolicy.Default with { Outlier = new(1, 0, false, 0, TimeSpan.FromHours(1), TimeSpan.FromHours(1), 10, 0) }));
        scene.Route("plain", "echo", Rule(RouteMatch.Everything, To(("echo", 1)) with { Retries = RetryPolicy.None }));
        using var client = await scene.ClientAsync("echo");
        for (var i = 0; i < 20; i++) // a tenth of three is none: the servers' own answers come
            Assert.Contains((await client.GetAsync("/")).Headers.GetValues("x-server").Single(), "abc", StringComparison.Ordinal);

        scene.Apply(Destination(TrafficPolicy.Default with { Outlier = new(1, 0, false, 0, TimeSpan.FromHours(1), TimeSpan.FromHours(1), 100, 0) }));
        for (var i = 0; i < 3; i++) (await client.GetAsync("/")).Dispose();
        var answer = await client.GetAsync("/");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("has no server that is ready", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slow_server_and_one_that_fails_now_and_then_get_little_without_any_policy()
    {
        await using var scene = await StartAsync();
        var (good, slow, bad) = (scene.Serve("good", "echo"), scene.Serve("slow", "echo"), scene.Serve("bad", "echo"));
        (good.Delay, slow.Delay, bad.Delay) = (TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(400), TimeSpan.FromMilliseconds(20));
        var dice = new Random(1);
        bad.Answer = _ => dice.NextDouble() < 0.3 ? 503 : 200;
        scene.Route("retry", "echo", Rule(RouteMatch.Everything, To(("echo", 1)) with { Retries = new() { Attempts = 2, On = RetryOn.FiveXx } }));
        using var client = await scene.ClientAsync("echo");
        await AskAsync(client, 201, []); // until it is known what they are like
        var (before, slowBefore, latencies) = (good.Requests + slow.Requests + bad.Requests, slow.Requests, new List<double>());
        await AskAsync(client, 999, latencies);
        var (asked, fromSlow) = (good.Requests + slow.Requests + bad.Requests - before, slow.Requests - slowBefore);
        latencies.Sort();
        output.WriteLine($"p50 {latencies[500]:0.0} ms, p99 {latencies[989]:0.0} ms, {asked / 999.0:0.000} attempts a request, {fromSlow} of 999 asked the slow server");
        Assert.InRange(asked, 999, 1009); // a hundredth of the requests at most is asked again: those are not in the 99th percentile
        Assert.InRange(fromSlow, 0, 9); // less than a hundredth: the slow ones are not in the 99th percentile

        // Three at once: so many retries are always within the budget.
        static async Task AskAsync(HttpClient client, int count, List<double> latencies)
        {
            for (var batch = 0; batch < count / 3; batch++)
                await Task.WhenAll(Enumerable.Range(0, 3).Select(async _ =>
                {
                    var began = TimeProvider.System.GetTimestamp();
                    using var answer = await client.GetAsync("/");
                    Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                    lock (latencies) latencies.Add(TimeProvider.System.GetElapsedTime(began).TotalMilliseconds);
                }));
        }
    }

    [Fact]
    public async Task Retries_ride_out_an_error_on_another_server()
    {
        await using var scene = await StartAsync();
        var (good, bad) = (scene.Serve("good", "echo"), scene.Serve("bad", "echo"));
        bad.Answer = static _ => 503;
        scene.Route("retry", "echo", Rule(RouteMatch.Everything, To(("echo", 1)) with
        {
            Retries = new() { Attempts = 3, On = RetryOn.FiveXx, BackoffBase = TimeSpan.FromMilliseconds(1) },
        }));
        using var client = await scene.ClientAsync("echo");
        for (var i = 0; i < 30; i++) Assert.Equal("good", await RoutingTests.ServerAsync(client, "/"));
        Assert.Equal((30, true), (good.Requests, bad.Requests > 0));
    }

    [Fact]
    public async Task The_default_retries_reach_past_a_server_that_is_not_there()
    {
        await using var scene = await StartAsync();
        scene.Serve("good", "echo");
        await scene.Serve("gone", "echo").DisposeAsync();
        using var client = await scene.ClientAsync("echo");
        for (var i = 0; i < 20; i++) Assert.Equal("good", await RoutingTests.ServerAsync(client, "/"));
    }

    [Fact]
    public async Task A_route_gives_up_when_its_time_is_over()
    {
        await using var scene = await StartAsync();
        scene.Serve("slow", "echo").Delay = TimeSpan.FromSeconds(30);
        scene.Route("timeout", "echo", Rule(RouteMatch.Everything, To(("echo", 1)) with { Timeout = TimeSpan.FromMilliseconds(200) }));
        using var client = await scene.ClientAsync("echo");
        Assert.Equal(HttpStatusCode.GatewayTimeout, (await client.GetAsync("/")).StatusCode);
    }

    [Fact]
    public async Task A_cluster_takes_so_many_requests_at_once_and_lets_so_many_wait()
    {
        await using var scene = await StartAsync();
        var server = scene.Serve("slow", "echo");
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server.Hold = release.Task;
        scene.Apply(Destination(TrafficPolicy.Default with { Limits = new() { MaxConnections = 1, MaxPendingRequests = 1 } }));
        using var client = await scene.ClientAsync("echo");
        var asked = Enumerable.Range(0, 4).Select(_ => client.GetAsync("/")).ToList();
        await scene.UntilAsync(() => Task.FromResult(asked.Count(static one => one.IsCompleted) == 2));
        release.SetResult();
        var answers = await Task.WhenAll(asked);
        Assert.Equal([200, 200, 503, 503], answers.Select(static answer => (int)answer.StatusCode).Order());
        var overflowed = answers.First(static answer => (int)answer.StatusCode == 503);
        Assert.Equal("true", overflowed.Headers.GetValues("x-envoy-overloaded").Single());
        Assert.Equal(2, server.Requests);
        Assert.Equal("slow", await RoutingTests.ServerAsync(client, "/")); // the places are given back
    }

    [Fact]
    public async Task Requests_with_the_same_key_go_to_the_same_server_and_only_the_lost_servers_keys_move()
    {
        await using var scene = await StartAsync();
        foreach (var name in (string[])["a", "b", "c", "d"]) scene.Serve(name, "echo");
        scene.Apply(Destination(TrafficPolicy.Default with { Balancing = BalancingKind.ConsistentHash, HashKey = new(HashKeyKind.Header, "x-user") }));
        using var client = await scene.ClientAsync("echo");
        var first = new Dictionary<string, string>();
        for (var user = 0; user < 40; user++) first[$"{user}"] = await OfUserAsync($"{user}");
        foreach (var (user, server) in first) Assert.Equal(server, await OfUserAsync(user));
        Assert.Equal(4, first.Values.Distinct().Count());

        scene.Parts.Rules.Mesh.Apply(new() { RemovedAddresses = ["Kubernetes//Pod/shop/a"] });
        foreach (var (user, server) in first)
            if (server != "a") Assert.Equal(server, await OfUserAsync(user));

        async Task<string> OfUserAsync(string user)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "x-user", user } } };
            using var answer = await client.SendAsync(request);
            return answer.Headers.GetValues("x-server").Single();
        }
    }

    [Theory]
    [InlineData(3600, "; Max-Age=3600; Path=/shop; HttpOnly")]
    [InlineData(0, "; Path=/shop; HttpOnly")]
    public async Task A_client_without_the_cookie_is_given_one_and_stays_where_it_is(int seconds, string attributes)
    {
        await using var scene = await StartAsync();
        foreach (var name in (string[])["a", "b", "c", "d"]) scene.Serve(name, "echo");
        var key = new HashKey(HashKeyKind.Cookie, "seat", "/shop", TimeSpan.FromSeconds(seconds));
        scene.Apply(Destination(TrafficPolicy.Default with { Balancing = BalancingKind.ConsistentHash, HashKey = key }));
        using var client = await scene.ClientAsync("echo");
        var servers = new HashSet<string>();
        for (var one = 0; one < 30; one++)
        {
            var (server, given) = await AskAsync(null);
            Assert.Matches($"^seat=[0-9a-f]{{16}}{attributes}$", given);
            for (var again = 0; again < 3; again++) Assert.Equal((server, null), await AskAsync(given!.Split(';')[0]));
            servers.Add(server);
        }

        Assert.Equal(4, servers.Count);

        async Task<(string Server, string? Cookie)> AskAsync(string? cookie)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/");
            if (cookie is not null) request.Headers.Add("cookie", $"other=1; {cookie}");
            using var answer = await client.SendAsync(request);
            return (answer.Headers.GetValues("x-server").Single(), answer.Headers.TryGetValues("set-cookie", out var given) ? given.Single() : null);
        }
    }

    [Fact]
    public async Task A_subset_has_its_own_servers_and_one_that_nobody_defined_answers_503()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        scene.Serve("v2", "echo");
        scene.Apply(Destination(TrafficPolicy.Default, new Subset("two", ["Kubernetes//Pod/shop/v2"], null, [])));
        scene.Route("subset", "echo",
            Rule(new() { Path = PathMatch.Segments("/two") }, new() { Backends = [new() { Service = KeyOf("echo"), Port = 80, Subset = "two" }] }),
            Rule(new() { Path = PathMatch.Segments("/three") }, new() { Backends = [new() { Service = KeyOf("echo"), Port = 80, Subset = "three" }] }));
        using var client = await scene.ClientAsync("echo");
        for (var i = 0; i < 10; i++) Assert.Equal("v2", await RoutingTests.ServerAsync(client, "/two"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/three")).StatusCode);
    }

    /// <summary>For long, after so many in a row.</summary>
    private static TrafficResource Ejecting(uint errors = 0, uint gatewayErrors = 0) => Destination(TrafficPolicy.Default with
    {
        Outlier = new(errors, gatewayErrors, false, 0, TimeSpan.FromHours(1), TimeSpan.FromHours(1), 50, 0), Balancing = BalancingKind.RoundRobin,
    });

    private static TrafficResource Destination(TrafficPolicy policy, params Subset[] subsets) => new("DestinationRule/shop/echo",
        new DestinationPolicy { Namespace = "shop", Name = "echo", Services = [KeyOf("echo")], Policy = policy, Subsets = [.. subsets] });
}
