using System.Net;
using Ambient.Hbone.Headers;

namespace Ambient.Hbone.Tests.Headers;

public class HeaderTests
{
    [Fact]
    public void Forwarded_names_the_client_and_the_service()
    {
        Assert.Equal("for=\"10.0.0.1:5000\"", Forwarded.Format(IPEndPoint.Parse("10.0.0.1:5000"), null));
        Assert.Equal("for=\"[fd00::1]:5000\";host=web.shop", Forwarded.Format(IPEndPoint.Parse("[fd00::1]:5000"), "web.shop"));
    }

    [Theory]
    [InlineData("for=1.2.3.4;host=web.shop", "web.shop")]
    [InlineData("host=\"web.shop\"", "web.shop")]
    [InlineData("for=x", null)]
    [InlineData("host=", null)]
    [InlineData("host=wéb", null)]
    [InlineData("", null)]
    public void The_forwarded_host_is_found(string header, string? host) => Assert.Equal(host, Forwarded.ParseHost(header));

    [Fact]
    public void A_new_traceparent_is_valid_and_new()
    {
        var random = new Random(1);

        var first = TraceParent.New(random);
        var second = TraceParent.New(random);

        Assert.True(TraceParent.IsValid(first));
        Assert.NotEqual(first, second);
    }

    [Theory]
    [InlineData("00-0000000000000000000000000000000000000000000000000000")] // the right length, no structure
    [InlineData("00-00000000000000000000000000000000-0000000000000000-00")]
    [InlineData("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01")]
    [InlineData("")]
    public void Crafted_traceparents_are_refused(string header) => Assert.False(TraceParent.IsValid(header));

    [Fact]
    public void The_proxy_header_carries_addresses_and_identity()
    {
        var header = ProxyHeader.Format(IPEndPoint.Parse("10.0.0.1:5000"), IPEndPoint.Parse("10.0.0.2:80"), "spiffe://td/ns/a/sa/b");

        Assert.Equal("0D0A0D0A000D0A515549540A2111", Convert.ToHexString(header.AsSpan(0, 14)));
        Assert.Equal(12 + 3 + 21, header[14] << 8 | header[15]);
        Assert.Equal("0A0000010A00000213880050", Convert.ToHexString(header.AsSpan(16, 12)));
        Assert.Equal("D00015", Convert.ToHexString(header.AsSpan(28, 3)));
        Assert.Equal("spiffe://td/ns/a/sa/b"u8.ToArray(), header[31..]);
    }

    [Fact]
    public void Mixed_families_give_an_unspecified_address_block()
    {
        var header = ProxyHeader.Format(IPEndPoint.Parse("10.0.0.1:5000"), IPEndPoint.Parse("[fd00::2]:80"), null);

        Assert.Equal(16, header.Length);
        Assert.Equal(0, header[13]);
    }
}
