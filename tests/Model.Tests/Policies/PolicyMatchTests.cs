using System.Net;
using Ambient.Model.Addresses;
using Ambient.Model.Identities;
using Ambient.Model.Policies;

namespace Ambient.Model.Tests.Policies;

public sealed class PolicyMatchTests
{
    private static readonly ConnectionAttributes Call = new(
        new SpiffeId("td", "shop", "web"), IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.0.0.2"), 8080);

    private static readonly ConnectionAttributes Plaintext =
        new(null, IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.0.0.2"), 8080);

    private static StringMatcher Exact(string text) => StringMatcher.Exact(text);

    /// <summary>Each attribute with a value of <see cref="Call"/> and another one; then the same for its "not" twin.</summary>
    public static TheoryData<string, PolicyMatch, PolicyMatch, PolicyMatch, PolicyMatch> Attributes => new()
    {
        { "namespace", new() { Namespaces = [Exact("shop")] }, new() { Namespaces = [Exact("other")] },
            new() { NotNamespaces = [Exact("other")] }, new() { NotNamespaces = [Exact("shop")] } },
        { "principal", new() { Principals = [Exact("td/ns/shop/sa/web")] }, new() { Principals = [Exact("spiffe://td/ns/shop/sa/web")] },
            new() { NotPrincipals = [Exact("td/ns/shop/sa/x")] }, new() { NotPrincipals = [Exact("td/ns/shop/sa/web")] } },
        { "service account", new() { ServiceAccounts = [new("shop", "web")] }, new() { ServiceAccounts = [new("web", "shop")] },
            new() { NotServiceAccounts = [new("shop", "x")] }, new() { NotServiceAccounts = [new("shop", "web")] } },
        { "source ip", new() { SourceIps = [IpPrefix.Parse("10.0.0.0/31")] }, new() { SourceIps = [IpPrefix.Parse("fd00::/8")] },
            new() { NotSourceIps = [IpPrefix.Parse("10.0.0.2")] }, new() { NotSourceIps = [IpPrefix.Parse("10.0.0.0/8")] } },
        { "destination ip", new() { DestinationIps = [IpPrefix.Parse("10.0.0.2")] }, new() { DestinationIps = [IpPrefix.Parse("10.0.0.1")] },
            new() { NotDestinationIps = [IpPrefix.Parse("10.0.0.1")] }, new() { NotDestinationIps = [IpPrefix.Parse("10.0.0.2/24")] } },
        { "destination port", new() { DestinationPorts = [80, 8080] }, new() { DestinationPorts = [80] },
            new() { NotDestinationPorts = [80] }, new() { NotDestinationPorts = [80, 8080] } },
    };

    [Theory]
    [MemberData(nameof(Attributes))]
    public void Each_attribute_is_tested_and_so_is_its_opposite(
        string name, PolicyMatch hit, PolicyMatch miss, PolicyMatch notHit, PolicyMatch notMiss)
    {
        Assert.True(hit.IsMatch(Call), name);
        Assert.False(miss.IsMatch(Call), name);
        Assert.True(notHit.IsMatch(Call), name);
        Assert.False(notMiss.IsMatch(Call), name);
    }

    [Fact]
    public void All_groups_must_hold_and_no_forbidden_value_may_hit()
    {
        var match = new PolicyMatch { Namespaces = [Exact("shop")], DestinationPorts = [8080] };

        Assert.True(match.IsMatch(Call));
        Assert.False((match with { DestinationPorts = [9090] }).IsMatch(Call));
        Assert.False((match with { NotNamespaces = [StringMatcher.Presence] }).IsMatch(Call));
    }

    [Fact]
    public void A_caller_without_identity_hits_nothing_that_asks_for_one()
    {
        StringMatcher[] matchers = [Exact("shop"), StringMatcher.Prefix("s"), StringMatcher.Suffix("p"), StringMatcher.Presence];

        Assert.All(matchers, matcher =>
        {
            Assert.False(new PolicyMatch { Namespaces = [matcher] }.IsMatch(Plaintext));
            Assert.False(new PolicyMatch { Principals = [matcher] }.IsMatch(Plaintext));
            Assert.True(new PolicyMatch { NotNamespaces = [matcher] }.IsMatch(Plaintext));
            Assert.True(new PolicyMatch { NotPrincipals = [matcher] }.IsMatch(Plaintext));
        });
        Assert.False(new PolicyMatch { ServiceAccounts = [new("", "")] }.IsMatch(Plaintext));
        Assert.True(new PolicyMatch { NotServiceAccounts = [new("", "")] }.IsMatch(Plaintext));
    }

    [Theory]
    [InlineData(StringMatchKind.Exact, "abc", "abc", true)]
    [InlineData(StringMatchKind.Exact, "abc", "ABC", false)]
    [InlineData(StringMatchKind.Exact, "abc", "abcd", false)]
    [InlineData(StringMatchKind.Prefix, "ab", "abc", true)]
    [InlineData(StringMatchKind.Prefix, "bc", "abc", false)]
    [InlineData(StringMatchKind.Suffix, "bc", "abc", true)]
    [InlineData(StringMatchKind.Suffix, "ab", "abc", false)]
    [InlineData(StringMatchKind.Presence, "", "abc", true)]
    [InlineData(StringMatchKind.Presence, "", "", false)]
    public void Texts_match_by_kind(StringMatchKind kind, string text, string value, bool expected)
    {
        var matcher = kind switch
        {
            StringMatchKind.Exact => StringMatcher.Exact(text),
            StringMatchKind.Prefix => StringMatcher.Prefix(text),
            StringMatchKind.Suffix => StringMatcher.Suffix(text),
            _ => StringMatcher.Presence,
        };

        Assert.Equal(expected, matcher.IsMatch(value));
    }

    [Fact]
    public void A_matcher_that_would_silently_match_more_is_refused()
    {
        Assert.Throws<ArgumentException>(() => StringMatcher.Exact(""));
        Assert.Throws<ArgumentException>(() => StringMatcher.Prefix(""));
        Assert.Throws<ArgumentException>(() => StringMatcher.Suffix(""));
    }

    [Fact]
    public void Empty_levels_hold_except_the_last_and_the_first()
    {
        var never = new PolicyMatch();
        var always = new PolicyMatch { DestinationPorts = [8080] };

        Assert.False(never.IsMatch(Call));
        Assert.True(new PolicyClause([]).IsMatch(Call));
        Assert.True(new PolicyClause([never, always]).IsMatch(Call)); // OR
        Assert.True(new PolicyRule([]).IsMatch(Call));
        Assert.False(new PolicyRule([new([always]), new([never])]).IsMatch(Call)); // AND
        Assert.False(Policy([]).IsMatch(Call));
        Assert.True(Policy([new([new([never])]), new([new([always])])]).IsMatch(Call)); // OR
    }

    private static AuthorizationPolicy Policy(EquatableArray<PolicyRule> rules) => new() { Namespace = "n", Name = "p", Rules = rules };
}
