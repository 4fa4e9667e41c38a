using System.Net;
using System.Net.Sockets;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Transport.Tests.Sockets;

public class DatagramSocketTests
{
    private readonly byte[] _room = new byte[16];

    [Fact]
    public async Task A_datagram_is_received_whole_and_answered_without_allocating()
    {
        using var running = new RunningLoop();
        var socket = await running.RunAsync(() => DatagramSocket.Attach(running.Loop, Bound()));
        var to = await running.RunAsync(() => socket.LocalName.ToEndPoint());
        var answering = running.Loop.RunAsync(() => AnswerAsync(socket));
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 20_000 };
        await client.ConnectAsync(to);
        Exchange(client, 100);

        var before = running.Allocated();
        Exchange(client, 100);

        Assert.Equal(0, running.Allocated() - before);
        await running.RunAsync(socket.Dispose);
        Assert.Equal(IoStatus.Broken, await answering.WaitAsync(RunningLoop.Limit));
    }

    [Fact]
    public async Task A_datagram_that_does_not_fit_is_cut_and_says_so_and_an_empty_one_is_one()
    {
        using var running = new RunningLoop();
        var socket = await running.RunAsync(() => DatagramSocket.Attach(running.Loop, Bound()));
        using var client = new UdpClient();
        client.Connect(await running.RunAsync(() => socket.LocalName.ToEndPoint()));

        client.Send(new byte[17]);
        client.Send([]);

        Assert.Equal((IoResult.Done(16), true), await ReceiveAsync(running, socket));
        Assert.Equal((IoResult.Done(0), false), await ReceiveAsync(running, socket));
        await running.RunAsync(socket.Dispose);
    }

    [Fact]
    public async Task A_refused_datagram_is_reported_and_the_socket_goes_on()
    {
        using var running = new RunningLoop();
        using var silent = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var to = (IPEndPoint)silent.Client.LocalEndPoint!;
        silent.Dispose();
        var descriptor = UdpSockets.Create(AddressFamily.InterNetwork);
        UdpSockets.Connect(descriptor, to).OrThrow("connect");
        var socket = await running.RunAsync(() => DatagramSocket.Attach(running.Loop, descriptor));

        await running.RunAsync(() => socket.TrySend("x"u8, default));
        var (refused, _) = await ReceiveAsync(running, socket);
        using var back = new UdpClient(to);
        await running.RunAsync(() => socket.TrySend("y"u8, default));

        var arrived = await back.ReceiveAsync().WaitAsync(RunningLoop.Limit);

        Assert.Equal(new IoResult(IoStatus.Broken, 0, Errno.ConnectionRefused), refused);
        Assert.Equal("y"u8, arrived.Buffer);
        await running.RunAsync(socket.Dispose);
    }

    private static Descriptor Bound()
    {
        var socket = UdpSockets.Create(AddressFamily.InterNetwork);
        UdpSockets.TryBind(socket, new(IPAddress.Loopback, 0)).OrThrow("bind");
        return socket;
    }

    private async ValueTask<IoStatus> AnswerAsync(DatagramSocket socket)
    {
        while (true)
        {
            var received = socket.TryReceive(_room, out var from, out _);
            if (received.Status == IoStatus.WouldBlock)
                await socket.WaitReadableAsync();
            else if (received.Status == IoStatus.Done)
                socket.TrySend(_room.AsSpan(0, received.Bytes), from);
            else
                return received.Status;
        }
    }

    private Task<(IoResult, bool)> ReceiveAsync(RunningLoop running, DatagramSocket socket) => running.RunAsync(async ValueTask<(IoResult, bool)> () =>
    {
        while (true)
        {
            var received = socket.TryReceive(_room, out _, out var isTruncated);
            if (received.Status != IoStatus.WouldBlock)
                return (received, isTruncated);
            await socket.WaitReadableAsync();
        }
    });

    private static void Exchange(Socket client, int times)
    {
        Span<byte> buffer = stackalloc byte[16];
        for (var i = 0; i < times; i++)
        {
            client.Send("question"u8);
            Assert.Equal(8, client.Receive(buffer));
        }
    }
}
