using System.Net;
using System.Net.Sockets;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.TestKit;
using Ambient.TestKit.Peers;
using Ambient.Transport;
using Ambient.Ztunnel.Socks;

namespace Ambient.Ztunnel.Tests.Socks;

public sealed class SocksServerTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly EventLoop _loop;
    private readonly Descriptor _listener;
    private readonly IPEndPoint _endPoint;

    public SocksServerTests()
    {
        _loop = new("socks", _time);
        _loop.Start();
        _listener = ListeningSocket.Open(new(IPAddress.Loopback, 0), new());
        _endPoint = TcpSockets.LocalName(_listener).ToEndPoint();
    }

    public void Dispose()
    {
        _loop.Stop();
        _loop.Dispose();
        _listener.Dispose();
    }

    /// <summary>Serves the next connection: what it asked for, once it has been replied to.</summary>
    private Task<SocksRequest> ServeOneAsync(SocksReply reply, TaskCompletionSource? accepted = null)
    {
        var served = new TaskCompletionSource<SocksRequest>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = _loop.RunAsync(() =>
        {
            AcceptLoop.Start(_loop, _listener.Duplicate(), async (descriptor, _) =>
            {
                using var client = LoopSocket.Attach(_loop, descriptor);
                var negotiating = SocksServer.NegotiateAsync(client, TimeSpan.FromSeconds(10));
                accepted?.TrySetResult();
                var request = await negotiating;
                if (request.Target is not null)
                    await SocksServer.ReplyAsync(client, reply);
                client.FinishSending();
                served.TrySetResult(request);
            });
            return ValueTask.CompletedTask;
        });
        return served.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Curl_is_told_what_became_of_its_connection()
    {
        var served = ServeOneAsync(SocksReply.HostUnreachable);
        using var curl = PeerProcess.Start("curl", "-sS", "--max-time", "15", "--socks5-hostname", _endPoint.ToString(), "http://web.ns1:8080/");

        Assert.Equal(97, await curl.WaitForExitAsync()); // CURLE_PROXY
        Assert.Contains("(4)", curl.Output);             // host unreachable
        Assert.Equal("web.ns1:8080", (await served).Target!.ToString());
    }

    [Fact]
    public async Task What_a_hasty_client_sends_behind_its_request_is_left_for_the_relay()
    {
        var served = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _loop.RunAsync(() =>
        {
            AcceptLoop.Start(_loop, _listener.Duplicate(), async (descriptor, _) =>
            {
                using var client = LoopSocket.Attach(_loop, descriptor);
                await SocksServer.NegotiateAsync(client, TimeSpan.FromSeconds(10));
                var rest = new byte[64];
                served.SetResult(rest[..client.TryReceive(rest.AsSpan()).Bytes]);
            });
            return ValueTask.CompletedTask;
        });
        using var client = new TcpClient();
        await client.ConnectAsync(_endPoint);

        await client.GetStream().WriteAsync((byte[])[5, 1, 0, 5, 1, 0, 1, 10, 0, 0, 1, 0, 80, .. "GET /"u8]);

        Assert.Equal("GET /"u8.ToArray(), await served.Task.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task A_client_that_says_nothing_is_cut_off()
    {
        var accepted = new TaskCompletionSource();
        var served = ServeOneAsync(SocksReply.Succeeded, accepted);
        using var client = new TcpClient();
        await client.ConnectAsync(_endPoint);
        await accepted.Task.WaitAsync(TimeSpan.FromSeconds(20));

        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Contains("too slow", (await served).Failure);
    }

    [Fact]
    public async Task A_client_that_leaves_early_is_noticed()
    {
        var served = ServeOneAsync(SocksReply.Succeeded);
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(_endPoint);
            await client.GetStream().WriteAsync((byte[])[5, 1, 0, 5, 1]);
        }

        Assert.Null((await served).Target);
    }
}
