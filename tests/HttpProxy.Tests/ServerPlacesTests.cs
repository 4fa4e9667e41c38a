using System.Net;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Traffic;
using Ambient.TestKit;

namespace Ambient.HttpProxy.Tests;

/// <summary>Which place's servers a cluster asks, by a seeded random.</summary>
public sealed class ServerPlacesTests
{
    private const int Picks = 20_000;

    private readonly ManualTime _time = new();
    private readonly Random _random = new(1);

    [Fact]
    public void Shares_are_kept_whatever_they_are_among_the_places_that_have_servers_which_are_well()
    {
        for (var round = 0; round < 30; round++)
        {
            var places = Places(Enumerable.Range(0, _random.Next(2, 6)).Select(_ => _random.Next(1, 5)));
            var weights = places.ConvertAll(_ => (uint)_random.Next(1, 101));
            var cluster = Cluster(places, weights, BalancingKind.Random);
            foreach (var place in places.Where(_ => _random.Next(3) == 0)) Eject(cluster, place);
            var well = Enumerable.Range(0, places.Count).Where(place => places[place].Exists(static server => !server.Health.IsEjected)).ToList();
            if (well.Count == 0) continue;

            var picked = Counts(cluster, places);

            var total = (double)well.Sum(place => weights[place]);
            for (var place = 0; place < places.Count; place++)
            {
                var expected = well.Contains(place) ? weights[place] / total : 0;
                Assert.True(Math.Abs((picked[place] / (double)Picks) - expected) < 0.02, $"round {round}, place {place}: {picked[place]} of {Picks}, expected {expected:P1}");
            }
        }
    }

    [Theory]
    [InlineData(0, 1.0, 0.0, 0.0)]
    [InlineData(1, 1.0, 0.0, 0.0)] // three of four are well: 1.4 times that is more than all
    [InlineData(2, 0.7, 0.3, 0.0)]
    [InlineData(3, 0.35, 0.65, 0.0)]
    [InlineData(4, 0.0, 1.0, 0.0)]
    [InlineData(7, 0.0, 0.35, 0.65)]
    [InlineData(8, 0.0, 0.0, 1.0)]
    public void The_next_place_takes_what_the_nearer_ones_cannot(int ejected, double first, double second, double third)
    {
        var places = Places([4, 4, 4]);
        var cluster = Cluster(places, null, BalancingKind.LeastRequest);
        Eject(cluster, places.SelectMany(static place => place).Take(ejected));

        var picked = Counts(cluster, places);

        foreach (var (count, share) in picked.Zip([first, second, third])) Assert.InRange(count / (double)Picks, share - 0.02, share + 0.02);
    }

    [Fact]
    public void What_was_tried_is_not_tried_again_while_a_farther_place_has_a_server()
    {
        var places = Places([1, 1, 2]);
        var cluster = Cluster(places, null, BalancingKind.LeastRequest);

        Assert.Equal(places[1][0], cluster.Pick(_random, [places[0][0]]));
        Assert.Contains(cluster.Pick(_random, [places[0][0], places[1][0]])!, places[2]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Requests_with_the_same_key_go_to_the_same_server(bool shares)
    {
        var places = Places([2, 3, 4]);
        var cluster = Cluster(places, shares ? [50, 30, 20] : null, BalancingKind.ConsistentHash);
        Eject(cluster, places[0].Take(1));

        for (ulong hash = 1; hash < 200; hash++) Assert.Single(Enumerable.Range(0, 10).Select(_ => cluster.Pick(_random, [], hash)).Distinct());
        Assert.True(Enumerable.Range(1, 200).Select(hash => cluster.Pick(_random, [], (ulong)hash)).Distinct().Count() > 3);
    }

    private static List<List<UpstreamEndpoint>> Places(IEnumerable<int> sizes)
    {
        var port = 0;
        return [.. sizes.Select(size => Enumerable.Range(0, size).Select(_ => new UpstreamEndpoint(new(IPAddress.Loopback, ++port))).ToList())];
    }

    private UpstreamCluster Cluster(List<List<UpstreamEndpoint>> places, IReadOnlyList<uint>? weights, BalancingKind balancing) => new("cluster", [.. places.SelectMany(static place => place)],
        new ClusterState(new() { Balancing = balancing, Outlier = new(1, 0, false, 0, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), 100, 0) }, _time), new(places, weights));

    private void Eject(UpstreamCluster cluster, IEnumerable<UpstreamEndpoint> servers)
    {
        foreach (var server in servers) cluster.Report(server, 503, _time.GetTimestamp());
    }

    private List<int> Counts(UpstreamCluster cluster, List<List<UpstreamEndpoint>> places)
    {
        var picked = Enumerable.Range(0, Picks).Select(_ => cluster.Pick(_random, [])!).CountBy(static server => server).ToDictionary();
        return places.ConvertAll(place => place.Sum(server => picked.GetValueOrDefault(server)));
    }
}
