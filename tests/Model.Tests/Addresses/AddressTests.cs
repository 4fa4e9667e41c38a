using System.Net;
using Ambient.Model.Addresses;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Model.Tests.Addresses;

public sealed class AddressTests
{
    [Theory]
    [InlineData("::ffff:10.0.0.1", "10.0.0.1")]
    [InlineData("fe80::1%3", "fe80::1")]
    [InlineData("10.0.0.1", "10.0.0.1")]
    public void What_a_socket_reports_is_found_under_its_plain_address(string reported, string plain) =>
        Assert.Equal(new NetworkAddress("n", IPAddress.Parse(plain)), new NetworkAddress("n", IPAddress.Parse(reported)));

    [Theory]
    [InlineData("/10.0.0.1", "", "10.0.0.1")]
    [InlineData("net-1/fd00::1", "net-1", "fd00::1")]
    public void A_network_address_reads_back(string text, string network, string address)
    {
        Assert.True(NetworkAddress.TryParse(text, out var parsed));

        Assert.Equal((network, IPAddress.Parse(address)), (parsed.Network, parsed.Address));
        Assert.Equal(text, parsed.ToString());
    }

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("net/")]
    [InlineData("net/10.0.0")]
    [InlineData("net/010.0.0.1")]
    [InlineData("net/0x7f.0.0.1")]
    [InlineData("net/10.0.0.1/24")]
    [InlineData("net/[fd00::1]")]
    [InlineData("net/fe80::1%eth0")]
    public void Anything_else_is_not_a_network_address(string text) => Assert.False(NetworkAddress.TryParse(text, out _));

    [Theory]
    [InlineData("10.0.0.0/8", "10.255.0.1", true)]
    [InlineData("10.1.2.3/8", "10.255.0.1", true)] // host bits do not matter
    [InlineData("10.0.0.0/8", "11.0.0.1", false)]
    [InlineData("10.0.0.1", "10.0.0.1", true)]
    [InlineData("0.0.0.0/0", "1.2.3.4", true)]
    [InlineData("0.0.0.0/0", "::1", false)]
    [InlineData("::/0", "1.2.3.4", false)]
    [InlineData("fd00::/8", "fdff::1", true)]
    [InlineData("fd00::/8", "fe00::1", false)]
    [InlineData("10.0.0.0/8", "::ffff:10.1.1.1", true)]
    public void A_range_has_the_addresses_that_share_its_bits(string range, string address, bool expected) =>
        Assert.Equal(expected, IpPrefix.Parse(range).Contains(IPAddress.Parse(address)));

    [Theory]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/+8")]
    [InlineData("fd00::/129")]
    [InlineData("x/8")]
    [InlineData("")]
    public void A_range_that_makes_no_sense_is_not_read(string text) => Assert.False(IpPrefix.TryParse(text, out _));

    [Fact]
    public void A_range_agrees_with_the_runtimes_own() => Prop.ForAll<uint, uint, byte>((network, address, bits) =>
    {
        var length = bits % 33;
        var mask = length == 0 ? 0 : uint.MaxValue << (32 - length);
        Assert.True(IpPrefix.TryCreate(V4(network), length, out var range));

        return range.Contains(V4(address)) == new IPNetwork(V4(network & mask), length).Contains(V4(address));
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("10.0.0.1:80", "10.0.0.1:80", null)]
    [InlineData("[fd00::1]:80", "[fd00::1]:80", null)]
    [InlineData("[::ffff:10.0.0.1]:80", "10.0.0.1:80", null)]
    [InlineData("web.shop.svc:8080", null, "web.shop.svc")]
    public void An_authority_is_an_address_or_a_host_with_a_port(string text, string? address, string? host)
    {
        Assert.True(Authority.TryParse(text, out var authority));

        Assert.Equal(host, authority.Host);
        Assert.Equal(address, authority.Address is null ? null : authority.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData(":80")]
    [InlineData("web")]
    [InlineData("web:")]
    [InlineData("web:65536")]
    [InlineData("web:+80")]
    [InlineData("web: 80")]
    [InlineData("fd00::1:80")]
    [InlineData("[10.0.0.1]:80")]
    [InlineData("[web]:80")]
    [InlineData("user@web:80")]
    [InlineData("web/x:80")]
    public void Anything_else_is_not_an_authority(string text) => Assert.False(Authority.TryParse(text, out _));

    [Fact]
    public void Any_text_is_an_authority_or_not_but_never_an_exception() => Prop.ForAll<string>(text =>
        !Authority.TryParse(text, out var authority) || Authority.TryParse(authority.ToString(), out var again) && again == authority)
        .QuickCheckThrowOnFailure();

    private static IPAddress V4(uint value) => new([(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value]);
}
