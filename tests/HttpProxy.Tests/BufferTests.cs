using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.HttpProxy.Buffers;
using Ambient.HttpProxy.Replies;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Transport;

namespace Ambient.HttpProxy.Tests;

public sealed class BufferTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_turn_receives_for_all_then_looks_at_all_then_sends_for_all()
    {
        using var loop = new EventLoop("buffers", TimeProvider.System);
        loop.Start();
        var (log, echoes, clients) = (new List<string>(), new List<Task>(), new List<Socket>());
        using var waiting = new SemaphoreSlim(0);
        var listening = await loop.RunAsync(() => new ValueTask<AcceptLoop>(AcceptLoop.Start(
            loop, ListeningSocket.Open(new(IPAddress.Loopback, 0), new()), (accepted, _) =>
            {
                echoes.Add(EchoAsync(new Recorded(LoopSocket.Attach(loop, accepted), log), log));
                waiting.Release();
            })));
        for (var i = 0; i < 3; i++)
        {
            clients.Add(new(SocketType.Stream, ProtocolType.Tcp));
            await clients[^1].ConnectAsync(listening.LocalName.ToEndPoint());
            Assert.True(await waiting.WaitAsync(Limit));
        }

        using (var goesOn = new ManualResetEventSlim())
        {
            var isHeld = new TaskCompletionSource();
            loop.Post(() =>
            {
                isHeld.SetResult();
                goesOn.Wait(Limit);
            });
            await isHeld.Task.WaitAsync(Limit);
            foreach (var client in clients) await client.SendAsync("hello"u8.ToArray());
            goesOn.Set(); // a turn finds what came for all
        }

        await Task.WhenAll(echoes).WaitAsync(Limit);
        loop.Post(listening.Dispose);

        Assert.Equal(["receives", "receives", "receives", "looks", "looks", "looks", "sends", "sends", "sends"], log);
        foreach (var client in clients)
        {
            var answer = new byte[5];
            await client.ReceiveAsync(answer);
            Assert.Equal("hello"u8.ToArray(), answer);
            client.Dispose();
        }
    }

    [Fact]
    public async Task What_the_turns_end_could_not_send_goes_before_what_is_written_later()
    {
        using var loop = new EventLoop("buffers", TimeProvider.System);
        loop.Start();
        var stream = new Narrow(loop, room: 3);
        var output = new SendBuffer(stream);

        Assert.True(await loop.RunAsync(() => Write("hello").FlushSoonAsync()));
        await loop.RunAsync(() => default(ValueTask)); // a turn later
        Assert.Equal("hel", stream.Taken);
        var flushes = await loop.RunAsync(() => new ValueTask<Task<bool>>(Write(" world").FlushSoonAsync().AsTask()));
        Assert.False(flushes.IsCompleted);
        loop.Post(() => stream.Open(100));

        Assert.True(await flushes.WaitAsync(Limit));
        Assert.Equal("hello world", stream.Taken);
        return;

        SendBuffer Write(string text)
        {
            System.Buffers.BuffersExtensions.Write(output, Encoding.ASCII.GetBytes(text));
            return output;
        }
    }

    [Fact]
    public async Task What_a_flush_waits_to_send_is_not_sent_by_the_turns_end_too()
    {
        using var loop = new EventLoop("buffers", TimeProvider.System);
        loop.Start();
        var stream = new Narrow(loop, room: 3);
        var output = new SendBuffer(stream);

        var flushes = await loop.RunAsync(async () =>
        {
            System.Buffers.BuffersExtensions.Write(output, "hello"u8);
            Assert.True(await output.FlushSoonAsync());
            System.Buffers.BuffersExtensions.Write(output, new byte[5000]);
            return output.FlushSoonAsync().AsTask(); // too much to be put off
        });
        await loop.RunAsync(() => default(ValueTask)); // a turn later
        Assert.Equal("hel", stream.Taken);
        loop.Post(() => stream.Open(10_000));

        Assert.True(await flushes.WaitAsync(Limit));
        Assert.True(await loop.RunAsync(() =>
        {
            System.Buffers.BuffersExtensions.Write(output, "again"u8);
            return output.FlushAsync();
        }).WaitAsync(Limit));
        Assert.Equal(5010, stream.Taken.Length);
    }

    [Fact]
    public async Task Small_answers_that_a_client_does_not_take_for_a_while_all_arrive_in_order()
    {
        const int requests = 60_000; // answers of some 8 MB: more than the kernel keeps for a client that does not read
        await using var scene = await ProxyScene.StartAsync();
        scene.KeepsReports = false;
        var asked = 0;
        scene.Decide = request =>
        {
            Volatile.Write(ref asked, asked + 1);
            return RouteDecision.Answer(new LocalReply(404, Encoding.ASCII.GetString(request.Target)));
        };
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await client.ConnectAsync(scene.Address);
        var all = string.Concat(Enumerable.Range(0, requests).Select(static i => $"GET /{i} HTTP/1.1\r\nHost: a\r\n\r\n"));

        var sending = SendAsync(client, Encoding.ASCII.GetBytes(all));
        await UntilStuckAsync(() => Volatile.Read(ref asked));
        Assert.InRange(asked, 1, requests - 1); // the rest waits until the client takes answers
        var answered = await ReadAsync(client, requests);
        await sending.WaitAsync(Limit);

        Assert.Equal(Enumerable.Range(0, requests).Select(static i => $"/{i}"), answered);
    }

    [Fact]
    public async Task Requests_that_a_client_sends_without_end_leave_turns_to_others()
    {
        await using var scene = await ProxyScene.StartAsync();
        scene.KeepsReports = false;
        var turn = new Turn();
        scene.Decide = request =>
        {
            if (turn.Requests++ == 0) scene.Loop.AtTurnEnd(turn);
            return RouteDecision.Answer(new LocalReply(404, ""));
        };
        using var client = await scene.ConnectAsync();

        await client.SendAsync(string.Concat(Enumerable.Repeat("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 500)) + "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        await client.ReadToAsync("close\r\n\r\n");

        Assert.InRange(turn.Most, 1, 2 * 16); // once with the event, once with the work that was put off
    }

    private static async Task EchoAsync(Duplex stream, List<string> log)
    {
        var (input, output) = (new ReceiveBuffer(stream), new SendBuffer(stream));
        Assert.Equal(5, (await input.ReceiveAsync()).Bytes);
        log.Add("looks");
        System.Buffers.BuffersExtensions.Write(output, input.Unread);
        input.Release();
        await output.FlushSoonAsync();
        while (output.Buffered > 0) await stream.Loop.Yield();
        stream.Dispose();
    }

    private static async Task SendAsync(Socket client, byte[] bytes)
    {
        for (var sent = 0; sent < bytes.Length;) sent += await client.SendAsync(bytes.AsMemory(sent));
    }

    private static async Task UntilStuckAsync(Func<int> done)
    {
        for (var (before, same, rounds) = (0, 0, 0); same < 20 && rounds < 3000; (before, rounds) = (done(), rounds + 1))
        {
            await Task.Delay(10);
            same = done() == before && before > 0 ? same + 1 : 0;
        }
    }

    private static async Task<List<string>> ReadAsync(Socket client, int count)
    {
        using var reader = new StreamReader(new NetworkStream(client), Encoding.ASCII);
        var bodies = new List<string>();
        while (bodies.Count < count && await reader.ReadLineAsync().WaitAsync(Limit) is { } line)
            if (line.StartsWith('/')) bodies.Add(line);
        return bodies;
    }

    /// <summary>Counts the requests of a turn.</summary>
    private sealed class Turn : ITurnEnd
    {
        public int Requests { get; set; }

        public int Most { get; private set; }

        public void TurnEnded() => (Most, Requests) = (Math.Max(Most, Requests), 0);
    }

    /// <summary>A stream that writes down which calls the kernel gets.</summary>
    private sealed class Recorded(Duplex stream, List<string> log) : Duplex
    {
        public override EventLoop Loop => stream.Loop;

        public override bool IsBroken => stream.IsBroken;

        public override bool MayReceive => stream.MayReceive;

        public override IoResult TryReceive(ReadOnlySpan<IoVector> into)
        {
            var result = stream.TryReceive(into);
            if (result.Status == IoStatus.Done) log.Add("receives");
            return result;
        }

        public override IoResult TrySend(ReadOnlySpan<IoVector> from)
        {
            log.Add("sends");
            return stream.TrySend(from);
        }

        public override ValueTask WaitReadableAsync() => stream.WaitReadableAsync();

        public override void EndReadWait() => stream.EndReadWait();

        public override ValueTask WaitWritableAsync() => stream.WaitWritableAsync();

        public override void FinishSending() => stream.FinishSending();

        public override void Abort() => stream.Abort();

        public override void Dispose() => stream.Dispose();
    }

    /// <summary>A stream that takes only so much.</summary>
    private sealed class Narrow(EventLoop loop, int room) : Duplex
    {
        private readonly LoopSignal _opened = new(loop);
        private int _room = room;

        public string Taken { get; private set; } = "";

        public override EventLoop Loop => loop;

        public override bool IsBroken => false;

        public void Open(int more)
        {
            _room += more;
            _opened.Set();
        }

        public override IoResult TrySend(ReadOnlySpan<IoVector> from)
        {
            var taken = Math.Min(_room, from[0].Length);
            if (taken == 0) return IoResult.WouldBlock;
            _room -= taken;
            Taken += Encoding.ASCII.GetString(from[0].Span[..taken]);
            return IoResult.Done(taken);
        }

        public override ValueTask WaitWritableAsync() => _opened.WaitAsync();

        public override IoResult TryReceive(ReadOnlySpan<IoVector> into) => IoResult.WouldBlock;

        public override ValueTask WaitReadableAsync() => throw new NotSupportedException();

        public override void EndReadWait() { }

        public override void FinishSending() { }

        public override void Abort() { }

        public override void Dispose() { }
    }
}
