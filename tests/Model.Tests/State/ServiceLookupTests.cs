using Ambient.Model.Addresses;
using Ambient.Model.State;
using Ambient.Model.Workloads;
using Ambient.TestKit.Mesh;

namespace Ambient.Model.Tests.State;

public sealed class ServiceLookupTests
{
    private static Func<Service, Service> Range(params string[] ranges) => service => service with
    {
        CidrVips = ranges.Select(text => text.Split('|') is [var network, var cidr]
            ? new NetworkPrefix(network, IpPrefix.Parse(cidr))
            : new NetworkPrefix("", IpPrefix.Parse(text))).ToEquatableArray(),
    };

    private static Service Hidden(Service service) => service with { Visibility = Visibility.Namespace };

    private static Service Canonical(Service service) => service with { Canonical = true };

    private static string? Find(MeshSnapshot mesh, string vip, string? client = null, string? preferred = null) =>
        mesh.FindService(MeshBuilder.Address(vip), client, preferred)?.Service.Key.ToString() is { } key
            ? key[..key.IndexOf('/')] + "/" + key[(key.IndexOf('/') + 1)..].Split('.')[0] : null;

    [Fact]
    public void Of_services_that_share_an_address_the_clients_own_wins_then_the_canonical_then_the_preferred_then_the_oldest()
    {
        var mesh = new MeshBuilder().Service("a/web", "10.0.0.1").Service("b/web", "10.0.0.1").Service("c/web", "10.0.0.1");

        Assert.Equal("b/web", Find(mesh.Build(), "10.0.0.1", "b"));
        Assert.Equal("a/web", Find(mesh.Build(), "10.0.0.1", "x"));
        Assert.Equal("c/web", Find(mesh.Build(), "10.0.0.1", "x", preferred: "c"));
        mesh.Service("d/web", "10.0.0.1", with: Canonical);
        Assert.Equal("d/web", Find(mesh.Build(), "10.0.0.1", "x", preferred: "c"));
        Assert.Equal("b/web", Find(mesh.Build(), "10.0.0.1", "b"));
    }

    [Fact]
    public void A_removed_service_frees_the_address_it_shared()
    {
        var state = new MeshBuilder().Service("a/web", "10.0.0.1").Service("b/web", "10.0.0.1").BuildState();

        state.Apply(new() { RemovedAddresses = [MeshBuilder.Key("a/web").ToString()] });
        Assert.Equal("b/web", Find(state.Current, "10.0.0.1", "a"));
        state.Apply(new() { RemovedAddresses = [MeshBuilder.Key("b/web").ToString()] });
        Assert.Null(Find(state.Current, "10.0.0.1"));
    }

    [Fact]
    public void A_hidden_service_is_seen_in_its_namespace_and_by_those_who_do_not_ask()
    {
        var mesh = new MeshBuilder().Service("a/web", "10.0.0.1", with: Hidden).Build();
        var host = MeshBuilder.Key("a/web").Hostname;

        Assert.Equal(["a/web", null, "a/web"], new[] { "a", "b", null }.Select(client => Find(mesh, "10.0.0.1", client)));
        Assert.Equal([true, false, true], new[] { "a", "b", null }.Select(client => mesh.FindService(host, client) is not null));
    }

    [Fact]
    public void Behind_a_hidden_address_a_range_is_found()
    {
        var mesh = new MeshBuilder().Service("a/web", "10.0.0.1", with: Hidden).Service("b/all", with: Range("10.0.0.0/8")).Build();

        Assert.Equal("b/all", Find(mesh, "10.0.0.1", "x"));
    }

    [Theory]
    [InlineData("10.1.2.3", "narrow")]
    [InlineData("10.1.9.9", "middle")]
    [InlineData("10.9.9.9", "wide")]
    [InlineData("10.1.2.99", "exact")]
    [InlineData("11.0.0.1", null)]
    [InlineData("fd00:1::1", "narrow")]
    [InlineData("fd00:2::1", "wide")]
    [InlineData("fe00::1", null)]
    [InlineData("other/10.9.9.9", null)]
    [InlineData("net/10.9.9.9", "elsewhere")]
    public void The_narrowest_range_wins_and_an_exact_address_beats_all(string address, string? expected)
    {
        var mesh = new MeshBuilder().Service("wide", with: Range("10.0.0.0/8", "fd00::/16"))
            .Service("narrow", with: Range("10.1.2.0/24", "fd00:1::/32")).Service("middle", with: Range("10.1.0.0/16"))
            .Service("exact", "10.1.2.99").Service("elsewhere", with: Range("net|10.0.0.0/8")).Build();

        Assert.Equal(expected is null ? null : $"default/{expected}", Find(mesh, address));
    }

    [Fact]
    public void The_clients_own_range_beats_a_narrower_one_of_another_namespace()
    {
        var mesh = new MeshBuilder().Service("a/wide", with: Range("10.0.0.0/8")).Service("b/narrow", with: Range("10.1.0.0/16")).Build();

        Assert.Equal("a/wide", Find(mesh, "10.1.0.1", "a"));
        Assert.Equal("b/narrow", Find(mesh, "10.1.0.1", "x"));
    }

    [Fact]
    public void Of_equal_ranges_the_canonical_wins_then_the_oldest()
    {
        var mesh = new MeshBuilder().Service("a/web", with: Range("10.0.0.0/8")).Service("b/web", with: Range("10.0.0.0/8"));

        Assert.Equal("a/web", Find(mesh.Build(), "10.1.0.1", "x"));
        mesh.Service("c/web", with: s => Canonical(Range("10.0.0.0/8")(s)));
        Assert.Equal("c/web", Find(mesh.Build(), "10.1.0.1", "x"));
    }

    [Fact]
    public void A_range_of_one_address_is_that_address()
    {
        var mesh = new MeshBuilder().Service("range", with: Range("10.0.0.0/8")).Service("host", with: Range("10.0.0.1/32")).Build();

        Assert.Equal("default/host", Find(mesh, "10.0.0.1"));
    }

    [Fact]
    public void A_range_changes_and_goes_with_its_service()
    {
        var state = new MeshBuilder().Service("web", with: Range("10.0.0.0/8")).BuildState();

        state.Apply(new MeshBuilder().Service("web", with: Range("11.0.0.0/8")).Delta);
        Assert.Equal((null, "default/web"), (Find(state.Current, "10.0.0.1"), Find(state.Current, "11.0.0.1")));
        state.Apply(new() { RemovedAddresses = [MeshBuilder.Key("web").ToString()] });
        Assert.Null(Find(state.Current, "11.0.0.1"));
    }

    [Fact]
    public void A_service_with_a_range_is_served_with_its_latest_endpoints()
    {
        var state = new MeshBuilder().Service("web", with: Range("10.0.0.0/8")).BuildState();

        for (var i = 1; i <= 3; i++)
        {
            state.Apply(new MeshBuilder().Workload($"web-{i}", $"10.1.0.{i}", "web").Delta);
            Assert.Equal(i, state.Current.FindService(MeshBuilder.Address("10.9.9.9"), null)!.Endpoints.Count());
        }
    }

    [Fact]
    public void Host_names_are_found_in_any_case_and_wildcards_as_themselves()
    {
        var mesh = new MeshBuilder().Service("web", with: s => s with { Hostname = "*.Example.com" }).Service("b/web", with: s => s with { Hostname = "*.example.com" }).Build();

        Assert.Equal(2, mesh.ServicesWithHost("*.example.COM").Count());
        Assert.Equal("b", mesh.FindService("*.example.com", "b")?.Service.Namespace);
        Assert.Null(mesh.FindService("a.example.com", null));
    }
}
