using System.Text;
using Ambient.Http1.Bodies;
using Ambient.Http1.Heads;
using Xunit;

namespace Ambient.Http1.Tests;

public sealed class RequestParserTests
{
    [Fact]
    public void A_plain_request_is_read()
    {
        var parser = new RequestParser(Http1Limits.Default);
        var input = "GET /a/b?x=1&y HTTP/1.1\r\nHost: example.test:8080\r\nAccept: \t text/plain \r\nX-Empty:\r\n\r\nrest"u8;

        var status = parser.Feed(input, out var consumed);

        Assert.Equal(HeadStatus.Complete, status);
        Assert.Equal(input.Length - 4, consumed);
        Assert.Equal("GET", Text(parser.Head.Method));
        Assert.Equal("/a/b", Text(parser.Head.Path));
        Assert.Equal("x=1&y", Text(parser.Head.Query));
        Assert.Equal("example.test:8080", Text(parser.Head.Authority));
        Assert.Equal(["Host", "Accept", "X-Empty"], Names(parser.Head.Fields));
        Assert.True(parser.Head.Fields.TryGet("accept"u8, out var accept));
        Assert.Equal("text/plain", Text(accept));
        Assert.True(parser.Head.Fields.TryGet("X-EMPTY"u8, out var empty));
        Assert.True(empty.IsEmpty);
        Assert.True(parser.Head.KeepAlive);
        Assert.Equal(BodyFraming.None, parser.Head.Framing);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\nHost: a\r\n\r\n", Http1Violation.BareLineFeed)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\n\r\n", Http1Violation.BareLineFeed)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\n", Http1Violation.BareLineFeed)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", Http1Violation.BareCarriageReturn)]
    [InlineData("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", Http1Violation.BareCarriageReturn)]
    [InlineData("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Http1Violation.EmptyLinesBeforeRequest)]
    [InlineData("GET /\r\nHost: a\r\n\r\n", Http1Violation.BadRequestLine)]
    [InlineData("GET\r\n\r\n", Http1Violation.BadRequestLine)]
    [InlineData(" GET / HTTP/1.1\r\n\r\n", Http1Violation.BadMethod)]
    [InlineData("G(T / HTTP/1.1\r\n\r\n", Http1Violation.BadMethod)]
    [InlineData("GET  / HTTP/1.1\r\n\r\n", Http1Violation.BadTarget)]
    [InlineData("GET / / HTTP/1.1\r\n\r\n", Http1Violation.BadTarget)]
    [InlineData("GET /#top HTTP/1.1\r\n\r\n", Http1Violation.BadTarget)]
    [InlineData("GET /\u00e9 HTTP/1.1\r\n\r\n", Http1Violation.BadTarget)]
    [InlineData("GET * HTTP/1.1\r\n\r\n", Http1Violation.BadTarget)]
    [InlineData("GET a:80 HTTP/1.1\r\n\r\n", Http1Violation.BadTarget)]
    [InlineData("GET ftp://a/ HTTP/1.1\r\n\r\n", Http1Violation.BadTarget)]
    [InlineData("GET http:///x HTTP/1.1\r\n\r\n", Http1Violation.BadTarget)]
    [InlineData("GET http://user@a/ HTTP/1.1\r\n\r\n", Http1Violation.BadTarget)]
    [InlineData("CONNECT / HTTP/1.1\r\n\r\n", Http1Violation.BadTarget)]
    [InlineData("CONNECT a HTTP/1.1\r\n\r\n", Http1Violation.BadTarget)]
    [InlineData("GET / HTTP/1.1 \r\n\r\n", Http1Violation.BadVersion)]
    [InlineData("GET / http/1.1\r\n\r\n", Http1Violation.BadVersion)]
    [InlineData("GET / HTTP/11\r\n\r\n", Http1Violation.BadVersion)]
    [InlineData("GET / HTTP/1.2\r\n\r\n", Http1Violation.UnsupportedVersion)]
    [InlineData("PRI * HTTP/2.0\r\n\r\n", Http1Violation.UnsupportedVersion)]
    [InlineData("GET / HTTP/0.9\r\n\r\n", Http1Violation.UnsupportedVersion)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", Http1Violation.LineFolding)]
    [InlineData("GET / HTTP/1.1\r\n Host: a\r\n\r\n", Http1Violation.LineFolding)]
    [InlineData("GET / HTTP/1.1\r\nHost a\r\n\r\n", Http1Violation.MissingColon)]
    [InlineData("GET / HTTP/1.1\r\nHost : a\r\n\r\n", Http1Violation.SpaceBeforeColon)]
    [InlineData("GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", Http1Violation.SpaceBeforeColon)]
    [InlineData("GET / HTTP/1.1\r\n: a\r\n\r\n", Http1Violation.BadFieldName)]
    [InlineData("GET / HTTP/1.1\r\nX(A): a\r\n\r\n", Http1Violation.BadFieldName)]
    [InlineData("GET / HTTP/1.1\r\nX Y: a\r\n\r\n", Http1Violation.BadFieldName)]
    [InlineData("GET / HTTP/1.1\r\nX: a\0b\r\n\r\n", Http1Violation.BadFieldValue)]
    [InlineData("GET / HTTP/1.1\r\nX: a\u007fb\r\n\r\n", Http1Violation.BadFieldValue)]
    [InlineData("GET / HTTP/1.1\r\n\r\n", Http1Violation.MissingHost)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", Http1Violation.DuplicateHost)]
    [InlineData("GET / HTTP/1.1\r\nHost:\r\n\r\n", Http1Violation.BadHost)]
    [InlineData("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", Http1Violation.BadHost)]
    [InlineData("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", Http1Violation.BadHost)]
    [InlineData("GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", Http1Violation.BadHost)]
    [InlineData("GET / HTTP/1.1\r\nHost: a:\r\n\r\n", Http1Violation.BadHost)]
    [InlineData("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", Http1Violation.BadHost)]
    [InlineData("GET / HTTP/1.1\r\nHost: [10.0.0.1]\r\n\r\n", Http1Violation.BadHost)]
    [InlineData("GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", Http1Violation.HostDisagrees)]
    [InlineData("CONNECT a:80 HTTP/1.1\r\nHost: a:81\r\n\r\n", Http1Violation.HostDisagrees)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\n", Http1Violation.BadContentLength)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", Http1Violation.BadContentLength)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\n", Http1Violation.BadContentLength)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\n", Http1Violation.BadContentLength)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", Http1Violation.BadContentLength)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n", Http1Violation.BadContentLength)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", Http1Violation.DuplicateContentLength)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", Http1Violation.LengthAndChunked)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", Http1Violation.UnsupportedTransferCoding)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", Http1Violation.UnsupportedTransferCoding)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", Http1Violation.UnsupportedTransferCoding)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", Http1Violation.UnsupportedTransferCoding)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", Http1Violation.UnsupportedTransferCoding)]
    [InlineData("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", Http1Violation.TransferCodingBeforeHttp11)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", Http1Violation.UnknownExpectation)]
    public void What_two_readers_could_see_differently_is_refused(string request, Http1Violation expected)
    {
        var parser = new RequestParser(Http1Limits.Default);

        Assert.Equal(HeadStatus.Refused, parser.Feed(Bytes(request), out _));

        Assert.Equal(expected, parser.Error.Violation);
        Assert.InRange(parser.Error.Status, 400, 505);
        Assert.NotEmpty(parser.Error.Message);
    }

    [Fact]
    public void One_empty_line_before_a_request_is_passed_over()
    {
        var parser = new RequestParser(Http1Limits.Default);

        Assert.Equal(HeadStatus.Complete, parser.Feed("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"u8, out _));
    }

    [Theory]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", TargetForm.Asterisk, "a", "*")]
    [InlineData("GET http://a.test:80/p?q HTTP/1.1\r\nHost: A.test:80\r\n\r\n", TargetForm.Absolute, "a.test:80", "/p")]
    [InlineData("GET HTTPS://a.test HTTP/1.1\r\nHost: a.test\r\n\r\n", TargetForm.Absolute, "a.test", "")]
    [InlineData("CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n", TargetForm.Authority, "[2001:db8::1]:443", "")]
    [InlineData("get //x HTTP/1.1\r\nHost: [::1]\r\n\r\n", TargetForm.Origin, "[::1]", "//x")]
    [InlineData("GET / HTTP/1.0\r\n\r\n", TargetForm.Origin, "", "/")]
    public void All_forms_of_targets_are_read(string request, TargetForm form, string authority, string path)
    {
        var parser = new RequestParser(Http1Limits.Default);

        Assert.Equal(HeadStatus.Complete, parser.Feed(Bytes(request), out _));

        Assert.Equal(form, parser.Head.Form);
        Assert.Equal(authority, Text(parser.Head.Authority));
        Assert.Equal(path, Text(parser.Head.Path));
    }

    [Theory]
    [InlineData("HTTP/1.1", "", true)]
    [InlineData("HTTP/1.1", "Connection: close\r\n", false)]
    [InlineData("HTTP/1.1", "Connection: upgrade, Close\r\n", false)]
    [InlineData("HTTP/1.1", "Connection: upgrade\r\nConnection: close\r\n", false)]
    [InlineData("HTTP/1.1", "Connection: closed\r\n", true)]
    [InlineData("HTTP/1.0", "", false)]
    [InlineData("HTTP/1.0", "Connection: Keep-Alive\r\n", true)]
    [InlineData("HTTP/1.0", "Connection: keep-alive, close\r\n", false)]
    public void Connections_are_kept_as_the_version_and_the_client_say(string version, string fields, bool keepAlive)
    {
        var parser = new RequestParser(Http1Limits.Default);

        Assert.Equal(HeadStatus.Complete, parser.Feed(Bytes($"GET / {version}\r\nHost: a\r\n{fields}\r\n"), out _));

        Assert.Equal(keepAlive, parser.Head.KeepAlive);
    }

    [Theory]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n", true)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n", false)]
    [InlineData("POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", false)]
    [InlineData("POST / HTTP/1.0\r\nHost: a\r\nExpect: something\r\nContent-Length: 5\r\n\r\n", false)]
    public void Only_a_request_with_a_body_waits_for_100(string request, bool expects)
    {
        var parser = new RequestParser(Http1Limits.Default);

        Assert.Equal(HeadStatus.Complete, parser.Feed(Bytes(request), out _));

        Assert.Equal(expects, parser.Head.ExpectsContinue);
    }

    [Fact]
    public void Every_limit_takes_its_number_and_refuses_one_more()
    {
        var limits = new Http1Limits { RequestLineBytes = 30, FieldLineBytes = 20, HeadBytes = 1000, FieldCount = 3, BodyBytes = 10 };

        AssertEdge(limits, length => $"GET /{new string('a', length - 14)} HTTP/1.1\r\nHost: a\r\n\r\n", 30, Http1Violation.RequestLineTooLong, 414);
        AssertEdge(limits, length => $"GET / HTTP/1.1\r\nHost: a\r\nX:{new string('a', length - 2)}\r\n\r\n", 20, Http1Violation.FieldLineTooLong, 431);
        AssertEdge(limits, count => $"GET / HTTP/1.1\r\nHost: a\r\n{Repeat("X: y\r\n", count - 1)}\r\n", 3, Http1Violation.TooManyFields, 431);
        AssertEdge(limits, length => $"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n", 10, Http1Violation.BodyTooLarge, 413);
        AssertEdge(limits with { HeadBytes = 60 }, length => $"GET / HTTP/1.1\r\nHost: a\r\nX:{new string('a', 10)}\r\nY:{new string('a', length - 45)}\r\n\r\n",
            60, Http1Violation.HeadTooLarge, 431);
    }

    [Fact]
    public void A_parser_is_used_again_for_the_next_request()
    {
        var parser = new RequestParser(Http1Limits.Default);
        var two = "GET /1 HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\n\r\n"u8;
        Assert.Equal(HeadStatus.Complete, parser.Feed(two, out var consumed));

        parser.Reset();
        Assert.Equal(HeadStatus.Complete, parser.Feed(two[consumed..], out _));

        Assert.Equal("/2", Text(parser.Head.Path));
        Assert.Equal(1, parser.Head.Fields.Count);
        Assert.Equal("b", Text(parser.Head.Authority));
    }

    [Fact]
    public void Reading_a_request_allocates_nothing_once_warm()
    {
        var parser = new RequestParser(Http1Limits.Default);
        var request = Bytes("GET /index.html?a=b HTTP/1.1\r\nHost: example.test\r\nUser-Agent: x\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n");

        var allocated = TestKit.Allocations.Of(() =>
        {
            parser.Feed(request, out _);
            parser.Reset();
        });

        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Messages_never_repeat_what_the_peer_sent()
    {
        var parser = new RequestParser(Http1Limits.Default);

        parser.Feed("GET / HTTP/1.1\r\nHost: a\r\nX: <script>\0\r\n\r\n"u8, out _);

        Assert.DoesNotContain("script", parser.Error.Message);
    }

    private static void AssertEdge(Http1Limits limits, Func<int, string> request, int limit, Http1Violation violation, int status)
    {
        var parser = new RequestParser(limits);
        Assert.Equal(HeadStatus.Complete, parser.Feed(Bytes(request(limit)), out _));

        parser.Reset();
        Assert.Equal(HeadStatus.Refused, parser.Feed(Bytes(request(limit + 1)), out _));
        Assert.Equal(violation, parser.Error.Violation);
        Assert.Equal(status, parser.Error.Status);
        Assert.Contains($"{limit}", parser.Error.Message);
    }

    private static string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count));

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    private static List<string> Names(FieldSection fields)
    {
        var names = new List<string>();
        foreach (var field in fields) names.Add(Text(field.Name));
        return names;
    }
}
