using System.Net;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.TestKit;

namespace Ambient.Transport.Tests.Sockets;

public class LoopSocketTests
{
    private static readonly byte[] Room = new byte[64 * 1024];

    [Fact]
    public async Task A_reader_waits_for_bytes_and_gets_them_and_then_the_end()
    {
        using var running = new RunningLoop();
        var (socket, app) = await running.ConnectAsync();
        var tried = new TaskCompletionSource();
        var reading = running.RunAsync(async ValueTask<(IoResult, IoResult, IoResult)> () =>
        {
            var before = socket.TryReceive(Room);
            tried.SetResult();
            await socket.WaitReadableAsync();
            var bytes = socket.TryReceive(Room);
            await ReadyToReceiveAsync(socket);
            return (before, bytes, socket.TryReceive(Room));
        });

        await tried.Task.WaitAsync(RunningLoop.Limit);
        app.Send("hello"u8);
        app.Finish();

        Assert.Equal((IoResult.WouldBlock, IoResult.Done(5), IoResult.End), await reading);
        Assert.False(socket.IsBroken);
        await CloseAsync(running, socket, app);
    }

    [Fact]
    public async Task A_writer_waits_until_the_peer_reads()
    {
        using var running = new RunningLoop();
        var (socket, app) = await running.ConnectAsync();
        var sent = 0L;
        var blocked = new TaskCompletionSource();
        var sending = running.RunAsync(async ValueTask<long> () =>
        {
            while (socket.TrySend(Room) is { Status: IoStatus.Done } result)
                sent += result.Bytes;
            blocked.SetResult();
            await socket.WaitWritableAsync();
            return socket.TrySend(Room).Bytes;
        });
        await blocked.Task.WaitAsync(RunningLoop.Limit);

        app.ReceiveExactly((int)sent);

        Assert.True(await sending > 0);
        await CloseAsync(running, socket, app);
    }

    [Fact]
    public async Task A_reset_is_noticed_while_nobody_reads_and_what_came_before_it_can_be_read()
    {
        using var running = new RunningLoop();
        var (socket, app) = await running.ConnectAsync();
        var watcher = new Watcher();
        await running.RunAsync(() => socket.BreakWatcher = watcher);

        app.Send("last words"u8);
        app.Reset();
        await watcher.Noticed.Task.WaitAsync(RunningLoop.Limit);

        Assert.True(await running.RunAsync(() => socket.IsBroken));
        Assert.Equal(IoResult.Done(10), await running.RunAsync(() => socket.TryReceive(Room)));
        Assert.Equal(new IoResult(IoStatus.Reset, 0, Errno.ConnectionReset), await running.RunAsync(() => socket.TryReceive(Room)));
        await CloseAsync(running, socket, app);
    }

    [Fact]
    public async Task A_reset_that_sending_runs_into_is_a_reset_for_the_reader_too()
    {
        using var running = new RunningLoop();
        var (socket, app) = await running.ConnectAsync();

        var (sent, received) = await running.RunAsync(() =>
        {
            app.Reset(); // in this turn, so that no event tells before the call does
            return (socket.TrySend(Room), socket.TryReceive(Room));
        });

        Assert.Equal(IoStatus.Reset, sent.Status);
        Assert.Equal(IoStatus.Reset, received.Status);
        Assert.True(socket.IsBroken);
        await CloseAsync(running, socket, app);
    }

