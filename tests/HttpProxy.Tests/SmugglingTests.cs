using System.Text.RegularExpressions;
using Ambient.HttpProxy.Tests.Scenes;

namespace Ambient.HttpProxy.Tests;

/// <summary>Requests in which two readers could see different ends: the server must never see a byte of them, and nothing behind them.</summary>
public sealed partial class SmugglingTests
{
    private const string Inner = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

    public static TheoryData<string> Ambiguous =>
    [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 30\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0, 30\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0 0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\n Content-Length: 30\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\u000bchunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;x\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nX: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nX: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX\0: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX(: y\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n",
        "\u0016\u0003\u0001\u0002\0\r\n\r\n",
    ];

    [Theory]
    [MemberData(nameof(Ambiguous))]
    public async Task An_ambiguous_request_reaches_no_server_and_neither_does_what_follows(string request)
    {
        await using var scene = await ProxyScene.StartAsync();
        var (client, server) = await scene.AfterOneExchangeAsync();

        await client.SendAsync(request + Inner);
        client.Finish();
        var answer = await client.ReadToEndAsync();
        client.Dispose();
        var other = await scene.ConnectAsync(); // the next client's request is the next thing that the server sees
        await other.SendAsync("GET /honest HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.Matches("^HTTP/1.1 (400|501|505) ", answer);
        Assert.Single(AnswerLine().Matches(answer)); // one, not two
        Assert.StartsWith("GET /honest ", await server.ReadHeadAsync());
    }

    // A chunked body that breaks: the server has seen its beginning, so its connection must die rather than wait for more.
    [Theory]
    [InlineData("0x1\r\nz\r\n0\r\n\r\n")]
    [InlineData("1\nz\r\n0\r\n\r\n")]
    [InlineData("1\r\nzz\r\n0\r\n\r\n")]
    [InlineData("+1\r\nz\r\n0\r\n\r\n")]
    [InlineData(" 1\r\nz\r\n0\r\n\r\n")]
    [InlineData("-1\r\nz\r\n0\r\n\r\n")]
    [InlineData("ffffffffffffffff\r\nz\r\n0\r\n\r\n")]
    [InlineData("1;a\nb\r\nz\r\n0\r\n\r\n")]
    [InlineData("1\r\nz0\r\n\r\n")]
    [InlineData("1\r\nz\r\n0\r\nX : y\r\n\r\n")]
    [InlineData("1\r\nz\r\n0\r\n X: y\r\n\r\n")]
    [InlineData("1\r\nz\r\n0\n\n")]
    public async Task A_broken_chunk_ends_both_connections(string body)
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body + Inner);
        client.Finish();
        var answer = await client.ReadToEndAsync();
        var server = await scene.AcceptAsync();

        Assert.StartsWith("HTTP/1.1 400 ", answer);
        Assert.True(await server.IsResetAsync());
    }

    [GeneratedRegex(@"HTTP/1\.1 \d\d\d ")]
    private static partial Regex AnswerLine();
}
