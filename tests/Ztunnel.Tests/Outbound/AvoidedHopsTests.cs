using System.Net;
using Ambient.TestKit;
using Ambient.TestKit.Mesh;
using Ambient.Ztunnel.Outbound;

namespace Ambient.Ztunnel.Tests.Outbound;

public sealed class AvoidedHopsTests
{
    private static readonly IPEndPoint FirstTunnel = IPEndPoint.Parse("10.1.0.2:15008");
    private static readonly IPEndPoint SecondTunnel = IPEndPoint.Parse("10.1.0.3:15008");

    private readonly ManualTime _time = new();
    private readonly RoutingScene _scene;

    public AvoidedHopsTests()
    {
        Avoided = new(_time);
        _scene = new(new MeshBuilder().Workload("client", "10.1.0.1").Service("web", "10.0.0.10", "80:8080 81:8081")
            .Workload("web-1", "10.1.0.2", "web").Workload("web-2", "10.1.0.3", "web")) { Avoided = Avoided };
    }

    private AvoidedHops Avoided { get; }

    [Fact]
    public void While_there_is_another_endpoint_an_avoided_one_is_not_chosen()
    {
        Avoided.Add(FirstTunnel);

        Assert.Equal(["10.1.0.3:15008"], Chosen(80));
    }

    [Fact]
    public void An_application_that_refused_is_avoided_on_its_port_only()
    {
        Avoided.Add(IPEndPoint.Parse("10.1.0.2:8080"));

        Assert.Equal(["10.1.0.3:15008"], Chosen(80));
        Assert.Equal(["10.1.0.2:15008", "10.1.0.3:15008"], Chosen(81));
    }

    [Fact]
    public void If_all_are_avoided_none_is()
    {
        Avoided.Add(FirstTunnel);
        Avoided.Add(SecondTunnel);

        Assert.Equal(["10.1.0.2:15008", "10.1.0.3:15008"], Chosen(80));
    }

    [Fact]
    public void After_the_time_one_connection_tries_it_and_the_others_wait_for_that()
    {
        Avoided.Add(FirstTunnel);
        _time.Advance(AvoidedHops.AvoidedFor);

        var first = Hops(80).Index().First(hop => hop.Item == "10.1.0.2:15008");
        Assert.Equal(["10.1.0.3:15008"], Chosen(80));

        Avoided.Remove(FirstTunnel);
        Assert.Equal(["10.1.0.2:15008", "10.1.0.3:15008"], Chosen(80));
        Assert.InRange(first.Index, 0, 200);
    }

    [Fact]
    public void What_was_tried_by_this_connection_is_not_chosen_even_if_the_rest_is_avoided()
    {
        Avoided.Add(SecondTunnel);
        var route = _scene.Route("10.0.0.10:80");
        Assert.Equal(FirstTunnel, route.NextHop);

        Assert.Equal(SecondTunnel, _scene.Again(route).Route!.NextHop);
    }

    [Fact]
    public void A_failure_is_fresh_until_it_has_lasted()
    {
        Avoided.Add(FirstTunnel);
        Assert.True(Avoided.IsFresh(FirstTunnel));
        _time.Advance(AvoidedHops.AvoidedFor);
        Avoided.Add(FirstTunnel);
        Assert.False(Avoided.IsFresh(FirstTunnel));

        Avoided.Remove(FirstTunnel);
        Avoided.Add(FirstTunnel);

        Assert.True(Avoided.IsFresh(FirstTunnel));
    }

    [Fact]
    public void However_many_fail_what_is_kept_is_bounded_and_the_old_makes_room()
    {
        for (var i = 0; i < 1000; i++) Avoided.Add(new(new IPAddress([10, 9, (byte)(i >> 8), (byte)i]), 15008));
        Avoided.Add(FirstTunnel);
        Assert.False(Avoided.IsFresh(FirstTunnel)); // no room

        _time.Advance(AvoidedHops.AvoidedFor);
        Avoided.Add(FirstTunnel);

        Assert.Equal(["10.1.0.3:15008"], Chosen(80));
    }

    private IEnumerable<string> Hops(int port) =>
        Enumerable.Range(0, 200).Select(_ => _scene.Route($"10.0.0.10:{port}").NextHop!.ToString());

    private string[] Chosen(int port) => [.. Hops(port).Distinct().Order()];
}
