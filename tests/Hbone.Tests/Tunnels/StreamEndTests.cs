using System.Collections.Concurrent;
using System.Net;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography.X509Certificates;
using Ambient.Certificates.Store;
using Ambient.Hbone.Tunnels;
using Ambient.Http2;
using Ambient.Linux;
using Ambient.Transport;

namespace Ambient.Hbone.Tests.Tunnels;

/// <summary>Streams that are reset, and tunnels that drain or are closed under them.</summary>
public class StreamEndTests
{
    [Fact]
    public async Task A_reset_by_the_server_is_a_reset_for_the_client_after_the_bytes_before_it()
    {
        await using var lab = await TunnelLab.StartAsync(lab => lab.Serve = async (stream, _) =>
        {
            stream.Respond(new(200));
            await stream.WriteAsync("last words"u8.ToArray());
            await lab.ServerLoop.Yield();
            stream.Abort();
        });

        var (bytes, status) = await lab.WithStreamAsync(async stream =>
        {
            var read = await stream.ReadAsync(10);
            while (!stream.IsBroken) await stream.WaitReadableAsync();
            return (read, stream.TryReceive([]).Status);
        });

        Assert.Equal("last words"u8.ToArray(), bytes);
        Assert.Equal(IoStatus.Reset, status);
    }

    [Fact]
    public async Task A_server_that_takes_no_more_after_its_end_cuts_nothing_of_what_it_sent()
    {
        await using var lab = await TunnelLab.StartAsync(lab => lab.Serve = async (stream, _) =>
        {
            stream.Respond(new(200));
            await stream.WriteAsync("all of it"u8.ToArray());
            stream.FinishSending();
            stream.Abort(Http2ErrorCode.NoError);
        });

        var (bytes, isBroken, sending) = await lab.WithStreamAsync(static async stream =>
        {
            var read = await stream.ReadAsync(100);
            await stream.WaitWritableAsync();
            return (read, stream.IsBroken, stream.TrySend([IoVector.Over(GC.AllocateUninitializedArray<byte>(1, pinned: true))]).Status);
        });

        Assert.Equal("all of it"u8.ToArray(), bytes);
        Assert.Equal((false, IoStatus.Broken), (isBroken, sending));
    }

    [Fact(Timeout = 60_000)]
    public async Task Who_waits_to_send_learns_that_the_server_takes_no_more()
    {
        var full = new TaskCompletionSource();
        await using var lab = await TunnelLab.StartAsync(lab => lab.Serve = async (stream, _) =>
        {
            stream.Respond(new(200));
            await full.Task;
            await lab.ServerLoop.SwitchTo();
            stream.FinishSending();
            stream.Abort(Http2ErrorCode.NoError);
        });

        var (isBroken, status) = await lab.WithStreamAsync(async stream =>
        {
            var chunk = GC.AllocateUninitializedArray<byte>(16_384, pinned: true);
            while (stream.TrySend([IoVector.Over(chunk)]).Status != IoStatus.WouldBlock) await stream.Loop.Yield();
            var wait = stream.WaitWritableAsync();
            full.SetResult();
            await wait;
            return (stream.IsBroken, stream.TryReceive([]).Status);
        });

        Assert.Equal((false, IoStatus.End), (isBroken, status));
    }

    [Fact]
    public async Task NO_ERROR_without_an_end_is_a_reset_like_any_other()
    {
        await using var lab = await TunnelLab.StartAsync(lab => lab.Serve = (stream, _) =>
        {
            stream.Respond(new(200));
            stream.Abort(Http2ErrorCode.NoError);
            return Task.CompletedTask;
        });

        var status = await lab.WithStreamAsync(static async stream =>
        {
            while (!stream.IsBroken) await stream.WaitReadableAsync();
            return stream.TryReceive([]).Status;
        });

        Assert.Equal(IoStatus.Reset, status);
    }

