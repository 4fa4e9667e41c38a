using Ambient.Hbone.Tunnels;
using Ambient.Linux;
using Ambient.Transport;

namespace Ambient.Hbone.Tests.Tunnels;

public class TunnelTests
{
    [Fact]
    public async Task Bytes_cross_and_the_end_is_seen_in_both_directions()
    {
        await using var lab = await TunnelLab.StartAsync();

        var echoed = await lab.WithStreamAsync(async stream =>
        {
            await stream.WriteAsync("hello"u8.ToArray());
            stream.FinishSending();
            return await stream.ReadAsync(100);
        });

        Assert.Equal("hello"u8.ToArray(), echoed);
        Assert.Empty(lab.Refusals);
    }

    [Fact]
    public async Task A_large_transfer_arrives_intact()
    {
        await using var lab = await TunnelLab.StartAsync();
        var sent = new byte[20_000_000];
        new Random(1).NextBytes(sent);

        var received = await lab.WithStreamAsync(async stream =>
        {
            var writing = stream.WriteAsync(sent);
            var echoed = await stream.ReadAsync(sent.Length);
            await writing;
            return echoed;
        });

        Assert.True(sent.AsSpan().SequenceEqual(received));
    }

    [Fact]
    public async Task A_transfer_in_one_direction_goes_on_when_only_windows_open()
    {
        const int total = 20_000_000;
        var received = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var lab = await TunnelLab.StartAsync(lab => lab.Serve = async (stream, _) =>
        {
            stream.Respond(new(200));
            received.SetResult((await stream.ReadAsync(total)).Length);
        });

        await lab.WithStreamAsync(async stream =>
        {
            await stream.WriteAsync(new byte[total]);
            return await received.Task;
        });

        Assert.Equal(total, await received.Task);
    }

    [Fact]
    public async Task Many_streams_keep_their_bytes_apart()
    {
        await using var lab = await TunnelLab.StartAsync();

        var echoed = await lab.ClientLoop.RunAsync(async () => await Task.WhenAll(Enumerable.Range(0, 32).Select(async i =>
        {
            var result = await lab.Pool.ConnectAsync(lab.Key, new("10.0.0.1:80"));
            using var stream = result.Stream!;
            var bytes = Enumerable.Repeat((byte)i, 300_000 + i).ToArray();
            var writing = stream.WriteAsync(bytes);
            var back = await stream.ReadAsync(bytes.Length);
            await writing;
            return back.AsSpan().SequenceEqual(bytes);
        })));

        Assert.All(echoed, Assert.True);
        Assert.Equal(1, lab.Accepted);
    }

    [Fact]
    public async Task Request_and_answer_carry_what_each_side_tells()
    {
        ConnectRequest? seen = null;
        await using var lab = await TunnelLab.StartAsync(lab => lab.Serve = (stream, request) =>
        {
            seen = request;
            stream.Respond(new(200, "k8s.namespace.name=shop"));
            return Task.CompletedTask;
        });
        var sent = new ConnectRequest("[fd00::1]:80")
        {
            Baggage = "k8s.cluster.name=c1", Forwarded = "for=\"10.0.0.9:1\";host=cart", TraceParent = "00-x", ForwardedNetwork = "",
        };

        var result = await lab.ConnectAsync(request: sent);

        Assert.Equal(sent, seen);
        Assert.Equal("k8s.namespace.name=shop", result.Answer!.Baggage);
    }

