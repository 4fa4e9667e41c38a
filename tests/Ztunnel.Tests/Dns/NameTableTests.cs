using Ambient.Model.Workloads;
using Ambient.Ztunnel.Dns;
using Ambient.Ztunnel.Dns.Naming;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Ztunnel.Tests.Dns;

public sealed class NameTableTests
{
    private static readonly DnsSettings Settings = new();

    /// <returns>The namespace and host name that was found, with the CNAME's target if there is one.</returns>
    private static string? Find(TestMesh mesh, string name, DnsSettings? settings = null)
    {
        settings ??= Settings;
        var client = new ClientNames("ns1", settings.ClusterDomain, settings.Search);
        return new NameTable(settings).Find(mesh.State.Current, client, name) is not { } match ? null
            : $"{match.Service.Service.Key}{(match.AliasLength > 0 ? " as " + name[..match.AliasLength] : "")}";
    }

    private static readonly string[] Vip = ["10.0.0.1"];

    private static TestMesh Usual() => new TestMesh()
        .Service("web.ns1.svc.cluster.local", "ns1", Vip)
        .Service("db.ns2.svc.cluster.local", "ns2", Vip)
        .Service("www.google.com", "external", Vip)
        .Service("*.wild.example.com", "external", Vip)
        .Service("one.wild.example.com", "external", ["10.0.0.2"])
        .Service("*.com", "external", Vip);

    [Theory]
    [InlineData("web", "ns1/web.ns1.svc.cluster.local")]
    [InlineData("web.ns1", "ns1/web.ns1.svc.cluster.local")]
    [InlineData("web.ns1.svc", "ns1/web.ns1.svc.cluster.local")]
    [InlineData("web.ns1.svc.cluster.local", "ns1/web.ns1.svc.cluster.local")]
    [InlineData("db.ns2", "ns2/db.ns2.svc.cluster.local")]
    [InlineData("db.ns2.svc", "ns2/db.ns2.svc.cluster.local")]
    [InlineData("db", null)]
    [InlineData("web.ns2", null)]
    [InlineData("web.ns1.svc.cluster.locall", null)]
    [InlineData("", null)]
    public void Short_names_of_Kubernetes_are_those_of_the_clients_namespace(string name, string? service) =>
        Assert.Equal(service, Find(Usual(), name));

    [Theory]
    [InlineData("www.google.com.ns1.svc.cluster.local", "external/www.google.com as www.google.com")]
    [InlineData("www.google.com.svc.cluster.local", "external/www.google.com as www.google.com")]
    [InlineData("www.google.com.cluster.local", "external/www.google.com as www.google.com")]
    [InlineData("db.ns2.ns1.svc.cluster.local", "ns2/db.ns2.svc.cluster.local as db.ns2")]
    [InlineData("web.ns1.svc.cluster.local.cluster.local", "ns1/web.ns1.svc.cluster.local as web.ns1.svc.cluster.local")]
    [InlineData("www.google.com.ns2.svc.cluster.local", null)]
    [InlineData("ns1.svc.cluster.local", null)]
    public void A_search_domain_that_was_appended_is_removed_and_shown_as_an_alias(string name, string? service) =>
        Assert.Equal(service, Find(Usual(), name));

    [Theory]
    [InlineData("two.wild.example.com", "external/*.wild.example.com")]
    [InlineData("a.b.c.wild.example.com", "external/*.wild.example.com")]
    [InlineData("one.wild.example.com", "external/one.wild.example.com")]
    [InlineData("wild.example.com", "external/*.com")]
    [InlineData("www.bing.com", "external/*.com")]
    [InlineData("www.bing.org", null)]
    [InlineData("com", null)]
    public void The_nearest_wildcard_wins_and_an_exact_name_before_all(string name, string? service) =>
        Assert.Equal(service, Find(Usual(), name));

    [Fact]
    public void A_wildcard_behind_a_search_domain_gives_no_alias() =>
        Assert.Equal("external/*.wild.example.com", Find(Usual(), "two.wild.example.com.ns1.svc.cluster.local"));

