using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Ambient.Linux;
using Ambient.Ztunnel.Proxying;

namespace Ambient.Ztunnel.Tests.Proxying;

/// <summary>A pod's sockets: the redirection rules know them by their mark, and a successor may listen beside us.</summary>
public sealed class PodSocketsTests
{
    // <asm-generic/socket.h>, <linux/tcp.h>
    private const int SolSocket = 1, SoKeepAlive = 9, SoReusePort = 15, SoMark = 36, SolTcp = 6, TcpNoDelay = 1, TcpKeepIdle = 4, TcpKeepInterval = 5, TcpKeepCount = 6;
    private const int Mark = 0x539;

    [Fact]
    public async Task A_successor_listens_beside_us()
    {
        await using var scene = await PodScene.CreateAsync();
        using var ours = scene.OpenListeners();

        using var successors = scene.OpenListeners();

        Assert.All(All(ours), socket => Assert.Equal((Mark, 1), (Option(socket, SolSocket, SoMark), Option(socket, SolSocket, SoReusePort))));
    }

    [Fact]
    public async Task Nobody_listens_beside_us_where_ports_are_not_shared()
    {
        await using var scene = await PodScene.CreateAsync(settings: ("INPOD_PORT_REUSE", "false"));
        using var ours = scene.OpenListeners();

        Assert.Equal(Errno.AddressInUse, Assert.Throws<LinuxException>(scene.OpenListeners).Errno);
        Assert.All(All(ours), socket => Assert.Equal((Mark, 0), (Option(socket, SolSocket, SoMark), Option(socket, SolSocket, SoReusePort))));
    }

    [Fact]
    public async Task What_the_pod_opens_is_marked_and_shares_nothing()
    {
        await using var scene = await PodScene.CreateAsync();
        using var stream = scene.Sockets.ForDial(AddressFamily.InterNetwork);
        using var datagrams = scene.Sockets.ForDatagrams(AddressFamily.InterNetworkV6);

        Assert.All([stream, datagrams], socket => Assert.Equal((Mark, 0), (Option(socket, SolSocket, SoMark), Option(socket, SolSocket, SoReusePort))));
    }

    [Fact]
    public async Task Accepted_connections_are_kept_alive_as_the_options_say()
    {
        await using var scene = await PodScene.CreateAsync(settings: [("KEEPALIVE_TIME", "30s"), ("KEEPALIVE_INTERVAL", "7s"), ("KEEPALIVE_RETRIES", "3")]);
        using var listeners = scene.OpenListeners();

        foreach (var listener in new[] { listeners.Outbound!, listeners.Passthrough!, listeners.Hbone! })
        {
            using var server = new Socket(new SafeSocketHandle(listener.Value, ownsHandle: false));
            using var client = scene.NewSocket(SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(IPAddress.Loopback, ((IPEndPoint)server.LocalEndPoint!).Port);
            using var accepted = await server.AcceptAsync();

            Assert.Equal((Mark, 1, 1), (Option(accepted, SolSocket, SoMark), Option(accepted, SolTcp, TcpNoDelay), Option(accepted, SolSocket, SoKeepAlive)));
            Assert.Equal((30, 7, 3), (Option(accepted, SolTcp, TcpKeepIdle), Option(accepted, SolTcp, TcpKeepInterval), Option(accepted, SolTcp, TcpKeepCount)));
        }
    }

    private static IEnumerable<Descriptor> All(PodListeners listeners) =>
        [listeners.Outbound!, listeners.Passthrough!, listeners.Hbone!, .. listeners.DnsDatagrams, .. listeners.DnsStreams];

    private static int Option(Descriptor descriptor, int level, int option)
    {
        using var socket = new Socket(new SafeSocketHandle(descriptor.Value, ownsHandle: false));
        return Option(socket, level, option);
    }

    private static int Option(Socket socket, int level, int option)
    {
        Span<byte> value = stackalloc byte[4];
        socket.GetRawSocketOption(level, option, value);
        return BinaryPrimitives.ReadInt32LittleEndian(value);
    }
}
