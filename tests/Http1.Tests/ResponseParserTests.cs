using System.Text;
using Ambient.Http1.Bodies;
using Ambient.Http1.Heads;
using Xunit;

namespace Ambient.Http1.Tests;

public sealed class ResponseParserTests
{
    [Fact]
    public void A_plain_response_is_read()
    {
        var parser = Expecting("GET");
        var input = "HTTP/1.1 404 Not  Found\r\nContent-Length: 4\r\nX-Empty:\r\n\r\nrest"u8;

        var status = parser.Feed(input, out var consumed);

        Assert.Equal(HeadStatus.Complete, status);
        Assert.Equal(input.Length - 4, consumed);
        Assert.Equal(404, parser.Head.Status);
        Assert.Equal("Not  Found", Encoding.ASCII.GetString(parser.Head.Reason));
        Assert.Equal(BodyFraming.OfLength(4), parser.Head.Framing);
        Assert.Equal(4, parser.Head.AnnouncedLength);
        Assert.True(parser.Head.KeepAlive);
        Assert.False(parser.Head.IsInterim);
    }

    [Theory]
    [InlineData("HTTP/1.1 200\r\n\r\n", 200, "")]
    [InlineData("HTTP/1.1 200 \r\n\r\n", 200, "")]
    [InlineData("HTTP/1.1 599 caf\u00e9\r\n\r\n", 599, "caf\u00e9")]
    public void The_words_behind_the_status_mean_nothing(string text, int status, string reason)
    {
        var parser = Expecting("GET");

        Assert.Equal(HeadStatus.Complete, parser.Feed(Encoding.Latin1.GetBytes(text), out _));

        Assert.Equal((status, reason), (parser.Head.Status, Encoding.Latin1.GetString(parser.Head.Reason)));
    }