    [Fact]
    public async Task A_tunnel_that_is_revoked_while_it_drains_says_so_to_its_streams()
    {
        await using var lab = await TunnelLab.StartAsync();

        var end = await lab.WithStreamAsync(static stream =>
        {
            var watcher = new EndAtBreak();
            stream.BreakWatcher = watcher;
            stream.Tunnel.Drain();
            stream.Tunnel.Close(TunnelEnd.Revoked);
            return ValueTask.FromResult(watcher.End);
        });

        Assert.Equal(TunnelEnd.Revoked, end);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_server_drains_a_tunnel_whose_client_has_sent_GOAWAY()
    {
        Tunnel? served = null;
        await using var lab = await TunnelLab.StartAsync(lab => lab.Serve = (stream, request) =>
        {
            served = stream.Tunnel;
            return TunnelLab.EchoAsync(stream, request);
        });
        var stream = (await lab.ConnectAsync()).Stream!;
        await lab.ServerLoop.RunAsync(() =>
        {
            ((IHttp2Handler)served!).OnGoAway(0, Http2ErrorCode.NoError);
            served.Drain();
            return ValueTask.CompletedTask;
        });

        await lab.ClientLoop.RunAsync(async () =>
        {
            while (stream.Tunnel.CanConnect) await stream.Loop.Yield(); // the server tells it to open no more
            stream.Dispose();
        });

        while (!await lab.ServerLoop.RunAsync(() => ValueTask.FromResult(served!.IsClosed))) await Task.Yield();
        Assert.Equal(TunnelEnd.Drained, served!.End);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_drained_tunnel_ends_with_its_last_stream_and_without_an_exception()
    {
        Tunnel? served = null;
        await using var lab = await TunnelLab.StartAsync(lab => lab.Serve = (stream, request) =>
        {
            served = stream.Tunnel;
            return TunnelLab.EchoAsync(stream, request);
        });
        var stream = (await lab.ConnectAsync()).Stream!;
        var thread = await lab.ServerLoop.RunAsync(static () => ValueTask.FromResult(Environment.CurrentManagedThreadId));
        var thrown = new ConcurrentQueue<Exception>();
        void Note(object? sender, FirstChanceExceptionEventArgs e)
        {
            if (Environment.CurrentManagedThreadId == thread) thrown.Enqueue(e.Exception);
        }

        AppDomain.CurrentDomain.FirstChanceException += Note;
        await lab.ServerLoop.RunAsync(() =>
        {
            served!.Drain();
            return ValueTask.CompletedTask;
        });
        await lab.ClientLoop.RunAsync(async () =>
        {
            while (stream.Tunnel.CanConnect) await stream.Loop.Yield(); // the server tells it to open no more
            stream.Dispose();
        });
        while (!await lab.ServerLoop.RunAsync(() => ValueTask.FromResult(served!.IsClosed))) await Task.Yield();
        AppDomain.CurrentDomain.FirstChanceException -= Note;

        Assert.Equal(TunnelEnd.Drained, served!.End);
        Assert.Empty(thrown);
    }

    [Fact]
    public async Task A_request_that_is_no_CONNECT_is_answered_and_its_stream_is_not_kept_though_the_client_goes_on_sending()
    {
        await using var lab = await TunnelLab.StartAsync();
        using var client = await HttpClientOfAsync(lab);
        using var post = new HttpRequestMessage(HttpMethod.Post, $"https://{lab.Address}/")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new EndlessContent(),
        };

        using var answer = await client.SendAsync(post, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(0, await lab.ServerLoop.RunAsync(() => ValueTask.FromResult(lab.Refused!.OpenStreams)));
    }

    [Fact]
    public async Task A_refusal_counts_though_its_stream_is_given_back_before_the_client_has_ended_it()
    {
        await using var lab = await TunnelLab.StartAsync(static lab => lab.Serve = static (stream, request) =>
        {
            stream.Respond(new(request.Authority == "refused:80" ? 401 : 200));
            if (request.Authority == "refused:80") stream.Dispose();
            return Task.CompletedTask;
        });

        var (status, isReset) = await lab.WithStreamAsync(static async stream =>
        {
            var refused = stream.Tunnel.TryConnect(new("refused:80"))!;
            var answer = await refused.WaitAnswerAsync(TimeSpan.FromSeconds(30));
            return (answer!.Status, refused.IsBroken);
        });

        Assert.Equal(401, status);
        Assert.False(isReset); // which would let a client forget the answer (RFC 9113 §8.1)
    }

    /// <summary>A client of HTTP/2 that is not ours, with a certificate of the mesh.</summary>
    private static async Task<HttpClient> HttpClientOfAsync(TunnelLab lab)
    {
        var ours = await lab.Certificates.GetAsync(TunnelLab.ClientId, FetchPriority.RealTime, CancellationToken.None);
        var handler = new SocketsHttpHandler();
        handler.SslOptions.ClientCertificates = [X509Certificate2.CreateFromPem(ours.ChainPem, ours.PrivateKeyPem)];
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true; // by address, not by name
        return new(handler);
    }

    [Fact]
    public async Task A_reset_by_the_client_is_a_reset_for_the_server()
    {
        var seen = new TaskCompletionSource<IoStatus>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var lab = await TunnelLab.StartAsync(lab => lab.Serve = async (stream, _) =>
        {
            stream.Respond(new(200));
            await stream.WaitReadableAsync();
            seen.SetResult(stream.TryReceive([]).Status);
        });

        await lab.WithStreamAsync(static stream =>
        {
            stream.Abort();
            return ValueTask.FromResult(0);
        });

        Assert.Equal(IoStatus.Reset, await seen.Task);
    }

    private sealed class EndlessContent : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken stop)
        {
            await stream.WriteAsync(new byte[1], stop);
            await stream.FlushAsync(stop);
            await Task.Delay(Timeout.Infinite, stop);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    /// <summary>What a stream's watcher is told of its tunnel when the stream breaks.</summary>
    private sealed class EndAtBreak : IBreakWatcher
    {
        public TunnelEnd? End { get; private set; }

        public void Broken(Duplex stream) => End = ((HboneStream)stream).Tunnel.End;
    }
}
