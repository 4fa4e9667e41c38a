using Ambient.Model.Identities;
using Ambient.Model.Workloads;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Model.Tests.Identities;

public sealed class SpiffeIdTests
{
    [Theory]
    [InlineData("spiffe://cluster.local/ns/shop/sa/web", "cluster.local", "shop", "web")]
    [InlineData("spiffe://td/ns//sa/", "td", "", "")]
    public void Five_segments_are_an_identity(string text, string trustDomain, string ns, string account)
    {
        Assert.True(SpiffeId.TryParse(text, out var id));

        Assert.Equal((trustDomain, ns, account), (id.TrustDomain, id.Namespace, id.ServiceAccount));
        Assert.Equal(text, id.ToString());
        Assert.Equal(text["spiffe://".Length..], id.Principal.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("td/ns/shop/sa/web")]
    [InlineData("https://td/ns/shop/sa/web")]
    [InlineData("SPIFFE://td/ns/shop/sa/web")]
    [InlineData("spiffe://td/ns/shop/sa")]
    [InlineData("spiffe://td/ns/shop/sa/web/")]
    [InlineData("spiffe://td/ns/shop/sa/web/more")]
    [InlineData("spiffe://td/namespace/shop/sa/web")]
    [InlineData("spiffe://td/ns/shop/account/web")]
    public void Anything_else_is_not(string text) => Assert.False(SpiffeId.TryParse(text, out _));

    [Fact]
    public void Case_and_trust_domain_tell_identities_apart()
    {
        var id = new SpiffeId("td", "shop", "web");

        Assert.Equal(id, SpiffeId.Parse("spiffe://td/ns/shop/sa/web"));
        Assert.NotEqual(id, new SpiffeId("td", "shop", "Web"));
        Assert.NotEqual(id, new SpiffeId("td2", "shop", "web"));
    }

    [Fact]
    public void A_part_cannot_smuggle_in_another()
    {
        Assert.Throws<ArgumentException>(() => new SpiffeId("td", "a/sa/b", "web"));
        Assert.Throws<ArgumentException>(() => new Workload { Uid = "u", Namespace = "a/b" });
    }

    [Fact]
    public void A_too_long_id_is_not_read()
    {
        Assert.False(SpiffeId.TryParse($"spiffe://td/ns/{new string('x', SpiffeId.MaxPartLength + 1)}/sa/web", out _));
        Assert.False(SpiffeId.TryParse($"spiffe://td/ns/{new string('x', 3000)}/sa/web", out _));
    }

    [Fact]
    public void Any_text_is_an_identity_or_not_but_never_an_exception() => Prop.ForAll<string>(text =>
        !SpiffeId.TryParse("spiffe://" + text, out var id) || id.ToString() == "spiffe://" + text).QuickCheckThrowOnFailure();

    [Fact]
    public void A_changed_copy_of_a_workload_has_its_own_identity()
    {
        var workload = new Workload { Uid = "u", TrustDomain = "td", Namespace = "a", ServiceAccount = "x" };
        var before = workload.Identity;

        Assert.Equal("spiffe://td/ns/b/sa/x", (workload with { Namespace = "b" }).Identity.ToString());
        Assert.Equal("spiffe://td/ns/a/sa/x", before.ToString());
    }
}
