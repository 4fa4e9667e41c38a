using System.Security.Cryptography;
using Ambient.Linux;
using Ambient.TestKit;

namespace Ambient.Transport.Tests.Relaying;

public class RelayTests
{
    [Fact]
    public async Task Bytes_arrive_in_both_directions_unchanged_and_are_counted()
    {
        using var running = new RunningLoop();
        using var relayed = await Relayed.StartAsync(running);
        var there = RandomNumberGenerator.GetBytes(20_000_000);
        var back = RandomNumberGenerator.GetBytes(9_000_001);

        var sending = Task.Run(() => SendAndFinish(relayed.Client, there));
        var answering = Task.Run(() => SendAndFinish(relayed.Server, back));
        var atServer = Task.Run(() => relayed.Server.ReceiveExactly(there.Length));
        var atClient = Task.Run(() => relayed.Client.ReceiveExactly(back.Length));
        await Task.WhenAll(sending, answering, atServer, atClient).WaitAsync(RunningLoop.Limit);

        Assert.Equal(SHA256.HashData(there), SHA256.HashData(await atServer));
        Assert.Equal(SHA256.HashData(back), SHA256.HashData(await atClient));
        Assert.Equal(0, relayed.Server.Receive(new byte[1]));
        Assert.Equal(0, relayed.Client.Receive(new byte[1]));
        Assert.True((await relayed.Outcome.WaitAsync(RunningLoop.Limit)).IsClean);
        Assert.Equal((there.Length, back.Length), (relayed.Counters.Sent.Value, relayed.Counters.Received.Value));
    }

