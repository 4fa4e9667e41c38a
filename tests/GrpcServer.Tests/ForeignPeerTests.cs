using Ambient.Grpc;
using Ambient.GrpcServer.Tests.Scenes;
using Ambient.TestKit;
using Ambient.TestKit.Peers;

namespace Ambient.GrpcServer.Tests;

/// <summary>HTTP/2 implementations of others on the far side: curl and nghttp as callers, nghttpx between our two sides.</summary>
public sealed class ForeignPeerTests
{
    [Fact]
    public async Task Curl_gets_the_message_and_the_trailers()
    {
        await using var server = await ServeAsync();

        var (output, body) = await CurlAsync(server, [0, 0, 0, 0, 2, (byte)'h', (byte)'i']);

        Assert.Contains("grpc-status: 0", output);
        Assert.Contains("content-type: application/grpc", output);
        Assert.Equal([0, 0, 0, 0, 2, (byte)'h', (byte)'i'], body);
    }

    [Fact]
    public async Task Callers_are_told_that_a_compressed_message_is_not_taken()
    {
        await using var server = await ServeAsync();

        var (flagged, _) = await CurlAsync(server, [1, 0, 0, 0, 1, 0]);
        var encoded = await AskAsync(server, "content-type: application/grpc", "grpc-encoding: gzip");

        Assert.Contains("grpc-status: 13", flagged);
        Assert.Contains("grpc-status: 12", encoded);
        Assert.Contains("grpc-accept-encoding: identity", encoded);
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0, 9, 1 }, "grpc-status: 13")] // ends within the message
    [InlineData(new byte[] { }, "grpc-status: 13")] // no message at all
    [InlineData(new byte[] { 0, 0x7F, 0, 0, 0 }, "grpc-status: 8")] // 2 GiB announced
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, "grpc-status: 13")] // two messages
    public async Task Bad_bodies_get_a_status(byte[] body, string status)
    {
        await using var server = await ServeAsync();

        Assert.Contains(status, (await CurlAsync(server, body)).Output);
    }

    [Fact]
    public async Task What_is_not_grpc_is_refused_by_http()
    {
        await using var server = await ServeAsync();
        var url = new Uri(server.Address, Calls.Say.Path).ToString();

        var json = await AskAsync(server, "content-type: application/json");
        var get = await PeerProcess.RunAsync("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--http2-prior-knowledge", url);

        Assert.Contains(":status: 415", json);
        Assert.Equal("405", get.Trim());
    }

    [Fact]
    public async Task A_bad_timeout_is_refused()
    {
        await using var server = await ServeAsync();

        Assert.Contains("grpc-status: 13", await AskAsync(server, "content-type: application/grpc", "grpc-timeout: soon"));
    }

    [Fact]
    public async Task Nghttp_sees_the_status_in_a_header_block_after_the_data()
    {
        await using var server = await ServeAsync();

        var frames = await AskAsync(server, "content-type: application/grpc");

        var data = frames.IndexOf("recv DATA frame", StringComparison.Ordinal);
        var status = frames.IndexOf("grpc-status: 0", StringComparison.Ordinal);
        Assert.True(data > 0 && status > data, frames);
    }

    [Fact]
    public async Task Our_two_sides_understand_each_other_through_nghttpx()
    {
        await using var server = await TestServer.StartAsync(app => app.MapDuplex(Calls.Say, async call =>
        {
            while (await call.ReadAsync(call.Context.Stop) is { HasMessage: true } received)
                await call.WriteAsync(received.Message!, call.Context.Stop);
            throw new RpcException(StatusCode.DataLoss, "über alles");
        }));
        using var port = new ReservedPort();
        using var proxy = PeerProcess.Start("nghttpx", $"--backend=127.0.0.1,{server.Address.Port};;proto=h2", $"--frontend=127.0.0.1,{port.Number};no-tls",
            "--conf=/dev/null", "--workers=1", "--single-process", "--log-level=INFO", "--errorlog-file=/dev/stderr");
        await proxy.WaitForOutputAsync("Listening on 127.0.0.1");
        using var channel = Calls.ChannelTo(new($"http://127.0.0.1:{port.Number}"));
        await using var call = channel.OpenDuplex(Calls.Say, null, null, default);

        for (var i = 0; i < 20; i++)
        {
            await call.WriteAsync(new('x', i * 1000), default);
            Assert.Equal(i * 1000, (await call.ReadAsync(default))!.Length);
        }
        await call.CompleteAsync(default);
        var ending = await Assert.ThrowsAsync<RpcException>(async () => await call.ReadAsync(default));

        Assert.Equal((StatusCode.DataLoss, "über alles"), (ending.Code, ending.Detail));
    }

    private static Task<TestServer> ServeAsync() =>
        TestServer.StartAsync(app => app.MapUnary(Calls.Say, (request, _) => Task.FromResult(request)));

    /// <summary>The frames of a call with one message. For refusals by the head, which come before the body is sent: curl takes the reset that ends such an answer for a failure.</summary>
    private static async Task<string> AskAsync(TestServer server, params string[] headers)
    {
        var body = Path.GetTempFileName();
        await File.WriteAllBytesAsync(body, [0, 0, 0, 0, 2, (byte)'h', (byte)'i']);
        var frames = await PeerProcess.RunAsync("nghttp",
            ["-v", "-n", "-d", body, .. headers.Append("te: trailers").SelectMany(static header => new[] { "-H", header }), new Uri(server.Address, Calls.Say.Path).ToString()]);
        File.Delete(body);
        return frames;
    }

    private static async Task<(string Output, byte[] Body)> CurlAsync(TestServer server, byte[] body)
    {
        var (sent, received) = (Path.GetTempFileName(), Path.GetTempFileName());
        await File.WriteAllBytesAsync(sent, body);
        string[] arguments =
        [
            "-sS", "-v", "--http2-prior-knowledge", "-H", "content-type: application/grpc", "-H", "te: trailers",
            "--data-binary", $"@{sent}", "-o", received, new Uri(server.Address, Calls.Say.Path).ToString(),
        ];
        var output = await PeerProcess.RunAsync("curl", arguments);
        var bytes = await File.ReadAllBytesAsync(received);
        File.Delete(sent);
        File.Delete(received);
        return (output, bytes);
    }
}
