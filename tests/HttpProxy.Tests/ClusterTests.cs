using System.Net;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Traffic;
using Ambient.TestKit;

namespace Ambient.HttpProxy.Tests;

/// <summary>How a cluster chooses among its servers, by a clock that the test moves.</summary>
public sealed class ClusterTests
{
    private readonly ManualTime _time = new();
    private readonly Random _random = new(1);
    private readonly UpstreamEndpoint[] _servers = [.. Enumerable.Range(1, 4).Select(static number => new UpstreamEndpoint(new(IPAddress.Loopback, number)))];

    [Fact]
    public void An_ejected_server_comes_back_at_the_sweep_after_its_time_and_stays_away_longer_the_next_time()
    {
        var cluster = Cluster(new() { Balancing = BalancingKind.Random, Outlier = Rule(base5xx: 2, percent: 50) });
        Fail(cluster, _servers[0], 2);
        Assert.False(IsPicked(cluster, _servers[0]));
        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(IsPicked(cluster, _servers[0]));
        _time.Advance(TimeSpan.FromSeconds(11)); // its time is over, and a sweep is due
        Assert.True(IsPicked(cluster, _servers[0]));

        Fail(cluster, _servers[0], 2);
        _time.Advance(TimeSpan.FromSeconds(50));
        Assert.False(IsPicked(cluster, _servers[0]));
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.True(IsPicked(cluster, _servers[0]));
    }

    [Fact]
    public void A_success_in_between_starts_the_count_anew_and_client_errors_are_successes()
    {
        var cluster = Cluster(new() { Balancing = BalancingKind.Random, Outlier = Rule(base5xx: 2, percent: 50) });
        foreach (var status in (int[])[500, 404, 500, 200, 503, 409]) Report(cluster, _servers[0], status);
        Assert.True(IsPicked(cluster, _servers[0]));
        Report(cluster, _servers[0], 0); // no answer counts as a failure
        Report(cluster, _servers[0], 500);
        Assert.False(IsPicked(cluster, _servers[0]));
    }

    [Theory]
    [InlineData(10u, 0)]
    [InlineData(25u, 1)]
    [InlineData(50u, 2)]
    [InlineData(74u, 2)]
    [InlineData(100u, 4)]
    public void No_more_are_ejected_than_the_percentage_rounded_down(uint percent, int ejected)
    {
        var cluster = Cluster(new() { Balancing = BalancingKind.Random, Outlier = Rule(base5xx: 1, percent) });
        foreach (var server in _servers) Fail(cluster, server, 1);
        Assert.Equal(4 - ejected, _servers.Count(server => IsPicked(cluster, server)));
    }

    [Fact]
    public void With_too_few_healthy_ones_nobody_counts_as_ejected()
    {
        var cluster = Cluster(new() { Balancing = BalancingKind.Random, Outlier = Rule(base5xx: 1, percent: 100) with { MinHealthPercent = 50 } });
        foreach (var server in _servers[..3]) Fail(cluster, server, 1);
        Assert.All(_servers, server => Assert.True(IsPicked(cluster, server)));
    }

    [Fact]
    public void Gateway_errors_and_local_failures_have_counts_of_their_own()
    {
        var cluster = Cluster(new() { Balancing = BalancingKind.Random, Outlier = Rule(base5xx: 0, percent: 100) with { ConsecutiveGatewayErrors = 2, SplitsLocalErrors = true, ConsecutiveLocalFailures = 3 } });
        foreach (var status in (int[])[500, 500, 500, 502]) Report(cluster, _servers[0], status);
        Assert.True(IsPicked(cluster, _servers[0]));
        Report(cluster, _servers[0], 504);
        Assert.False(IsPicked(cluster, _servers[0]));
        for (var i = 0; i < 2; i++) Report(cluster, _servers[1], 0);
        Assert.True(IsPicked(cluster, _servers[1]));
        Report(cluster, _servers[1], 0);
        Assert.False(IsPicked(cluster, _servers[1]));
    }

    [Fact]
    public void The_slower_and_the_busier_are_picked_less()
    {
        var cluster = Cluster(TrafficPolicy.Default);
        foreach (var (server, milliseconds) in _servers.Zip((int[])[5, 5, 5, 100]))
            for (var i = 0; i < 10; i++) Report(cluster, server, 200, milliseconds);
        Assert.False(IsPicked(cluster, _servers[3]));
        for (var i = 0; i < 30; i++) _servers[0].Begin();
        Assert.False(IsPicked(cluster, _servers[0]));
        for (var i = 0; i < 30; i++) _servers[0].End();
        _time.Advance(TimeSpan.FromMinutes(2)); // it may have become better
        Assert.True(IsPicked(cluster, _servers[3]));
    }

    [Fact]
    public void One_that_has_only_ever_failed_is_picked_again_after_a_while()
    {
        var cluster = Cluster(TrafficPolicy.Default);
        foreach (var server in _servers[1..]) Report(cluster, server, 200);
        Fail(cluster, _servers[0], 1);
        Assert.False(IsPicked(cluster, _servers[0]));
        _time.Advance(TimeSpan.FromMinutes(1));
        foreach (var server in _servers[1..]) Report(cluster, server, 200);
        Assert.True(IsPicked(cluster, _servers[0]));
    }