    [Fact]
    public async Task After_one_side_finished_the_other_can_still_send()
    {
        using var running = new RunningLoop();
        using var relayed = await Relayed.StartAsync(running);

        relayed.Client.Finish();
        Assert.Equal(0, relayed.Server.Receive(new byte[1]));
        relayed.Server.Send("answer"u8);

        Assert.Equal("answer"u8, relayed.Client.ReceiveExactly(6));
        Assert.False(relayed.Outcome.IsCompleted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reset_passes_while_the_other_side_takes_no_bytes(bool byClient)
    {
        using var running = new RunningLoop();
        using var relayed = await Relayed.StartAsync(running);
        var (sender, stuck) = byClient ? (relayed.Client, relayed.Server) : (relayed.Server, relayed.Client);
        await FillUpAsync(running, sender);

        sender.Reset();

        stuck.WaitFor(EpollFlags.Error);
        var outcome = await relayed.Outcome.WaitAsync(RunningLoop.Limit);
        Assert.Equal((byClient, !byClient), (outcome.DownstreamReset, outcome.UpstreamReset));
    }

    [Fact]
    public async Task A_reset_passes_while_both_sides_are_full()
    {
        using var running = new RunningLoop();
        using var relayed = await Relayed.StartAsync(running);
        await FillUpAsync(running, relayed.Client);
        await FillUpAsync(running, relayed.Server);

        relayed.Server.Reset();

        relayed.Client.WaitFor(EpollFlags.Error);
        await relayed.Outcome.WaitAsync(RunningLoop.Limit);
    }

    [Fact]
    public async Task A_reset_after_a_finish_passes_too()
    {
        using var running = new RunningLoop();
        using var relayed = await Relayed.StartAsync(running);
        relayed.Client.Finish();
        Assert.Equal(0, relayed.Server.Receive(new byte[1]));

        relayed.Client.Reset();

        relayed.Server.WaitFor(EpollFlags.Error);
        await relayed.Outcome.WaitAsync(RunningLoop.Limit);
    }

    [Fact]
    public async Task Bytes_sent_just_before_a_reset_arrive_before_it()
    {
        using var running = new RunningLoop();
        for (var i = 0; i < 100; i++)
        {
            using var relayed = await Relayed.StartAsync(running);
            relayed.Client.Send("last words"u8);
            relayed.Client.Reset();

            Assert.Equal("last words"u8, relayed.Server.ReceiveExactly(10));
            Assert.Equal(-Errno.ConnectionReset, relayed.Server.Receive(new byte[1]));
        }
    }

    [Fact]
    public async Task Bytes_sent_just_before_a_reset_arrive_also_if_the_relay_runs_into_the_reset_while_sending()
    {
        using var running = new RunningLoop();
        using var relayed = await Relayed.StartAsync(running);

        await running.RunAsync(() => // all in one turn; the server's bytes are handled first
        {
            relayed.Server.Send("question"u8);
            relayed.Client.Send("last words"u8);
            relayed.Client.Reset();
        });

        Assert.Equal("last words"u8, relayed.Server.ReceiveExactly(10));
        Assert.Equal(-Errno.ConnectionReset, relayed.Server.Receive(new byte[1]));
        Assert.True((await relayed.Outcome.WaitAsync(RunningLoop.Limit)).DownstreamReset);
    }

    [Fact]
    public async Task A_reset_after_a_finish_passes_also_if_the_relay_runs_into_it_while_sending()
    {
        using var running = new RunningLoop();
        using var relayed = await Relayed.StartAsync(running);

        await running.RunAsync(() =>
        {
            relayed.Server.Send("question"u8);
            relayed.Client.Finish();
            relayed.Client.Reset();
        });

        relayed.Server.WaitFor(EpollFlags.Error);
        await relayed.Outcome.WaitAsync(RunningLoop.Limit);
    }

    [Fact]
    public async Task An_idle_relayed_connection_takes_less_than_a_kibibyte()
    {
        const int count = 100;
        using var running = new RunningLoop();
        var clients = Enumerable.Range(0, count).Select(_ => Connection.Open()).ToArray();
        var servers = Enumerable.Range(0, count).Select(_ => Connection.Open()).ToArray();

        var bytes = await running.RunAsync(() =>
        {
            Carry(0);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 1; i < count; i++)
                Carry(i);
            return (GC.GetAllocatedBytesForCurrentThread() - before) / (count - 1);
        });

        foreach (var end in clients.Select(pair => pair.Client).Concat(servers.Select(pair => pair.Server)))
            end.Dispose();
        Assert.True(bytes <= 1024, $"{bytes} bytes");
        Assert.True(SpinWait.SpinUntil(() => running.Loop.Attached == 0, RunningLoop.Limit));

        void Carry(int i) => new OwnedPair(
            LoopSocket.Attach(running.Loop, new Descriptor(clients[i].Server.Release())),
            LoopSocket.Attach(running.Loop, new Descriptor(servers[i].Client.Release()))).Start();
    }

    /// <summary>Two sockets that are closed when the relay between them ends.</summary>
    private sealed class OwnedPair(LoopSocket downstream, LoopSocket upstream) : IRelayOwner
    {
        public void Start() => Relay.Start(downstream, upstream, new(), this);

        public void RelayEnded(RelayOutcome outcome)
        {
            downstream.Dispose();
            upstream.Dispose();
        }

        public void RelayFailed(Exception defect) => throw defect;
    }

    [Fact]
    public async Task A_stream_that_throws_ends_the_relay_alone_and_is_told()
    {
        using var running = new RunningLoop();
        var (downstream, client) = await running.ConnectAsync();
        using (client)
        {
            var run = await running.Loop.RunAsync(() => ValueTask.FromResult(RelayRun.Of(downstream, new Throwing(running.Loop), new())));

            await running.RunAsync(() => client.Send("x"u8));

            await Assert.ThrowsAsync<NotSupportedException>(() => run.WaitAsync(RunningLoop.Limit));
            client.WaitFor(EpollFlags.Error);
            await running.RunAsync(downstream.Dispose);
        }
    }

    private sealed class Throwing(EventLoop loop) : Duplex
    {
        private readonly LoopSignal _never = new(loop);

        public override EventLoop Loop => loop;

        public override bool IsBroken => false;

        public override IoResult TryReceive(ReadOnlySpan<IoVector> into) => IoResult.WouldBlock;

        public override IoResult TrySend(ReadOnlySpan<IoVector> from) => throw new NotSupportedException("a defect");

        public override void EndReadWait() { }

        public override ValueTask WaitReadableAsync() => _never.WaitAsync();

        public override ValueTask WaitWritableAsync() => _never.WaitAsync();

        public override void FinishSending()
        {
        }

        public override void Abort()
        {
        }

        public override void Dispose()
        {
        }
    }

    [Fact]
    public async Task Aborting_one_stream_from_outside_ends_the_relay_and_resets_both()
    {
        using var running = new RunningLoop();
        using var relayed = await Relayed.StartAsync(running);
        await FillUpAsync(running, relayed.Client);

        await running.RunAsync(relayed.Downstream.Abort);

        relayed.Client.WaitFor(EpollFlags.Error);
        relayed.Server.WaitFor(EpollFlags.Error);
        await relayed.Outcome.WaitAsync(RunningLoop.Limit);
    }

    [Fact]
    public async Task Carrying_chunks_allocates_nothing()
    {
        using var running = new RunningLoop();
        using var relayed = await Relayed.StartAsync(running);
        var chunk = new byte[1000];
        Exchange(relayed, chunk, 200);

        var before = running.Allocated();
        Exchange(relayed, chunk, 500);

        Assert.Equal(0, running.Allocated() - before);
    }

    [Fact]
    public async Task Carrying_bulk_that_blocks_and_yields_allocates_nothing()
    {
        using var running = new RunningLoop();
        using var relayed = await Relayed.StartAsync(running);
        await BulkAsync(relayed, 30_000_000);

        var before = running.Allocated();
        await BulkAsync(relayed, 30_000_000);

        Assert.Equal(0, running.Allocated() - before);
    }

    [Fact]
    public async Task An_idle_relay_holds_no_slab_and_a_stuck_one_only_what_it_must()
    {
        using var running = new RunningLoop();
        using var idle = await Relayed.StartAsync(running);
        idle.Client.Send("x"u8);
        idle.Server.ReceiveExactly(1);
        Assert.Equal(0, await running.RunAsync(() => running.Loop.Slabs.Rented));

        using var stuck = await Relayed.StartAsync(running);
        await FillUpAsync(running, stuck.Client);

        Assert.Equal(1, await running.RunAsync(() => running.Loop.Slabs.Rented));
        stuck.Client.Reset();
        await stuck.Outcome.WaitAsync(RunningLoop.Limit);
        Assert.Equal(0, await running.RunAsync(() => running.Loop.Slabs.Rented));
    }

    [Fact]
    public async Task A_bulk_transfer_does_not_delay_small_ones_for_ever()
    {
        using var running = new RunningLoop();
        using var bulk = await Relayed.StartAsync(running);
        using var small = await Relayed.StartAsync(running);
        using var stop = new CancellationTokenSource();
        var flood = Task.Run(() =>
        {
            var chunk = new byte[1 << 20];
            while (!stop.IsCancellationRequested)
                bulk.Client.Send(chunk);
            bulk.Client.Finish();
        });
        var sink = Task.Run(() =>
        {
            var chunk = new byte[1 << 20];
            while (bulk.Server.Receive(chunk) > 0)
            {
            }
        });

        Exchange(small, new byte[100], 200);

        await stop.CancelAsync();
        await Task.WhenAll(flood, sink).WaitAsync(RunningLoop.Limit);
    }

    [Fact]
    public async Task Many_relays_leave_nothing_behind()
    {
        using var running = new RunningLoop();
        await ComeAndGoAsync(running, 50);
        var before = OpenDescriptors.Count();

        await ComeAndGoAsync(running, 500);

        Assert.Equal(before, OpenDescriptors.Count());
        Assert.Equal((0, 0), await running.RunAsync(() => (running.Loop.Attached, running.Loop.Slabs.Rented)));
    }

    private static async Task ComeAndGoAsync(RunningLoop running, int count)
    {
        for (var i = 0; i < count; i++)
        {
            using var relayed = await Relayed.StartAsync(running);
            relayed.Client.Send("request"u8);
            relayed.Server.ReceiveExactly(7);
            if (i % 3 == 0)
                relayed.Server.Reset();
        }
    }

    private static void SendAndFinish(App app, byte[] bytes)
    {
        app.Send(bytes);
        app.Finish();
    }

    private static void Exchange(Relayed relayed, byte[] chunk, int times)
    {
        var room = new byte[chunk.Length];
        for (var i = 0; i < times; i++)
        {
            relayed.Client.Send(chunk);
            for (var left = chunk.Length; left > 0;)
                left -= relayed.Server.Receive(room.AsSpan(0, left));
            relayed.Server.Send(chunk);
            for (var left = chunk.Length; left > 0;)
                left -= relayed.Client.Receive(room.AsSpan(0, left));
        }
    }

    private static Task BulkAsync(Relayed relayed, int bytes) => Task.WhenAll(
        Task.Run(() => relayed.Client.Send(new byte[bytes])),
        Task.Run(() => relayed.Server.ReceiveExactly(bytes))).WaitAsync(RunningLoop.Limit);

    // Until neither the application can send nor the relay pass on: nothing moves between two looks of the loop.
    private static async Task FillUpAsync(RunningLoop running, App app)
    {
        var chunk = new byte[256 * 1024];
        for (var quiet = 0; quiet < 20;)
        {
            quiet = app.TrySend(chunk) > 0 ? 0 : quiet + 1;
            await running.RunAsync(() => { });
        }
    }
}