    [Fact]
    public async Task An_end_before_a_reset_is_an_end()
    {
        using var running = new RunningLoop();
        var (socket, app) = await running.ConnectAsync();

        var (sent, received) = await running.RunAsync(() =>
        {
            app.Finish();
            app.Reset();
            return (socket.TrySend(Room), socket.TryReceive(Room));
        });

        Assert.Equal(new IoResult(IoStatus.Reset, 0, Errno.BrokenPipe), sent);
        Assert.Equal(IoResult.End, received);
        await CloseAsync(running, socket, app);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Closing_lets_both_waiters_go_after_the_call_and_later_calls_say_broken(bool abort)
    {
        using var running = new RunningLoop();
        var (socket, app) = await running.ConnectAsync();
        var order = new List<string>();

        await running.RunAsync(async ValueTask<int> () =>
        {
            FillUp(socket);
            Assert.Equal(IoResult.WouldBlock, socket.TryReceive(Room));
            async ValueTask Wait(ValueTask wait, string name)
            {
                await wait;
                order.Add(name);
            }

            var reader = Wait(socket.WaitReadableAsync(), "reader");
            var writer = Wait(socket.WaitWritableAsync(), "writer");
            if (abort)
                socket.Abort();
            else
                socket.Dispose();
            order.Add("closed");
            await reader;
            await writer;
            Assert.Equal(IoStatus.Broken, socket.TryReceive(Room).Status);
            Assert.Equal(IoStatus.Broken, socket.TrySend(Room).Status);
            socket.Abort();
            socket.Dispose();
            socket.FinishSending();
            return 0;
        });

        Assert.Equal(["closed", "reader", "writer"], order);
        app.Dispose();
    }

    [Fact]
    public async Task An_abort_reaches_the_peer_as_a_reset_and_a_dispose_as_an_end()
    {
        using var running = new RunningLoop();
        var (aborted, first) = await running.ConnectAsync();
        var (disposed, second) = await running.ConnectAsync();

        await running.RunAsync(aborted.Abort);
        await running.RunAsync(disposed.Dispose);

        Assert.Equal(-Errno.ConnectionReset, first.Receive(Room));
        Assert.Equal(0, second.Receive(Room));
        first.Dispose();
        second.Dispose();
    }

    [Fact]
    public async Task A_second_waiter_is_refused()
    {
        using var running = new RunningLoop();
        var (socket, app) = await running.ConnectAsync();

        await running.RunAsync(() =>
        {
            void WaitAgain() => socket.WaitReadableAsync().AsTask();
            Assert.Equal(IoResult.WouldBlock, socket.TryReceive(Room));
            var first = socket.WaitReadableAsync();
            Assert.IsType<InvalidOperationException>(Record.Exception((Action)WaitAgain));
            Assert.False(first.IsCompleted);
        });
        await CloseAsync(running, socket, app);
    }

    [Fact]
    public async Task Events_for_a_closed_socket_do_not_reach_the_one_that_got_its_number()
    {
        using var running = new RunningLoop();
        var (first, firstApp) = await running.ConnectAsync();
        var (second, secondApp) = await running.ConnectAsync();
        var (spare, spareApp) = Connection.Open();
        var replacementWoke = false;

        await running.RunAsync(async ValueTask<int> () =>
        {
            first.TryReceive(Room);
            second.TryReceive(Room);
            var waitFirst = first.WaitReadableAsync();
            LoopSocket? replacement = null;
            async ValueTask ReplaceSecond()
            {
                await waitFirst;
                var number = second.Descriptor.Value;
                second.Dispose(); // its event stands in the same batch
                replacement = LoopSocket.Attach(running.Loop, DuplicateAs(number, spare));
                replacement.TryReceive(Room);
                var wait = replacement.WaitReadableAsync();
                Note(wait);
            }

            async void Note(ValueTask wait)
            {
                await wait;
                replacementWoke = true;
            }

            var replacing = ReplaceSecond();
            firstApp.Send("1"u8);
            secondApp.Send("2"u8); // both edges are waiting when this turn ends
            await replacing;
            await running.Loop.Yield();
            await running.Loop.Yield();
            Assert.False(replacementWoke);
            replacement!.Dispose();
            first.Dispose();
            return 0;
        });

        spare.Dispose();
        foreach (var app in new[] { firstApp, secondApp, new App(spareApp) })
            app.Dispose();
    }

    [Fact]
    public async Task A_connection_that_breaks_does_not_disturb_others_in_the_same_batch()
    {
        using var running = new RunningLoop();
        var connections = new List<(LoopSocket Socket, App App)>();
        for (var i = 0; i < 50; i++)
            connections.Add(await running.ConnectAsync());

        var results = await running.RunAsync(async ValueTask<IoStatus[]> () =>
        {
            var reads = connections.Select(connection => ReadAsync(connection.Socket)).ToArray();
            for (var i = 0; i < connections.Count; i++)
            {
                if (i % 2 == 0)
                    connections[i].App.Reset();
                else
                    connections[i].App.Send("x"u8);
            }

            var all = new List<IoStatus>();
            foreach (var read in reads)
                all.Add((await read).Status);
            return [.. all];
        });

        for (var i = 0; i < results.Length; i++)
            Assert.Equal(i % 2 == 0 ? IoStatus.Reset : IoStatus.Done, results[i]);
        foreach (var (socket, app) in connections)
            await CloseAsync(running, socket, app);
    }

    [Fact]
    public async Task A_detached_connection_lives_on_with_its_unread_bytes()
    {
        using var running = new RunningLoop();
        var (socket, app) = await running.ConnectAsync();
        app.Send("kept"u8);

        using var detached = await running.RunAsync(socket.Detach);
        var again = await running.RunAsync(() => LoopSocket.Attach(running.Loop, detached.Duplicate()));

        Assert.Equal(IoResult.Done(4), await running.RunAsync(async ValueTask<IoResult> () => await ReadAsync(again)));
        Assert.Equal(IoStatus.Broken, (await running.RunAsync(() => socket.TryReceive(Room))).Status);
        await CloseAsync(running, again, app);
    }

    [Fact]
    public async Task The_two_ends_are_known_also_after_closing_if_they_were_asked_for_before()
    {
        using var running = new RunningLoop();
        var (socket, app) = await running.ConnectAsync();
        var peer = TcpSockets.LocalName(app.Socket).ToEndPoint();

        var (local, remote) = await running.RunAsync(() => (socket.LocalEndPoint, socket.RemoteEndPoint));
        await running.RunAsync(socket.Dispose);

        Assert.Equal(peer, remote);
        Assert.Equal(IPAddress.Loopback, local!.Address);
        Assert.Same(remote, socket.RemoteEndPoint);
        app.Dispose();
    }

    [Fact]
    public async Task Waiting_receiving_and_sending_allocate_nothing()
    {
        using var running = new RunningLoop();
        var (socket, app) = await running.ConnectAsync();
        var echoing = running.Loop.RunAsync(() => EchoAsync(socket));
        Exchange(app, 200);

        var before = running.Allocated();
        Exchange(app, 500);
        Assert.Equal(0, running.Allocated() - before);

        app.Close();
        await echoing.WaitAsync(RunningLoop.Limit);
        await running.RunAsync(socket.Dispose);
    }

    [Fact]
    public async Task An_idle_connection_takes_less_than_two_hundred_bytes()
    {
        using var running = new RunningLoop();
        var pairs = Enumerable.Range(0, 200).Select(_ => Connection.Open()).ToArray();
        var sockets = new LoopSocket[pairs.Length];
        await running.RunAsync(() => sockets[0] = LoopSocket.Attach(running.Loop, pairs[0].Client));

        var bytes = await running.RunAsync(() =>
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 1; i < sockets.Length; i++)
            {
                var descriptor = new Descriptor(pairs[i].Client.Release()); // counted too
                sockets[i] = LoopSocket.Attach(running.Loop, descriptor);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        });

        Assert.True(bytes / (sockets.Length - 1) <= 200, $"{bytes / (sockets.Length - 1)} bytes");
        await running.RunAsync(() => Array.ForEach(sockets, socket => socket.Dispose()));
        Array.ForEach(pairs, pair => pair.Server.Dispose());
    }