    [Fact]
    public void The_search_list_of_a_dedicated_proxy_is_its_own()
    {
        var settings = Settings with { Search = ["corp.example"] };

        Assert.Equal("external/www.google.com as www.google.com", Find(Usual(), "www.google.com.corp.example", settings));
        Assert.Null(Find(Usual(), "www.google.com.ns1.svc.cluster.local", settings));
    }

    [Fact]
    public void Another_cluster_domain_is_honoured()
    {
        var mesh = new TestMesh().Service("web.ns1.svc.corp.internal", "ns1", Vip);

        Assert.Equal("ns1/web.ns1.svc.corp.internal", Find(mesh, "web", Settings with { ClusterDomain = "corp.internal" }));
        Assert.Null(Find(mesh, "web"));
    }

    [Theory]
    [InlineData("web.ns1.svc.other.domain", "ns1/web.ns1.svc.other.domain")]
    [InlineData("web.ns1.svc.other.domain.ns1.svc.cluster.local", "ns1/web.ns1.svc.other.domain as web.ns1.svc.other.domain")]
    [InlineData("web.ns1.svc", null)]
    [InlineData("web", null)]
    public void A_service_of_another_clusters_domain_has_its_whole_name_only(string name, string? service) =>
        Assert.Equal(service, Find(new TestMesh().Service("web.ns1.svc.other.domain", "ns1", Vip), name));

    [Fact]
    public void A_service_of_the_clients_namespace_comes_before_a_canonical_one()
    {
        var mesh = new TestMesh()
            .Service("api.example.com", "ns2", Vip, canonical: true)
            .Service("api.example.com", "ns1", Vip)
            .Service("api.example.com", "ns3", Vip);

        Assert.Equal("ns1/api.example.com", Find(mesh, "api.example.com"));
    }

    [Fact]
    public void A_canonical_service_comes_before_one_of_the_preferred_namespace_and_that_before_the_first()
    {
        var (first, preferred, canonical) = (("ns2", false), ("ns3", false), ("ns4", true));
        TestMesh With(params (string Namespace, bool Canonical)[] services) => services.Aggregate(new TestMesh(),
            (mesh, service) => mesh.Service("api.example.com", service.Namespace, Vip, canonical: service.Canonical));
        var settings = Settings with { PreferredServiceNamespace = "ns3" };

        Assert.Equal("ns4/api.example.com", Find(With(first, preferred, canonical), "api.example.com", settings));
        Assert.Equal("ns3/api.example.com", Find(With(first, preferred), "api.example.com", settings));
        Assert.Equal("ns2/api.example.com", Find(With(first, preferred), "api.example.com"));
    }

    [Fact]
    public void A_hidden_service_exists_only_for_its_own_namespace()
    {
        var mesh = new TestMesh()
            .Service("hidden.example.com", "ns2", Vip, visibility: Visibility.Namespace)
            .Service("own.example.com", "ns1", Vip, visibility: Visibility.Namespace);

        Assert.Null(Find(mesh, "hidden.example.com"));
        Assert.Equal("ns1/own.example.com", Find(mesh, "own.example.com"));
    }

    [Fact]
    public void Without_virtual_addresses_only_services_of_the_cluster_are_ours()
    {
        var mesh = new TestMesh().Service("headless.ns1.svc.cluster.local", "ns1").Service("headless.example.com", "ns1");

        Assert.Equal("ns1/headless.ns1.svc.cluster.local", Find(mesh, "headless"));
        Assert.Null(Find(mesh, "headless.example.com"));
    }

    [Fact]
    public void Names_of_single_pods_are_left_to_the_upstream() =>
        Assert.Null(Find(new TestMesh().Service("db.ns1.svc.cluster.local", "ns1"), "db-0.db.ns1.svc.cluster.local"));

    [Fact]
    public void Any_host_name_is_looked_up() =>
        Prop.ForAll<NonEmptyString>(text =>
        {
            var name = new string([.. text.Get.Where(letter => letter is > ' ' and < (char)0x7F).Select(char.ToLowerInvariant)]);
            return Find(Usual(), name.Length > 200 ? name[..200] : name) is var _;
        }).QuickCheckThrowOnFailure();
}
