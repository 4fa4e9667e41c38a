using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.Model.Routes;

namespace Ambient.HttpProxy.Tests;

/// <summary>A request whose body was sent in vain is sent again, as far as the body could be kept.</summary>
public sealed class ReplayTests
{
    private const string Bad = "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n", Good = "HTTP/1.1 204 No Content\r\n\r\n";

    private static readonly RoutePlan On5xx = new() { Retries = new() { On = RetryOn.FiveXx, Attempts = 2, BackoffBase = TimeSpan.Zero } };

    [Theory]
    [InlineData("Content-Length: 3\r\n\r\nabc", "content-length: 3\r\n\r\nabc")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n", "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n")]
    public async Task A_body_that_was_sent_whole_is_sent_again(string sent, string expected)
    {
        await using var scene = await SceneAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync("POST /p HTTP/1.1\r\nHost: a\r\n" + sent);
        Wire server = null!;
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            server = await scene.AcceptAsync();
            Assert.Equal("POST /p HTTP/1.1\r\nhost: a\r\n" + expected, await server.ReadToAsync(expected));
            await server.SendAsync(attempt < 3 ? Bad : Good);
        }

        Assert.StartsWith("HTTP/1.1 204 ", await client.ReadHeadAsync());
        Assert.Equal(3, (await scene.ReportAsync()).Attempts);
        await client.SendAsync("GET /next HTTP/1.1\r\nHost: a\r\n\r\n"); // and the client's connection goes on
        Assert.StartsWith("GET /next ", await server.ReadHeadAsync());
    }

    [Fact]
    public async Task What_came_before_the_failure_is_sent_again_and_the_rest_follows()
    {
        await using var scene = await SceneAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
        var first = await scene.AcceptAsync();
        await first.ReadToAsync("hello");
        await first.SendAsync(Bad);
        var second = await scene.AcceptAsync();
        await second.ReadToAsync("hello");
        await client.SendAsync("world");
        await second.ReadToAsync("world");
        await second.SendAsync(Good);

        Assert.StartsWith("HTTP/1.1 204 ", await client.ReadHeadAsync());
    }

    [Fact]
    public async Task A_body_of_megabytes_arrives_whole_at_the_server_that_takes_it()
    {
        await using var scene = await SceneAsync(new() { ReplayBytes = 4_000_000 });
        var client = await scene.ConnectAsync();
        var body = new string([.. Enumerable.Range(0, 3_000_000).Select(i => (char)('a' + i * 7 % 26))]);

        var sending = client.SendAsync($"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        var first = await scene.AcceptAsync();
        await first.ReadHeadAsync();
        await first.ReadAsync(2_000_000);
        first.Reset();
        var second = await scene.AcceptAsync();
        await second.ReadHeadAsync();
        Assert.Equal(body, await second.ReadAsync(body.Length));
        await second.SendAsync(Good);
        await sending;

        Assert.StartsWith("HTTP/1.1 204 ", await client.ReadHeadAsync());
    }

    [Theory]
    [InlineData(100_000, long.MaxValue)] // one body is longer than may be kept
    [InlineData(1_000_000, 100_000)]     // all together would be
    public async Task What_could_not_be_kept_streams_on_and_is_not_sent_again(int each, long all)
    {
        await using var scene = await SceneAsync(new() { ReplayBytes = each, ReplayBytesPerWorker = all });
        var client = await scene.ConnectAsync();
        var body = new string('x', 150_000);

        await client.SendAsync($"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        var server = await scene.AcceptAsync();
        await server.ReadHeadAsync();
        Assert.Equal(body, await server.ReadAsync(body.Length));
        Assert.Equal(0, await TakenAsync(scene));
        await server.SendAsync(Bad);

        Assert.StartsWith("HTTP/1.1 503 ", await client.ReadHeadAsync());
        Assert.Equal(1, (await scene.ReportAsync()).Attempts);
    }

    [Theory]
    [InlineData(RetryOn.FiveXx, "text/plain", true)]
    [InlineData(RetryOn.ConnectFailure, "text/plain", false)]
    [InlineData(RetryOn.StatusCodes, "text/plain", false)] // and no codes listed
    [InlineData(RetryOn.GrpcUnavailable, "text/plain", false)]
    [InlineData(RetryOn.GrpcUnavailable, "application/grpc", true)]
    [InlineData(RetryOn.RefusedStream, "text/plain", false)] // which a server that speaks HTTP/1.1 cannot say
    public async Task Only_what_the_route_may_need_is_kept(RetryOn on, string type, bool kept)
    {
        await using var scene = await SceneAsync();
        scene.Decide = _ => ProxyScene.To(scene.Endpoint, new() { Retries = new() { On = on, Attempts = 1 } });
        var client = await scene.ConnectAsync();

        await client.SendAsync($"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: {type}\r\nContent-Length: 9\r\n\r\nhello");
        var server = await scene.AcceptAsync();
        await server.ReadToAsync("hello");

        Assert.Equal(kept, await TakenAsync(scene) > 0);
    }

    [Fact]
    public async Task An_answer_that_will_be_passed_on_frees_what_was_kept()
    {
        await using var scene = await SceneAsync();
        var client = await scene.ConnectAsync();

        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhello");
        var server = await scene.AcceptAsync();
        await server.ReadToAsync("hello");
        Assert.NotEqual(0, await TakenAsync(scene));
        await server.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nh");
        await client.ReadHeadAsync();

        Assert.Equal(0, await TakenAsync(scene));
    }

    private static Task<ProxyScene> SceneAsync(HttpProxyOptions? options = null) => ProxyScene.StartAsync(options, On5xx);

    private static Task<long> TakenAsync(ProxyScene scene) => scene.Loop.RunAsync(() => new ValueTask<long>(scene.Proxy.Replays.Taken));
}
