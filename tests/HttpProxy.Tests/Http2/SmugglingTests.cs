using Ambient.Http2;
using Ambient.HttpProxy.Tests.Scenes;

namespace Ambient.HttpProxy.Tests.Http2;

/// <summary>Requests of HTTP/2 that would be read in two ways once written as HTTP/1.1: the server must never see a byte of them.</summary>
public sealed class SmugglingTests
{
    private static readonly string[] Get = [":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/"];

    private static readonly string[][] Cases =
    [
        [.. Get, "transfer-encoding", "chunked"],
        [.. Get, "connection", "close"],
        [.. Get, "connection", "upgrade", "upgrade", "websocket"],
        [.. Get, "keep-alive", "5"],
        [.. Get, "proxy-connection", "keep-alive"],
        [.. Get, "upgrade", "h2c"],
        [.. Get, "te", "gzip"],
        [.. Get, "te", "trailers, chunked"],
        [.. Get, "X-Upper", "1"],
        [.. Get, "Transfer-Encoding", "chunked"],
        [.. Get, "x y", "1"],
        [.. Get, "x:", "1"],
        [.. Get, "x\r\ny", "1"],
        [.. Get, "", "1"],
        [.. Get, "x", "1\r\nGET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n"],
        [.. Get, "x", "1\ny: 2"],
        [.. Get, "x", "1\r"],
        [.. Get, "x", "1\0"],
        [.. Get, "x", " 1"],
        [.. Get, "x", "1\t"],
        [.. Get, "content-length", "5"], // and nothing follows
        [.. Get, "content-length", "0", "content-length", "0"],
        [.. Get, "content-length", "+0"],
        [.. Get, "content-length", "0, 0"],
        [.. Get, "content-length", ""],
        [.. Get, "content-length", "99999999999999999999"],
        [.. Get, "host", "b"],
        [.. Get, "host", "a", "host", "a"],
        [.. Get, "expect", "something"],
        [.. Get, ":method", "POST"],
        [.. Get, ":path", "/b"],
        [.. Get, ":status", "200"],
        [.. Get, ":unknown", "1"],
        [":scheme", "http", ":authority", "a", ":path", "/"],
        [":method", "GET", ":authority", "a", ":path", "/"],
        [":method", "GET", ":scheme", "http", ":authority", "a"],
        [":method", "GET", ":scheme", "http", ":authority", "a", ":path", ""],
        [":method", "GET", ":scheme", "http", ":authority", "a", "x", "1", ":path", "/"],
        [":method", "GET", ":scheme", "http", ":path", "/"], // nobody is asked
        [":method", "GET", ":scheme", "http", ":authority", "", ":path", "/"],
        [":method", "GET", ":scheme", "http", ":authority", "u@a", ":path", "/"],
        [":method", "GET", ":scheme", "http", ":authority", "a b", ":path", "/"],
        [":method", "GET", ":scheme", "http", ":authority", "a/b", ":path", "/"],
        [":method", "GET", ":scheme", "http", ":authority", "a:99999", ":path", "/"],
        [":method", "GET", ":scheme", "http", ":authority", "a", ":path", "x"],
        [":method", "GET", ":scheme", "ftp", ":authority", "a", ":path", "x"],
        [":method", "GET", ":scheme", "ftp", ":authority", "a", ":path", "http://b/"],
        [":method", "GET", ":scheme", "http", ":authority", "a", ":path", "http://b/"],
        [":method", "GET", ":scheme", "http", ":authority", "a", ":path", "*"],
        [":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/ HTTP/1.1\r\nx: y"],
        [":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/ x"],
        [":method", "GET", ":scheme", "ftp", ":authority", "a", ":path", "/ x"],
        [":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/\t"],
        [":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/#x"],
        [":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/\u00e9"],
        [":method", "GE T", ":scheme", "http", ":authority", "a", ":path", "/"],
        [":method", "GET\r\n", ":scheme", "http", ":authority", "a", ":path", "/"],
        [":method", "", ":scheme", "http", ":authority", "a", ":path", "/"],
        [":method", "CONNECT", ":authority", "a:80"],
        [":method", "CONNECT", ":scheme", "http", ":authority", "a", ":path", "/", ":protocol", "websocket"],
    ];

    public static TheoryData<int> Malformed => [.. Enumerable.Range(0, Cases.Length)];

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task What_is_malformed_never_reaches_the_server(int number)
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync(Frames.Preface + Frames.Settings() + Frames.Headers(1, true, Cases[number]) + Frames.Get(3));
        var server = await scene.AcceptAsync(); // for the request behind it

        Assert.Equal("GET / HTTP/1.1\r\nhost: a\r\n\r\n", await server.ReadHeadAsync());
        var malformed = scene.Reports.SingleOrDefault();
        Assert.True(malformed.Status is 0 or >= 400, $"{string.Join('|', Cases[number])} was answered {malformed.Status}"); // reset before anybody heard of it, or refused
    }

    [Theory]
    [InlineData("5", "abc")]      // less than was announced
    [InlineData("5", "abcdefgh")] // more
    [InlineData("0", "abc")]
    public async Task A_body_that_is_not_as_long_as_announced_is_never_whole(string announced, string body)
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectHttp2Async();
        var call = client.Open(endStream: false, ":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/", "content-length", announced);
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();

        await call.SendAsync(body, endStream: true);

        Assert.Equal(Http2ErrorCode.ProtocolError, await call.WaitForResetAsync());
        Assert.True(await server.IsResetAsync());
    }

    [Fact]
    public async Task A_body_that_looks_like_a_request_stays_a_body()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectHttp2Async();
        const string inner = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";

        var call = client.Open(endStream: false, ":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/");
        await call.SendAsync(inner, endStream: true);
        var server = await scene.AcceptAsync();

        Assert.Equal("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n", await server.ReadHeadAsync());
        Assert.Equal($"{inner.Length:x}\r\n{inner}\r\n0\r\n\r\n", await server.ReadToAsync(inner + "\r\n0\r\n\r\n"));
    }

    [Theory]
    [InlineData("host", "b")]
    [InlineData("content-length", "7")]
    [InlineData("authorization", "x")]
    public async Task Trailers_cannot_say_what_belongs_into_a_head(string name, string value)
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectHttp2Async();

        var call = client.Open(endStream: false, ":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/");
        await call.SendAsync("x");
        call.SendHead(true, name, value, "x-sum", "1");
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();

        Assert.Equal("1\r\nx\r\n0\r\nx-sum: 1\r\n\r\n", await server.ReadToAsync("\r\n\r\n"));
    }

    [Fact]
    public async Task Too_many_fields_are_431()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectHttp2Async();

        var many = client.Open(endStream: true, [.. Get, .. Enumerable.Range(0, 101).SelectMany(i => new[] { $"x{i}", "1" })]);
        var large = client.Open(endStream: true, [.. Get, "x", new string('y', 70_000)]);

        Assert.Equal(":status: 431", (await many.HeadAsync())[0]);
        Assert.Equal(":status: 431", (await large.HeadAsync())[0]);
    }
}
