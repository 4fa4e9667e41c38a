using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Tests.Scenes;

namespace Ambient.HttpProxy.Tests;

public sealed class ForwardingTests
{
    [Fact]
    public async Task A_request_goes_out_and_its_response_comes_back_with_framing_of_our_own()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync("GET /a?b=c HTTP/1.1\r\nHost: shop\r\nX-One: 1\r\nConnection: x-hop\r\nX-Hop: gone\r\nTE: trailers, gzip\r\nKeep-Alive: 5\r\n\r\n");
        var server = await scene.AcceptAsync();
        var request = await server.ReadHeadAsync();
        await server.SendAsync("HTTP/1.1 201 Made\r\nServer: x\r\nContent-Length: 3\r\nKeep-Alive: 9\r\n\r\nyes");
        var response = await client.ReadHeadAsync() + await client.ReadAsync(3);

        Assert.Equal("GET /a?b=c HTTP/1.1\r\nhost: shop\r\nX-One: 1\r\nte: trailers\r\n\r\n", request);
        Assert.Equal("HTTP/1.1 201 Created\r\nServer: x\r\ncontent-length: 3\r\n\r\nyes", response);
        Assert.Equal((201, ExchangeFlag.None, scene.Endpoint, 1), await FactsAsync(scene));
    }

    [Theory]
    [InlineData("http://shop/x?y", "/x?y")]
    [InlineData("http://shop", "/")]
    [InlineData("http://shop?y", "/?y")]
    public async Task An_absolute_target_becomes_a_path(string target, string expected)
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync($"GET {target} HTTP/1.1\r\nHost: shop\r\n\r\n");
        var server = await scene.AcceptAsync();

        Assert.StartsWith($"GET {expected} HTTP/1.1\r\nhost: shop\r\n", await server.ReadHeadAsync());
    }

    [Fact]
    public async Task Bodies_keep_their_framing_in_both_directions()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync("POST /l HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
        var server = await scene.AcceptAsync();
        Assert.Contains("content-length: 5\r\n", await server.ReadHeadAsync());
        Assert.Equal("hello", await server.ReadAsync(5));
        await server.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + ProxyScene.Chunked("wor", "ld"));
        Assert.Contains("transfer-encoding: chunked\r\n", await client.ReadHeadAsync());
        var chunks = await client.ReadToAsync("0\r\n\r\n");

        await client.SendAsync("PUT /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + ProxyScene.Chunked("again"));
        Assert.Contains("transfer-encoding: chunked\r\n", await server.ReadHeadAsync());
        Assert.Equal("5\r\nagain\r\n0\r\n\r\n", await server.ReadToAsync("0\r\n\r\n"));
        await server.SendAsync("HTTP/1.1 204 No Content\r\n\r\n");

        Assert.Equal("HTTP/1.1 204 No Content\r\n\r\n", await client.ReadHeadAsync());
        Assert.Equal("world", chunks.Replace("\r\n", "", StringComparison.Ordinal).Replace("3", "", StringComparison.Ordinal)
            .Replace("2", "", StringComparison.Ordinal).Replace("5", "", StringComparison.Ordinal).TrimEnd('0'));
    }

    [Fact]
    public async Task Trailers_pass_in_both_directions()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Sum: 1\r\nHost: evil\r\n\r\n");
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        Assert.Equal("1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n", await server.ReadToAsync("X-Sum: 1\r\n\r\n"));
        await server.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\ny\r\n0\r\ngrpc-status: 0\r\n\r\n");
        await client.ReadHeadAsync();

        Assert.Equal("1\r\ny\r\n0\r\ngrpc-status: 0\r\n\r\n", await client.ReadToAsync("grpc-status: 0\r\n\r\n"));
    }

    [Fact]
    public async Task A_body_that_ends_with_the_servers_connection_comes_in_chunks_and_the_clients_stays()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        await server.SendAsync("HTTP/1.1 200 OK\r\n\r\nabc");
        server.Dispose();
        Assert.Contains("transfer-encoding: chunked", await client.ReadHeadAsync());
        Assert.Equal("3\r\nabc\r\n0\r\n\r\n", await client.ReadToAsync("0\r\n\r\n"));
        await client.SendAsync("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.StartsWith("GET /2 ", await (await scene.AcceptAsync()).ReadHeadAsync());
    }

    [Theory]
    [InlineData("HEAD", "200 OK\r\nContent-Length: 9", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n")]
    [InlineData("HEAD", "200 OK", "HTTP/1.1 200 OK\r\n\r\n")]
    [InlineData("GET", "304 Not Modified\r\nETag: x\r\nContent-Length: 9", "HTTP/1.1 304 Not Modified\r\nETag: x\r\ncontent-length: 9\r\n\r\n")]
    [InlineData("GET", "304 Not Modified", "HTTP/1.1 304 Not Modified\r\n\r\n")]
    public async Task What_has_no_body_has_none_here_either(string method, string answer, string expected)
    {
        await using var scene = await ProxyScene.StartAsync();
        var (client, server) = await scene.AfterOneExchangeAsync();

        await client.SendAsync($"{method} / HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n");
        await server.ReadHeadAsync();
        await server.SendAsync($"HTTP/1.1 {answer}\r\n\r\n");

        Assert.Equal(expected, await client.ReadHeadAsync());
        Assert.StartsWith("GET /next ", await server.ReadHeadAsync()); // on the same connection: nothing was taken for a body
    }

    [Fact]
    public async Task Interim_responses_pass_and_the_body_goes_when_the_server_says_so()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
        var server = await scene.AcceptAsync();
        Assert.Contains("Expect: 100-continue\r\n", await server.ReadHeadAsync());
        await server.SendAsync("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
        Assert.Equal("HTTP/1.1 103 \r\nLink: </x>\r\n\r\n", await client.ReadHeadAsync());
        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", await client.ReadHeadAsync());
        await client.SendAsync("hi");
        Assert.Equal("hi", await server.ReadAsync(2));
        await server.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", await client.ReadHeadAsync());
    }

    [Fact]
    public async Task Requests_that_come_together_are_answered_one_after_another()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync(string.Concat(Enumerable.Range(0, 5).Select(number => $"GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n")));
        var server = await scene.AcceptAsync();
        for (var number = 0; number < 5; number++)
        {
            Assert.StartsWith($"GET /{number} ", await server.ReadHeadAsync());
            await server.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{number}");
            await client.ReadHeadAsync();
            Assert.Equal($"{number}", await client.ReadAsync(1));
        }
    }

    [Fact]
    public async Task Http_1_0_is_served_without_chunks_and_without_interim_responses()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
        var server = await scene.AcceptAsync();
        Assert.StartsWith("GET / HTTP/1.1\r\n", await server.ReadHeadAsync());
        await server.SendAsync("HTTP/1.1 103 E\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + ProxyScene.Chunked("ab", "c"));

        Assert.Equal("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabc", await client.ReadToEndAsync());
    }

    [Theory]
    [InlineData("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 405)]
    [InlineData("GET / HTTP/1.0\r\n\r\n", 400)]
    [InlineData("GET /refused HTTP/1.1\r\nHost: a\r\n\r\n", 403)]
    public async Task What_is_not_for_a_server_is_answered_here(string request, int status)
    {
        await using var scene = await ProxyScene.StartAsync();
        scene.Decide = _ => RouteDecision.Refuse(403, "No.");
        var client = await scene.ConnectAsync();

        await client.SendAsync(request);

        Assert.StartsWith($"HTTP/1.1 {status} ", await client.ReadHeadAsync());
        Assert.Equal((status, ExchangeFlag.LocalReply, null, 0), await FactsAsync(scene));
    }

    [Fact]
    public async Task A_grpc_client_gets_our_errors_in_its_own_form()
    {
        await using var scene = await ProxyScene.StartAsync();
        scene.Decide = _ => RouteDecision.Refuse(403, "No: 100% é.");
        var client = await scene.ConnectAsync();

        await client.SendAsync("POST /s/m HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc+proto\r\n\r\n");

        Assert.Equal("HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ngrpc-status: 7\r\ngrpc-message: No: 100%25 %C3%A9.\r\ncontent-length: 0\r\n\r\n",
            await client.ReadHeadAsync());
    }

    [Fact]
    public async Task Megabytes_pass_unchanged_in_both_directions_at_once()
    {
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectAsync();
        var upload = Enumerable.Range(0, 3_000_000).Select(i => (byte)('a' + i * 7 % 26)).ToArray();

        var sending = Task.Run(async () =>
        {
            await client.SendAsync($"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {upload.Length}\r\n\r\n");
            await client.SendAsync(upload);
        });
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        await server.SendAsync($"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        var echoing = Task.Run(async () =>
        {
            for (var left = upload.Length; left > 0;)
            {
                var piece = await server.ReadAsync(Math.Min(left, 50_000));
                await server.SendAsync($"{piece.Length:x}\r\n{piece}\r\n");
                left -= piece.Length;
            }

            await server.SendAsync("0\r\n\r\n");
        });
        await client.ReadHeadAsync();
        var body = new System.Text.StringBuilder();
        while (await client.ReadToAsync("\r\n") is var line && line != "0\r\n")
        {
            body.Append(await client.ReadAsync(Convert.ToInt32(line.Trim(), 16)));
            await client.ReadAsync(2);
        }

        await Task.WhenAll(sending, echoing);
        Assert.Equal(ProxyScene.Bytes(body.ToString()), upload);
    }

    private static async Task<(int, ExchangeFlag, System.Net.IPEndPoint?, int)> FactsAsync(ProxyScene scene)
    {
        var report = await scene.ReportAsync();
        return (report.Status, report.Flag, report.Endpoint?.Address, report.Attempts);
    }
}