    [Fact]
    public void One_that_fails_now_and_then_is_picked_only_when_the_others_have_much_to_do()
    {
        var cluster = Cluster(TrafficPolicy.Default);
        for (var i = 0; i < 30; i++)
            foreach (var server in _servers) Report(cluster, server, server == _servers[0] && i % 3 == 0 ? 503 : 200);
        for (var i = 0; i < 5; i++)
            foreach (var server in _servers[1..]) server.Begin();
        Assert.False(IsPicked(cluster, _servers[0]));
        for (var i = 0; i < 500; i++)
            foreach (var server in _servers[1..]) server.Begin();
        Assert.True(IsPicked(cluster, _servers[0]));
    }

    [Fact]
    public void Round_robin_takes_turns()
    {
        var cluster = Cluster(new() { Balancing = BalancingKind.RoundRobin });
        var picked = Enumerable.Range(0, 40).Select(_ => cluster.Pick(_random, [])!).CountBy(static server => server).ToList();
        Assert.Equal((4, true), (picked.Count, picked.TrueForAll(static count => count.Value == 10)));
    }

    [Fact]
    public void One_that_was_tried_is_not_picked_while_there_is_another()
    {
        foreach (var balancing in Enum.GetValues<BalancingKind>())
            for (var i = 0; i < 100; i++)
                Assert.Equal(_servers[3], Cluster(new() { Balancing = balancing }).Pick(_random, _servers[..3], hash: 7));
    }

    [Theory]
    [InlineData(BalancingKind.RoundRobin)]
    [InlineData(BalancingKind.LeastRequest)]
    public void A_new_server_gets_its_share_little_by_little(BalancingKind balancing)
    {
        _time.Advance(TimeSpan.FromHours(1));
        _servers[0] = new(_servers[0].Address) { Since = _time.GetTimestamp() };
        var cluster = Cluster(new() { Balancing = balancing, Warmup = TimeSpan.FromSeconds(100) });

        Assert.InRange(ShareOfFirst(), 0.01, 0.06); // a tenth of the weight: 0.1 of 3.1
        _time.Advance(TimeSpan.FromSeconds(50));
        Assert.InRange(ShareOfFirst(), 0.10, 0.19); // half: 0.5 of 3.5
        _time.Advance(TimeSpan.FromSeconds(50));
        Assert.InRange(ShareOfFirst(), 0.22, 0.28);

        double ShareOfFirst() => Enumerable.Range(0, 4000).Count(_ => cluster.Pick(_random, []) == _servers[0]) / 4000.0;
    }

    [Fact]
    public void Servers_that_are_all_new_share_as_if_none_were()
    {
        _time.Advance(TimeSpan.FromHours(1));
        for (var i = 0; i < 4; i++) _servers[i] = new(_servers[i].Address) { Since = _time.GetTimestamp() };
        var cluster = Cluster(new() { Balancing = BalancingKind.RoundRobin, Warmup = TimeSpan.FromSeconds(100) });

        var picked = Enumerable.Range(0, 4000).Select(_ => cluster.Pick(_random, [])!).CountBy(server => server).Select(pair => pair.Value).ToList();

        Assert.Equal(4, picked.Count);
        Assert.All(picked, count => Assert.InRange(count, 850, 1150));
    }

    [Fact]
    public void A_new_server_has_all_its_keys_at_once()
    {
        _time.Advance(TimeSpan.FromHours(1));
        _servers[0] = new(_servers[0].Address) { Since = _time.GetTimestamp() };
        var cluster = Cluster(new() { Balancing = BalancingKind.ConsistentHash, Warmup = TimeSpan.FromSeconds(100) });

        for (ulong hash = 1; hash <= 50; hash++) Assert.Single(Enumerable.Range(0, 20).Select(_ => cluster.Pick(_random, [], hash)).Distinct());
    }

    [Theory]
    [InlineData(BalancingKind.LeastRequest)]
    [InlineData(BalancingKind.RoundRobin)]
    [InlineData(BalancingKind.Random)]
    [InlineData(BalancingKind.ConsistentHash)]
    public void Whoever_could_not_be_connected_to_is_passed_over_for_a_while_and_then_tried_by_one_request(BalancingKind balancing)
    {
        var cluster = Cluster(new() { Balancing = balancing });
        var gone = cluster.Pick(_random, [], hash: 7)!;
        cluster.NoteReach(gone, wasReached: false);
        Assert.Equal(0, Picks(gone));
        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(1, Picks(gone));
        cluster.NoteReach(gone, wasReached: true);
        Assert.True(Picks(gone) > 1);

        int Picks(UpstreamEndpoint server) => Enumerable.Range(0, 200).Count(_ => cluster.Pick(_random, [], hash: 7) == server);
    }

    [Fact]
    public void When_nobody_can_be_connected_to_somebody_is_tried_all_the_same()
    {
        var cluster = Cluster(TrafficPolicy.Default);
        foreach (var server in _servers) cluster.NoteReach(server, wasReached: false);

        Assert.NotNull(cluster.Pick(_random, []));
    }

    private UpstreamCluster Cluster(TrafficPolicy policy) => new("cluster", _servers, new ClusterState(policy, _time));

    private static OutlierDetection Rule(uint base5xx, uint percent) => new(base5xx, 0, false, 0, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), percent, 0);

    private void Fail(UpstreamCluster cluster, UpstreamEndpoint server, int times)
    {
        for (var i = 0; i < times; i++) Report(cluster, server, 503);
    }

    private void Report(UpstreamCluster cluster, UpstreamEndpoint server, int status, int milliseconds = 5)
    {
        var began = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        cluster.Report(server, status, began);
    }

    private bool IsPicked(UpstreamCluster cluster, UpstreamEndpoint server) => Enumerable.Range(0, 200).Any(_ => cluster.Pick(_random, []) == server);
}