    // RFC 9113 §8.1: a server that has sent all may say with NO_ERROR that it takes no more.
    // A client speaks in GOAWAY of streams that a server would open; it keeps its own.
    [Fact]
    public async Task A_reader_that_stands_still_holds_one_window_and_stops_nobody_else()
    {
        HboneStream? stuck = null;
        await using var lab = await TunnelLab.StartAsync(lab => lab.Serve = (stream, request) =>
        {
            if (request.Authority != "10.0.0.1:1") return TunnelLab.EchoAsync(stream, request);
            stuck = stream;
            stream.Respond(new(200));
            return Task.CompletedTask;
        });
        var blocked = (await lab.ConnectAsync(request: new("10.0.0.1:1"))).Stream!;
        var accepted = await lab.ClientLoop.RunAsync(() => FillAsync(blocked));

        var echoed = await lab.WithStreamAsync(async stream =>
        {
            await stream.WriteAsync("through"u8.ToArray());
            return await stream.ReadAsync(7);
        });

        Assert.Equal("through"u8.ToArray(), echoed);
        var held = await lab.ServerLoop.RunAsync(() => ValueTask.FromResult(stuck!.HeldLength));
        Assert.Equal(lab.Options.StreamWindowBytes, accepted);
        Assert.Equal(accepted, held);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_window_is_wide_while_its_reader_keeps_up_and_small_again_when_it_does_not()
    {
        const int fast = 20 << 20, step = 16 * 1024;
        var held = new List<int>();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var lab = await TunnelLab.StartAsync(lab => lab.Serve = async (stream, _) =>
        {
            stream.Respond(new(200));
            await stream.ReadAsync(fast);
            while (stream.HeldLength <= lab.Options.StreamWindowBytes) await stream.Loop.Yield(); // a wide window fills
            held.Add(stream.HeldLength);
            for (var i = 0; i < 4 * lab.Options.StreamWindowBytes / step; i++) await stream.ReadAsync(step); // all that was granted
            for (var i = 0; i < 100; i++)
            {
                while (stream.HeldLength < step) await stream.Loop.Yield();
                held.Add(stream.HeldLength);
                await stream.ReadAsync(step);
            }
            done.SetResult();
            stream.Abort();
        });

        await lab.WithStreamAsync(async stream =>
        {
            var chunk = GC.AllocateUninitializedArray<byte>(step, pinned: true);
            for (; !stream.IsBroken; await stream.Loop.Yield()) stream.TrySend([IoVector.Over(chunk)]);
            return 0;
        });

        await done.Task;
        Assert.InRange(held[0], lab.Options.StreamWindowBytes + 1, 4 * lab.Options.StreamWindowBytes);
        Assert.All(held.Skip(1), bytes => Assert.InRange(bytes, 1, lab.Options.StreamWindowBytes));
    }

    [Fact]
    public async Task A_small_request_passes_bulk_streams_of_the_same_tunnel()
    {
        await using var lab = await TunnelLab.StartAsync();
        const int each = 30_000_000;

        var bulkLeft = await lab.ClientLoop.RunAsync(async () =>
        {
            var running = 0;
            var bulk = Enumerable.Range(0, 8).Select(async _ =>
            {
                using var stream = (await lab.Pool.ConnectAsync(lab.Key, new("10.0.0.1:80"))).Stream!;
                running++;
                var writing = stream.WriteAsync(new byte[each]);
                await stream.ReadAsync(each);
                await writing;
                running--;
            }).ToList();
            var small = (await lab.Pool.ConnectAsync(lab.Key, new("10.0.0.1:80"))).Stream!;
            await small.WriteAsync("quick"u8.ToArray());
            await small.ReadAsync(5);
            var left = running;
            await Task.WhenAll(bulk);
            return left;
        });

        Assert.Equal(8, bulkLeft); // the small one was not queued behind any of them
    }

    [Fact]
    public async Task A_chunk_through_the_tunnel_allocates_nothing()
    {
        await using var lab = await TunnelLab.StartAsync();

        var (client, server) = await lab.ClientLoop.RunAsync(async () =>
        {
            using var stream = (await lab.Pool.ConnectAsync(lab.Key, new("10.0.0.1:80"))).Stream!;
            await PingPongAsync(stream, 200);
            var serverBefore = await AllocatedAsync(lab.ServerLoop);
            var clientBefore = GC.GetAllocatedBytesForCurrentThread();
            await PingPongAsync(stream, 1000);
            var clientAfter = GC.GetAllocatedBytesForCurrentThread();
            return (clientAfter - clientBefore, await AllocatedAsync(lab.ServerLoop) - serverBefore);
        });

        // What remains is the test's own: two calls across threads and one state machine, not a thousand of anything.
        Assert.InRange(client, 0, 2000);
        Assert.InRange(server, 0, 2000);
    }

    [Fact]
    public async Task A_tunnel_runs_inside_a_stream_of_another()
    {
        Ambient.Hbone.Server.TunnelAcceptor? inner = null;
        await using var lab = await TunnelLab.StartAsync(lab => lab.Serve = async (stream, request) =>
        {
            if (request.ForwardedNetwork is not null)
            {
                await TunnelLab.EchoAsync(stream, request);
                return;
            }
            stream.Respond(new(200));
            inner ??= new(lab.ServerLoop, lab.Identities, lab.Options);
            await inner.ServeAsync(stream, TunnelLab.ServerId, lab);
        });

        var echoed = await lab.WithStreamAsync(async outer =>
        {
            var (identity, _) = await lab.Identities.FindAsync(TunnelLab.ClientId);
            var (tunnel, failure) = await lab.Dialer.SecureAsync(outer, identity!, [TunnelLab.ServerId], "inner");
            Assert.True(tunnel is not null, failure?.Message);
            using var stream = tunnel.TryConnect(new("cart:80") { ForwardedNetwork = "west" })!;
            Assert.Equal(200, (await stream.WaitAnswerAsync(TimeSpan.FromSeconds(30)))!.Status);
            var bytes = new byte[1_000_000];
            new Random(2).NextBytes(bytes);
            var writing = stream.WriteAsync(bytes);
            var back = await stream.ReadAsync(bytes.Length);
            await writing;
            tunnel.Close(TunnelEnd.Local);
            return bytes.AsSpan().SequenceEqual(back);
        });

        Assert.True(echoed);
    }

    /// <summary>Sends until the stream takes no more.</summary>
    private static async ValueTask<int> FillAsync(HboneStream stream)
    {
        var chunk = GC.AllocateUninitializedArray<byte>(16_384, pinned: true);
        var accepted = 0;
        for (var idle = 0; idle < 200;)
        {
            var sent = stream.TrySend([IoVector.Over(chunk)]);
            accepted += sent.Bytes;
            idle = sent.Bytes > 0 ? 0 : idle + 1;
            await stream.Loop.Yield();
        }
        return accepted;
    }

    private static async ValueTask PingPongAsync(HboneStream stream, int times)
    {
        var chunk = GC.AllocateUninitializedArray<byte>(1024, pinned: true);
        for (var i = 0; i < times; i++)
        {
            if (stream.TrySend([IoVector.Over(chunk)]).Bytes != chunk.Length) throw new IOException("An idle stream took less than a chunk.");
            for (var got = 0; got < chunk.Length;)
            {
                var received = stream.TryReceive([IoVector.Over(chunk.AsMemory(got))]);
                got += received.Bytes;
                if (received.Status == IoStatus.WouldBlock) await stream.WaitReadableAsync();
            }
        }
    }

    private static Task<long> AllocatedAsync(EventLoop loop) =>
        loop.RunAsync(static () => ValueTask.FromResult(GC.GetAllocatedBytesForCurrentThread()));
}
