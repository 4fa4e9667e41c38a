using System.Text;
using Ambient.Http1.Forwarding;
using Ambient.Http1.Heads;
using Xunit;

namespace Ambient.Http1.Tests;

public sealed class EndToEndFieldsTests
{
    [Theory]
    [InlineData("Accept: a|Connection: close|Keep-Alive: 5|X: 1", "Accept,X")]
    [InlineData("TE: trailers|Trailer: x|Upgrade: h2c|HTTP2-Settings: x|A: 1", "A")]
    [InlineData("Proxy-Connection: x|Proxy-Authenticate: x|Proxy-Authorization: x|A: 1", "A")]
    [InlineData("Content-Length: 3|A: 1", "A")]
    [InlineData("Connection: x-hop, X-Other|X-Hop: 1|x-other: 2|X-Kept: 3", "X-Kept")]
    [InlineData("Connection: x-a|Connection: x-b|X-A: 1|X-B: 2|C: 3", "C")]
    [InlineData("Connection: authorization, x-forwarded-for, host, cookie, x-request-id|Authorization: a|X-Forwarded-For: b|Cookie: c|X-Request-Id: d",
        "Authorization,X-Forwarded-For,Cookie,X-Request-Id")]
    [InlineData("X-Forwarded-: 1|Connection: x-forwarded-|A: 2", "A")]
    public void What_speaks_to_the_next_hop_alone_stays_here(string lines, string passed)
    {
        var parser = new RequestParser(Http1Limits.Default);
        var text = "GET / HTTP/1.1\r\nHost: a\r\n" + string.Concat(lines.Split('|').Select(line => line + "\r\n")) + "\r\n";
        Assert.Equal(HeadStatus.Complete, parser.Feed(Encoding.ASCII.GetBytes(text), out _));

        var names = new List<string>();
        foreach (var field in new EndToEndFields(parser.Head.Fields)) names.Add(Encoding.ASCII.GetString(field.Name));

        Assert.Equal(["Host", .. passed.Split(',')], names);
    }
}
