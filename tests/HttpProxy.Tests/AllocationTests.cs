using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.Upstreams;

namespace Ambient.HttpProxy.Tests;

/// <summary>What an exchange costs the garbage collector, once the pools are warm.</summary>
/// <remarks>Alone: what pools of the runtime keep for a thread, other threads may take.</remarks>
[Collection(nameof(AllocationTests))]
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AllocationTests
{
    // For each stream the HTTP/2 engine makes its own small object; everything of the proxy's is used again.
    private const int BytesOfStream = 200;

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "hello")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "0\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nContent-Length: 10\r\n\r\n\0\0\0\0\u0005hello", "hello")]
    public async Task From_http_1_to_http_1_an_exchange_allocates_nothing(string request, string lastBytes)
    {
        await using var scene = await ProxyScene.StartAsync(new() { WritesEnvoyFields = true });
        var (client, server) = await scene.AfterOneExchangeAsync();
        scene.KeepsReports = false;
        await RunAsync(300);

        var before = await AllocatedAsync(scene);
        await RunAsync(500);
        var perExchange = (await AllocatedAsync(scene) - before) / 500.0;

        Assert.InRange(perExchange, 0, 40); // what the measuring itself costs, spread over the exchanges
        return;

        async Task RunAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                await client.SendAsync(request);
                await server.ReadToAsync(lastBytes);
                await server.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                await client.ReadToAsync("ok");
            }
        }
    }

    [Fact]
    public async Task Exchanges_that_wait_at_the_same_time_allocate_nothing_either()
    {
        await using var scene = await ProxyScene.StartAsync();
        scene.KeepsReports = false;
        var (clients, servers) = (new List<Wire>(), new List<Wire>());
        for (var i = 0; i < 32; i++) clients.Add(await scene.ConnectAsync());
        foreach (var client in clients)
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            servers.Add(await scene.AcceptAsync());
        }

        await AnswerAsync();
        for (var round = 0; round < 20; round++) await RunAsync();
        var before = await AllocatedAsync(scene);
        for (var round = 0; round < 20; round++) await RunAsync();

        Assert.InRange((await AllocatedAsync(scene) - before) / 20.0 / clients.Count, 0, 40);
        return;

        async Task RunAsync()
        {
            foreach (var client in clients) await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            await AnswerAsync();
        }

        async Task AnswerAsync()
        {
            foreach (var server in servers) await server.ReadHeadAsync();
            foreach (var server in servers) await server.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            foreach (var client in clients) await client.ReadToAsync("ok");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task From_http_2_to_http_1_an_exchange_allocates_a_streams_object(bool hasBody)
    {
        await using var scene = await ProxyScene.StartAsync();
        scene.KeepsReports = false;
        var client = await scene.ConnectAsync();
        await client.SendAsync(Frames.Preface + Frames.Settings());
        Wire? server = null;
        uint id = 1;
        await RunAsync(300);

        var before = await AllocatedAsync(scene);
        await RunAsync(500);
        Assert.InRange((await AllocatedAsync(scene) - before) / 500.0, 0, BytesOfStream);
        return;

        async Task RunAsync(int count)
        {
            for (var i = 0; i < count; i++, id += 2)
            {
                await client.SendAsync(hasBody ? Post(id) : Frames.Get(id));
                server ??= await scene.AcceptAsync();
                await server.ReadToAsync(hasBody ? "0\r\n\r\n" : "\r\n\r\n");
                await server.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                await client.ReadToAsync("ok");
            }
        }
    }

    [Fact]
    public async Task From_http_1_to_http_2_an_exchange_allocates_a_streams_object()
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.Http2);
        scene.KeepsReports = false;
        var client = await scene.ConnectAsync();
        Wire? server = null;
        uint id = 1;
        await RunAsync(300);

        var before = await AllocatedAsync(scene);
        await RunAsync(500);
        Assert.InRange((await AllocatedAsync(scene) - before) / 500.0, 0, BytesOfStream);
        return;

        async Task RunAsync(int count)
        {
            for (var i = 0; i < count; i++, id += 2)
            {
                await client.SendAsync($"GET /{id:d8} HTTP/1.1\r\nHost: a\r\nX-End: {id:d8}.\r\n\r\n");
                if (server is null)
                {
                    server = await scene.AcceptAsync();
                    await server.SendAsync(Frames.Settings());
                }

                await server.ReadFrameAsync(1, id);
                await server.SendAsync(Frames.Headers(id, false, ":status", "200") + Frames.Data(id, "ok", endStream: true));
                await client.ReadToAsync("ok\r\n0\r\n\r\n");
            }
        }
    }

    private static string Post(uint id) =>
        Frames.Headers(id, false, ":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/") + Frames.Data(id, "hello", endStream: true);

    private static Task<long> AllocatedAsync(ProxyScene scene) => scene.Loop.RunAsync(() => new ValueTask<long>(GC.GetAllocatedBytesForCurrentThread()));
}
