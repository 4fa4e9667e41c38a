using System.Net;
using System.Net.Sockets;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Transport;
using Ambient.Ztunnel.Connections;
using Ambient.Ztunnel.Pods;
using Ambient.Ztunnel.Proxying;

namespace Ambient.Ztunnel.Tests.Proxying;

/// <summary>A pod whose start, or one of whose connections, fails half way.</summary>
public sealed class PodStartTests
{
    private static readonly int[] AllPorts = [PodScene.Outbound, PodScene.Passthrough, PodScene.Hbone, PodScene.Dns];

    [Fact]
    public async Task A_pod_that_starts_listens_and_one_that_stops_does_not()
    {
        await using var scene = await PodScene.CreateAsync();

        var proxy = await scene.Parts.Pods.ServeAsync(PodScene.Info, scene.Sockets, scene.OpenListeners(), preservesSource: false);

        Assert.All(AllPorts, port => Assert.True(scene.IsListening(port)));
        Assert.Equal(1, scene.Parts.Registry.Count);
        await proxy.StopAsync(PodStop.Immediate);
        Assert.All(AllPorts, port => Assert.False(scene.IsListening(port)));
        Assert.Equal(0, scene.Parts.Registry.Count);
    }

    // The DNS proxy has taken over two pairs of sockets when the third socket fails; nobody has taken over the proxy's own.
    [Fact]
    public async Task A_start_that_fails_half_way_leaves_nothing_open()
    {
        await using var scene = await PodScene.CreateAsync();
        var listeners = scene.OpenListeners();
        var broken = Unwatchable();
        listeners.DnsStreams.Add(broken);

        await Assert.ThrowsAsync<LinuxException>(async () => await scene.Parts.Pods.ServeAsync(PodScene.Info, scene.Sockets, listeners, preservesSource: false));

        Assert.All(AllPorts, port => Assert.False(scene.IsListening(port)));
        Assert.True(broken.IsClosed);
        Assert.Equal(0, scene.Parts.Registry.Count);
        // And the pod can be started again at once.
        await (await scene.Parts.Pods.ServeAsync(PodScene.Info, scene.Sockets, scene.OpenListeners(), preservesSource: false)).StopAsync(PodStop.Immediate);
    }

    [Fact]
    public async Task A_connection_that_is_given_up_before_it_is_carried_is_closed_on_both_sides_and_in_the_books()
    {
        await using var scene = await PodScene.CreateAsync();
        var proxy = await scene.Parts.Pods.ServeAsync(PodScene.Info, scene.Sockets, scene.OpenListeners(), preservesSource: false);
        var part = proxy.Parts[0];
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();

        var inTheBooks = await part.Loop.RunAsync(async () =>
        {
            var carriage = new Carriage(part, await DialAsync(part.Loop, listener), await DialAsync(part.Loop, listener), new()
            {
                Direction = Direction.Inbound, Protocol = ConnectionProtocol.Tcp, PodUid = PodScene.Info.Uid, Source = null, Destination = null,
            });
            var before = (part.Worker.Ledger.Count, part.Connections.Count);
            carriage.GiveUp(new InvalidOperationException("a defect"));
            return (before, (part.Worker.Ledger.Count, part.Connections.Count));
        });

        Assert.Equal(((1, 1), (0, 0)), inTheBooks);
        for (var side = 0; side < 2; side++)
        {
            using var peer = await listener.AcceptAsync();
            var end = await Assert.ThrowsAsync<SocketException>(() => peer.ReceiveAsync(new byte[1]).WaitAsync(TimeSpan.FromSeconds(10)));
            Assert.Equal(SocketError.ConnectionReset, end.SocketErrorCode);
        }
        await proxy.StopAsync(PodStop.Immediate);
    }

    private static async ValueTask<LoopSocket> DialAsync(EventLoop loop, Socket listener)
    {
        var to = (IPEndPoint)listener.LocalEndPoint!;
        var (socket, failure) = await LoopSocket.ConnectAsync(loop, OutgoingSocket.Open(to.AddressFamily, new()), to, TimeSpan.FromSeconds(10));
        return socket ?? throw new IOException(failure.Describe(to));
    }

    // epoll_ctl(2): EPERM, the file does not support epoll.
    private static Descriptor Unwatchable()
    {
        using var file = File.OpenHandle("/proc/self/exe");
        var number = (int)file.DangerousGetHandle();
        file.SetHandleAsInvalid();
        return new(number);
    }
}
