using System.Text;
using Ambient.Ztunnel.Socks;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Ztunnel.Tests.Socks;

public sealed class SocksNegotiationTests
{
    private static readonly byte[] Greeting = [5, 1, 0];

    private static (SocksStatus Status, SocksNegotiation Negotiation, byte[] Replies) Feed(params byte[] bytes)
    {
        var (negotiation, replies, status, at) = (new SocksNegotiation(), new List<byte>(), SocksStatus.NeedsMore, 0);
        while (status == SocksStatus.NeedsMore && at + negotiation.Wanted <= bytes.Length)
        {
            var wanted = negotiation.Wanted;
            status = negotiation.Advance(bytes.AsSpan(at, wanted));
            at += wanted;
            replies.AddRange(negotiation.Reply);
        }
        return (status, negotiation, [.. replies]);
    }

    private static byte[] ConnectTo(string name, int port) => [.. Greeting, 5, 1, 0, 3, (byte)name.Length, .. Encoding.Latin1.GetBytes(name), (byte)(port >> 8), (byte)port];

    [Fact]
    public void An_IPv4_target_is_read_and_no_success_is_told_yet()
    {
        var (status, negotiation, replies) = Feed([.. Greeting, 5, 1, 0, 1, 10, 0, 0, 7, 0x1F, 0x90]);

        Assert.Equal(SocksStatus.Requested, status);
        Assert.Equal("10.0.0.7:8080", negotiation.Target!.ToString());
        Assert.Equal([5, 0], replies);
    }

    [Fact]
    public void An_IPv6_target_is_read()
    {
        var (_, negotiation, _) = Feed([.. Greeting, 5, 1, 0, 4, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 80]);

        Assert.Equal("[fd00::1]:80", negotiation.Target!.ToString());
    }

    [Fact]
    public void A_mapped_IPv6_target_is_the_IPv4_one()
    {
        var (_, negotiation, _) = Feed([.. Greeting, 5, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, 7, 0, 80]);

        Assert.Equal("10.0.0.7:80", negotiation.Target!.ToString());
    }

    [Theory]
    [InlineData("Web.Example.com", "web.example.com:443")]
    [InlineData("web.example.com.", "web.example.com:443")]
    [InlineData("10.0.0.9", "10.0.0.9:443")]
    [InlineData("fd00::9", "[fd00::9]:443")]
    public void A_named_target_is_read(string name, string target) =>
        Assert.Equal(target, Feed(ConnectTo(name, 443)).Negotiation.Target!.ToString());

    [Fact]
    public void No_authentication_may_be_one_of_several_methods() =>
        Assert.Equal([5, 0], Feed(5, 3, 2, 1, 0).Replies);

    [Theory]
    [InlineData("SOCKS 4", new byte[] { 4, 1 }, new byte[] { 5, 0xFF })]
    [InlineData("no methods", new byte[] { 5, 0 }, new byte[] { 5, 0xFF })]
    [InlineData("only passwords", new byte[] { 5, 1, 2 }, new byte[] { 5, 0xFF })]
    [InlineData("BIND", new byte[] { 5, 1, 0, 5, 2, 0, 1, 1 }, new byte[] { 5, 0, 5, 7, 0, 1, 0, 0, 0, 0, 0, 0 })]
    [InlineData("UDP", new byte[] { 5, 1, 0, 5, 3, 0, 1, 1 }, new byte[] { 5, 0, 5, 7, 0, 1, 0, 0, 0, 0, 0, 0 })]
    [InlineData("address type 2", new byte[] { 5, 1, 0, 5, 1, 0, 2, 1 }, new byte[] { 5, 0, 5, 8, 0, 1, 0, 0, 0, 0, 0, 0 })]
    [InlineData("empty name", new byte[] { 5, 1, 0, 5, 1, 0, 3, 0 }, new byte[] { 5, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0 })]
    [InlineData("other version", new byte[] { 5, 1, 0, 4, 1, 0, 1, 1 }, new byte[] { 5, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0 })]
    [InlineData("port 0", new byte[] { 5, 1, 0, 5, 1, 0, 1, 10, 0, 0, 1, 0, 0 }, new byte[] { 5, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0 })]
    [InlineData("a space in the name", new byte[] { 5, 1, 0, 5, 1, 0, 3, 1, (byte)' ', 0, 80 }, new byte[] { 5, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0 })]
    public void What_is_not_served_is_refused_with_a_reason(string what, byte[] bytes, byte[] expected)
    {
        var (status, negotiation, replies) = Feed(bytes);

        Assert.True(status == SocksStatus.Failed, what);
        Assert.Equal(expected, replies);
        Assert.NotEmpty(negotiation.Failure!);
    }

    [Fact]
    public void Any_bytes_lead_to_a_target_or_a_failure_or_wait_for_more() =>
        Prop.ForAll<byte[]>(bytes =>
        {
            var (status, negotiation, _) = Feed([.. Greeting, .. bytes]);
            return status switch
            {
                SocksStatus.Requested => negotiation is { Target.Port: > 0, Wanted: 0 },
                SocksStatus.Failed => negotiation is { Failure: not null, Wanted: 0 },
                _ => negotiation.Wanted is > 0 and <= SocksNegotiation.MaxWanted,
            };
        }).QuickCheckThrowOnFailure();
}
