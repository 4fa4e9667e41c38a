using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Transport.Tests.Sockets;

public class AcceptLoopTests
{
    private readonly Channel<(Descriptor Connection, SocketName Peer)> _accepted = Channel.CreateUnbounded<(Descriptor, SocketName)>();

    [Fact]
    public async Task Every_connection_is_accepted_with_its_peer_also_more_than_fit_a_turn()
    {
        using var running = new RunningLoop();
        var (accepting, to) = await StartAsync(running);

        var clients = Enumerable.Range(0, 300).Select(_ => Dial(to)).ToArray();
        var peers = new HashSet<SocketName>();
        foreach (var _ in clients)
        {
            var (connection, peer) = await NextAsync();
            connection.Dispose();
            peers.Add(peer);
        }

        Assert.Equal(clients.Select(client => TcpSockets.LocalName(client)).ToHashSet(), peers);
        Array.ForEach(clients, client => client.Dispose());
        await running.RunAsync(accepting.Dispose);
    }

    [Fact]
    public async Task A_handler_that_throws_does_not_end_accepting()
    {
        var running = new RunningLoop();
        var failures = 0;
        var (accepting, to) = await StartAsync(running, (connection, peer) =>
        {
            if (failures++ == 0)
            {
                connection.Dispose();
                throw new InvalidDataException();
            }

            _accepted.Writer.TryWrite((connection, peer));
        });

        using var first = Dial(to);
        using var second = Dial(to);

        (await NextAsync()).Connection.Dispose();
        Assert.Single(running.Escaped);
        await running.RunAsync(accepting.Dispose);
        running.DisposeAfterFailures();
    }

    [Fact]
    public async Task Loops_that_share_a_socket_accept_each_connection_once()
    {
        using var first = new RunningLoop();
        using var second = new RunningLoop();
        using var listener = ListeningSocket.Open(new(IPAddress.Loopback, 0), new());
        var to = TcpSockets.LocalName(listener).ToEndPoint();
        AcceptHandler handler = (connection, peer) => _accepted.Writer.TryWrite((connection, peer));
        var one = await first.RunAsync(() => AcceptLoop.Start(first.Loop, listener.Duplicate(), handler));
        var two = await second.RunAsync(() => AcceptLoop.Start(second.Loop, listener.Duplicate(), handler));

        var clients = Enumerable.Range(0, 200).Select(_ => Dial(to)).ToArray();
        var peers = new HashSet<SocketName>();
        foreach (var _ in clients)
        {
            var (connection, peer) = await NextAsync();
            connection.Dispose();
            Assert.True(peers.Add(peer));
        }

        Array.ForEach(clients, client => client.Dispose());
        await first.RunAsync(one.Dispose);
        await second.RunAsync(two.Dispose);
    }

    [Fact]
    public async Task A_stopped_listener_refuses()
    {
        using var running = new RunningLoop();
        var (accepting, to) = await StartAsync(running);

        await running.RunAsync(accepting.Dispose);
        await running.RunAsync(accepting.Dispose);
        var (socket, failure) = await running.RunAsync(() =>
            LoopSocket.ConnectAsync(running.Loop, OutgoingSocket.Open(to.AddressFamily, new()), to, RunningLoop.Limit));

        Assert.Null(socket);
        Assert.Equal(ConnectFailureKind.Refused, failure.Kind);
        Assert.Equal(0, await running.RunAsync(() => running.Loop.Attached));
    }

    // Each that is accepted is followed by another at once: an edge more in every turn.
    [Fact]
    public async Task Whoever_keeps_coming_takes_no_more_of_later_turns()
    {
        using var running = new RunningLoop();
        var (accepted, keepsComing, to) = (0, true, (IPEndPoint?)null);
        (var accepting, to) = await StartAsync(running, (connection, _) =>
        {
            connection.Dispose();
            accepted++;
            if (keepsComing) Dial(to!).Dispose();
        });
        using var first = Dial(to);
        using var second = Dial(to);

        var most = await running.Loop.RunAsync(async () =>
        {
            var most = 0;
            for (var turn = 0; turn < 40; turn++)
            {
                var before = accepted;
                await running.Loop.Yield();
                most = Math.Max(most, accepted - before);
            }
            keepsComing = false;
            accepting.Dispose();
            return most;
        });

        Assert.InRange(most, 1, 128); // what one edge takes, and what was left of the one before
    }

    // The loop itself connects, so nothing is accepted before it stops.
    [Fact]
    public async Task A_connection_that_was_made_before_the_listener_stops_is_accepted()
    {
        using var running = new RunningLoop();
        var (accepting, to) = await StartAsync(running);
        using var client = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp);

        await running.RunAsync(() =>
        {
            client.Connect(to);
            accepting.Dispose();
        });
        var (connection, _) = await NextAsync();
        using var app = new Socket(new SafeSocketHandle(connection.Release(), ownsHandle: true));
        await app.SendAsync(new byte[] { 7 });

        var received = new byte[1];
        Assert.Equal(1, await client.ReceiveAsync(received).WaitAsync(RunningLoop.Limit));
        Assert.Equal(7, received[0]);
    }

    private async Task<(AcceptLoop, IPEndPoint)> StartAsync(RunningLoop running, AcceptHandler? handler = null)
    {
        var listener = ListeningSocket.Open(new(IPAddress.Loopback, 0), new());
        var to = TcpSockets.LocalName(listener).ToEndPoint();
        handler ??= (connection, peer) => _accepted.Writer.TryWrite((connection, peer));
        return (await running.RunAsync(() => AcceptLoop.Start(running.Loop, listener, handler)), to);
    }

    private Task<(Descriptor Connection, SocketName Peer)> NextAsync() =>
        _accepted.Reader.ReadAsync().AsTask().WaitAsync(RunningLoop.Limit);

    private static Descriptor Dial(IPEndPoint to)
    {
        var socket = OutgoingSocket.Open(to.AddressFamily, new());
        TcpSockets.Connect(socket, to);
        return socket;
    }
}