    // RFC 9112 §6.3, in the order of its rules.
    [Theory]
    [InlineData("HEAD", "200 OK\r\nContent-Length: 9", BodyKind.None, 0, true)]
    [InlineData("HEAD", "200 OK\r\nTransfer-Encoding: chunked", BodyKind.None, 0, true)]
    [InlineData("GET", "304 N\r\nContent-Length: 9", BodyKind.None, 0, true)]
    [InlineData("GET", "204 N", BodyKind.None, 0, true)]
    [InlineData("GET", "100 C", BodyKind.None, 0, true)]
    [InlineData("GET", "103 E\r\nLink: x", BodyKind.None, 0, true)]
    [InlineData("GET", "204 N\r\nContent-Length: 0", BodyKind.None, 0, true)]
    [InlineData("GET", "204 N\r\nContent-Length: 9", BodyKind.None, 0, false)]
    [InlineData("GET", "204 N\r\nTransfer-Encoding: chunked", BodyKind.None, 0, false)]
    [InlineData("GET", "100 C\r\nContent-Length: 9", BodyKind.None, 0, false)]
    [InlineData("GET", "101 S\r\nUpgrade: websocket", BodyKind.UntilClose, 0, false)]
    [InlineData("CONNECT", "200 OK\r\nContent-Length: 9", BodyKind.UntilClose, 0, false)]
    [InlineData("CONNECT", "403 No\r\nContent-Length: 9", BodyKind.Length, 9, true)]
    [InlineData("GET", "200 OK\r\nTransfer-Encoding: Chunked", BodyKind.Chunked, 0, true)]
    [InlineData("GET", "200 OK\r\nContent-Length: 0", BodyKind.Length, 0, true)]
    [InlineData("GET", "200 OK", BodyKind.UntilClose, 0, false)]
    public void How_a_body_ends_depends_on_status_fields_and_request(string method, string head, BodyKind kind, long length, bool keepAlive)
    {
        var parser = Expecting(method);

        Assert.Equal(HeadStatus.Complete, parser.Feed(Encoding.ASCII.GetBytes($"HTTP/1.1 {head}\r\n\r\n"), out _));

        Assert.Equal(new BodyFraming(kind, length), parser.Head.Framing);
        Assert.Equal(keepAlive, parser.Head.KeepAlive);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close", false)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close", false)]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 0", false)]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive", true)]
    public void A_connection_stays_if_both_sides_want_it(string head, bool keepAlive)
    {
        var parser = Expecting("GET");

        Assert.Equal(HeadStatus.Complete, parser.Feed(Encoding.ASCII.GetBytes(head + "\r\n\r\n"), out _));

        Assert.Equal(keepAlive, parser.Head.KeepAlive);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\nA: b\r\n\r\n", Http1Violation.BareLineFeed)]
    [InlineData("HTTP/1.1 200 O\rK\r\n\r\n", Http1Violation.BareCarriageReturn)]
    [InlineData("\r\nHTTP/1.1 200 OK\r\n\r\n", Http1Violation.BadStatusLine)]
    [InlineData("200 OK\r\n\r\n", Http1Violation.BadStatusLine)]
    [InlineData("HTTP/1.1\r\n\r\n", Http1Violation.BadStatusLine)]
    [InlineData("HTTP/1.1 20\r\n\r\n", Http1Violation.BadStatusLine)]
    [InlineData("HTTP/1.1 2000\r\n\r\n", Http1Violation.BadStatusLine)]
    [InlineData("HTTP/1.1 200OK\r\n\r\n", Http1Violation.BadStatusLine)]
    [InlineData("HTTP/1.1  200 OK\r\n\r\n", Http1Violation.BadStatusLine)]
    [InlineData("HTTP/1.1 099 OK\r\n\r\n", Http1Violation.BadStatusLine)]
    [InlineData("HTTP/1.1 600 OK\r\n\r\n", Http1Violation.BadStatusLine)]
    [InlineData("HTTP/1.1 2x0 OK\r\n\r\n", Http1Violation.BadStatusLine)]
    [InlineData("HTTP/1.1 200 O\0K\r\n\r\n", Http1Violation.BadStatusLine)]
    [InlineData("HTTP/2.0 200 OK\r\n\r\n", Http1Violation.UnsupportedVersion)]
    [InlineData("http/1.1 200 OK\r\n\r\n", Http1Violation.BadStatusLine)]
    [InlineData("HTTP/1.1 200 OK\r\n A: b\r\n\r\n", Http1Violation.LineFolding)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", Http1Violation.LengthAndChunked)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", Http1Violation.DuplicateContentLength)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\n", Http1Violation.BadContentLength)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\n", Http1Violation.BadContentLength)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", Http1Violation.UnsupportedTransferCoding)]
    [InlineData("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Http1Violation.TransferCodingBeforeHttp11)]
    public void What_two_readers_could_see_differently_is_refused(string text, Http1Violation violation)
    {
        var parser = Expecting("GET");

        Assert.Equal(HeadStatus.Refused, parser.Feed(Encoding.Latin1.GetBytes(text), out _));

        Assert.Equal(violation, parser.Error.Violation);
    }

    [Fact]
    public void A_status_line_has_a_limit_that_is_itself_allowed()
    {
        var limits = new Http1Limits { RequestLineBytes = 20 };
        var (fits, over) = (new ResponseParser(limits), new ResponseParser(limits));

        Assert.Equal(HeadStatus.Complete, fits.Feed("HTTP/1.1 200 1234567\r\n\r\n"u8, out _));
        Assert.Equal(HeadStatus.Refused, over.Feed("HTTP/1.1 200 12345678\r\n\r\n"u8, out _));

        Assert.Equal((Http1Violation.StatusLineTooLong, 502), (over.Error.Violation, over.Error.Status));
    }

    [Fact]
    public void Interim_responses_come_before_the_answer_and_are_not_it()
    {
        var parser = Expecting("HEAD");
        var input = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"u8;

        var seen = new List<(int, bool)>();
        while (parser.Feed(input, out var consumed) == HeadStatus.Complete)
        {
            seen.Add((parser.Head.Status, parser.Head.IsInterim));
            input = input[consumed..];
            if (!parser.Head.IsInterim) break;
            parser.Reset();
        }

        Assert.Equal([(100, true), (103, true), (200, false)], seen);
        Assert.Equal(BodyFraming.None, parser.Head.Framing); // still the answer to HEAD
    }

    private static ResponseParser Expecting(string method)
    {
        var parser = new ResponseParser(Http1Limits.Default);
        parser.Expect(Encoding.ASCII.GetBytes(method));
        return parser;
    }
}