    [Fact]
    public async Task Many_connections_leave_nothing_behind()
    {
        using var running = new RunningLoop();
        await ComeAndGoAsync(running, 100);
        var before = OpenDescriptors.Count();

        await ComeAndGoAsync(running, 1000);

        Assert.Equal(before, OpenDescriptors.Count());
        Assert.Equal(0, await running.RunAsync(() => running.Loop.Attached));
    }

    internal static async ValueTask<int> EchoAsync(LoopSocket socket)
    {
        while (true)
        {
            await socket.WaitReadableAsync();
            var received = socket.TryReceive(Room);
            if (received.Status == IoStatus.WouldBlock)
                continue;
            if (received.Status != IoStatus.Done)
                return 0;
            socket.TrySend(Room.AsSpan(0, received.Bytes));
        }
    }

    private static void Exchange(App app, int times)
    {
        Span<byte> buffer = stackalloc byte[100];
        for (var i = 0; i < times; i++)
        {
            app.Send(buffer);
            for (var left = buffer.Length; left > 0;)
                left -= app.Receive(buffer[..left]);
        }
    }

    private static async Task ComeAndGoAsync(RunningLoop running, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var (socket, app) = await running.ConnectAsync();
            await running.RunAsync(i % 2 == 0 ? socket.Dispose : socket.Abort);
            app.Dispose();
        }
    }

    private static async ValueTask<IoResult> ReadAsync(LoopSocket socket)
    {
        while (true)
        {
            var result = socket.TryReceive(Room);
            if (result.Status != IoStatus.WouldBlock)
                return result;
            await socket.WaitReadableAsync();
        }
    }

    private static async ValueTask ReadyToReceiveAsync(LoopSocket socket)
    {
        if (!socket.MayReceive)
            await socket.WaitReadableAsync();
    }

    private static void FillUp(LoopSocket socket)
    {
        while (socket.TrySend(Room).Status == IoStatus.Done)
        {
        }
    }

    // The kernel hands out the lowest free number, of which the runtime may have left some below.
    private static Descriptor DuplicateAs(int number, Descriptor original)
    {
        var below = new List<Descriptor>();
        while (true)
        {
            var duplicate = original.Duplicate();
            Assert.True(duplicate.Value <= number);
            if (duplicate.Value == number)
            {
                below.ForEach(descriptor => descriptor.Dispose());
                return duplicate;
            }

            below.Add(duplicate);
        }
    }

    private static async Task CloseAsync(RunningLoop running, LoopSocket socket, App app)
    {
        await running.RunAsync(socket.Dispose);
        app.Dispose();
    }

    private sealed class Watcher : IBreakWatcher
    {
        internal TaskCompletionSource Noticed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Broken(Duplex stream) => Noticed.SetResult(); // a second time would throw
    }
}
