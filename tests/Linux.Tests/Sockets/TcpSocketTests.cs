using System.Net;
using System.Net.Sockets;
using Ambient.Linux.Sockets;
using Ambient.TestKit;

namespace Ambient.Linux.Tests.Sockets;

public class TcpSocketTests
{
    [Theory]
    [InlineData(AddressFamily.InterNetwork)]
    [InlineData(AddressFamily.InterNetworkV6)]
    public void Bytes_scattered_over_vectors_arrive_in_order(AddressFamily family)
    {
        using var listener = ListeningSocket.Open(new(Loopback.Of(family), 0), new());
        using var client = Loopback.Connect(TcpSockets.LocalName(listener).ToEndPoint());
        using var server = Loopback.Accept(listener, out var peer);
        using var memory = new MappedMemory(4096);
        "hello, world"u8.CopyTo(memory.GetSpan());

        var sent = TcpSockets.Send(client.Value, [memory.Vector.Slice(0, 5), memory.Vector.Slice(5, 2), memory.Vector.Slice(7, 5)]);
        SeqPacketSocket.WaitFor(server, Libc.POLLIN, TimeSpan.FromSeconds(10));
        var received = TcpSockets.Receive(server.Value, [memory.Vector.Slice(100, 3), memory.Vector.Slice(200, 100)]);

        Assert.Equal(12, sent.Value);
        Assert.Equal(12, received.Value);
        Assert.Equal("hel"u8, memory.GetSpan().Slice(100, 3));
        Assert.Equal("lo, world"u8, memory.GetSpan().Slice(200, 9));
        Assert.Equal(TcpSockets.LocalName(client), peer);
        Assert.Equal(TcpSockets.RemoteName(client), TcpSockets.LocalName(server));
    }

    [Fact]
    public void A_kernel_without_IPv6_serves_IPv4_alone()
    {
        using var listener = ListeningSocket.Open(new(IPAddress.IPv6Any, 0), new(), OnlyIPv4);

        using var client = Loopback.Connect(new(IPAddress.Loopback, TcpSockets.LocalName(listener).Port));

        Assert.Equal(AddressFamily.InterNetwork, TcpSockets.LocalName(listener).ToEndPoint().AddressFamily);
        Assert.Contains("has no IPv6", Assert.Throws<LinuxException>(() => ListeningSocket.Open(new(IPAddress.IPv6Loopback, 0), new(), OnlyIPv4)).Message, StringComparison.Ordinal);
        Assert.Throws<LinuxException>(() => ListeningSocket.Open(new(IPAddress.IPv6Any, 0), new() { V6Only = true }, OnlyIPv4));

        static Descriptor OnlyIPv4(AddressFamily family) =>
            family == AddressFamily.InterNetwork ? TcpSockets.Create(family) : throw new LinuxException("socket(IPv6)", Errno.FamilyNotSupported);
    }

    [Fact]
    public void A_dual_stack_listener_names_IPv4_clients_as_IPv4()
    {
        using var listener = ListeningSocket.Open(new(IPAddress.IPv6Any, 0), new());
        var port = TcpSockets.LocalName(listener).Port;

        using var client = Loopback.Connect(new(IPAddress.Loopback, port));
        using var server = Loopback.Accept(listener, out var peer);

        Assert.Equal(IPAddress.Loopback, peer.ToEndPoint().Address);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, port), TcpSockets.LocalName(server).ToEndPoint());
    }

    [Fact]
    public void A_listener_for_IPv6_only_leaves_IPv4_alone()
    {
        using var six = ListeningSocket.Open(new(IPAddress.IPv6Any, 0), new() { V6Only = true });

        using var four = ListeningSocket.Open(new(IPAddress.Any, TcpSockets.LocalName(six).Port), new());

        Assert.Equal(TcpSockets.LocalName(six).Port, TcpSockets.LocalName(four).Port);
    }

    [Fact]
    public void A_port_is_shared_only_if_both_say_so()
    {
        using var first = ListeningSocket.Open(new(IPAddress.Loopback, 0), new() { SharePort = true });
        var at = TcpSockets.LocalName(first).ToEndPoint();

        using var second = ListeningSocket.Open(at, new() { SharePort = true });
        var error = Assert.Throws<LinuxException>(() => ListeningSocket.Open(at, new()));

        Assert.Equal(Errno.AddressInUse, error.Errno);
        Assert.Contains(at.ToString(), error.Message, StringComparison.Ordinal);
    }

    // A connection that the server ends lingers at its port (TIME_WAIT), for a minute.
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Connections_of_the_one_before_keep_nobody_from_a_port(bool sharedBefore, bool sharedAfter)
    {
        IPEndPoint at;
        using (var before = ListeningSocket.Open(new(IPAddress.Loopback, 0), new() { SharePort = sharedBefore }))
        {
            at = TcpSockets.LocalName(before).ToEndPoint();
            using var client = Loopback.Connect(at);
            Loopback.Accept(before, out _).Dispose();
        }

        using var after = ListeningSocket.Open(at, new() { SharePort = sharedAfter });

        Assert.Equal(at, TcpSockets.LocalName(after).ToEndPoint());
    }

    [Fact]
    public void A_failed_open_leaves_no_descriptor()
    {
        using var first = ListeningSocket.Open(new(IPAddress.Loopback, 0), new());
        var at = TcpSockets.LocalName(first).ToEndPoint();
        var before = OpenDescriptors.Count();

        for (var i = 0; i < 5; i++)
            Assert.Throws<LinuxException>(() => ListeningSocket.Open(at, new()));

        Assert.Equal(before, OpenDescriptors.Count());
    }

    [Fact]
    public void Options_are_set_on_the_socket_and_accepted_sockets_inherit_the_mark()
    {
        using var listener = ListeningSocket.Open(new(IPAddress.IPv6Any, 0), new() { Mark = 1337, Transparent = Transparency.Required });
        using var client = OutgoingSocket.Open(AddressFamily.InterNetwork, new()
        {
            Mark = 0x539, KeepAlive = new(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(5), 3), UserTimeout = TimeSpan.FromSeconds(45),
        });
        Loopback.Connect(client, new(IPAddress.Loopback, TcpSockets.LocalName(listener).Port));
        using var server = Loopback.Accept(listener, out _);

        Assert.True(SocketOptions.IsTransparent(listener));
        Assert.False(SocketOptions.IsTransparent(client));
        Assert.Equal(1337, Option(server, Libc.SOL_SOCKET, Libc.SO_MARK));
        Assert.Equal(1337, Option(client, Libc.SOL_SOCKET, Libc.SO_MARK));
        Assert.Equal(1, Option(client, Libc.SOL_TCP, Libc.TCP_NODELAY));
        Assert.Equal(1, Option(client, Libc.SOL_SOCKET, Libc.SO_KEEPALIVE));
        Assert.Equal((30, 5, 3), (Option(client, Libc.SOL_TCP, Libc.TCP_KEEPIDLE), Option(client, Libc.SOL_TCP, Libc.TCP_KEEPINTVL), Option(client, Libc.SOL_TCP, Libc.TCP_KEEPCNT)));
        Assert.Equal(45_000, Option(client, Libc.SOL_TCP, Libc.TCP_USER_TIMEOUT));
    }

    [Theory]
    [InlineData("192.0.2.7", "127.0.0.1")]
    [InlineData("2001:db8::7", "::1")]
    public void A_connection_can_come_from_an_address_that_is_not_ours(string source, string target)
    {
        using var inside = new TemporaryNamespace();
        var family = IPAddress.Parse(source).AddressFamily;
        // Replies to the foreign source have to come back to this machine.
        inside.Ip(family == AddressFamily.InterNetwork ? "-4" : "-6", "route", "add", "local", $"{source}/{(family == AddressFamily.InterNetwork ? 32 : 128)}", "dev", "lo", "table", "100");
        inside.Ip(family == AddressFamily.InterNetwork ? "-4" : "-6", "rule", "add", "from", "all", "lookup", "100");
        using var listener = inside.Namespace.Run(() => ListeningSocket.Open(new(IPAddress.Parse(target), 0), new()));
        using var client = inside.Namespace.Run(() => OutgoingSocket.Open(family, new()));

        Assert.True(OutgoingSocket.TryBindSource(client, IPAddress.Parse(source)).Succeeded);
        Assert.Equal(0, TcpSockets.LocalName(client).Port); // chosen by connect
        Loopback.Connect(client, TcpSockets.LocalName(listener).ToEndPoint());
        using var server = Loopback.Accept(listener, out var peer);

        Assert.Equal(IPAddress.Parse(source), peer.ToEndPoint().Address);
        Assert.NotEqual(0, peer.Port);
    }

    [Fact]
    public void One_local_port_serves_many_destinations()
    {
        using var inside = new TemporaryNamespace();
        inside.Sysctl("net.ipv4.ip_local_port_range", "40000 40000");
        using var first = inside.Namespace.Run(() => ListeningSocket.Open(new(IPAddress.Loopback, 1001), new()));
        using var second = inside.Namespace.Run(() => ListeningSocket.Open(new(IPAddress.Loopback, 1002), new()));

        using var one = Dial(inside, 1001);
        using var two = Dial(inside, 1002);
        using var three = inside.Namespace.Run(() => OutgoingSocket.Open(AddressFamily.InterNetwork, new()));
        OutgoingSocket.TryBindSource(three, IPAddress.Loopback).OrThrow("bind");

        Assert.Equal(TcpSockets.LocalName(one), TcpSockets.LocalName(two));
        Assert.Equal(Errno.AddressNotAvailable, TcpSockets.Connect(three, new(IPAddress.Loopback, 1001)).Errno);
    }

    [Fact]
    public void Resetting_on_close_reaches_the_peer_as_a_reset()
    {
        using var listener = ListeningSocket.Open(new(IPAddress.Loopback, 0), new());
        var client = Loopback.Connect(TcpSockets.LocalName(listener).ToEndPoint());
        using var server = Loopback.Accept(listener, out _);

        TcpSockets.ResetOnClose(client.Value);
        client.Dispose();

        SeqPacketSocket.WaitFor(server, Libc.POLLIN, TimeSpan.FromSeconds(10));
        Assert.Equal(Errno.ConnectionReset, TcpSockets.Receive(server.Value, new byte[1]).Errno);
    }

    [Fact]
    public void A_datagram_from_an_IPv4_peer_is_answered_on_a_dual_stack_socket()
    {
        using var server = UdpSockets.Create(AddressFamily.InterNetworkV6);
        SocketOptions.V6Only(server, false);
        UdpSockets.TryBind(server, new(IPAddress.IPv6Any, 0)).OrThrow("bind");
        using var client = UdpSockets.Create(AddressFamily.InterNetwork);
        UdpSockets.TryBind(client, new(IPAddress.Loopback, 0)).OrThrow("bind");
        var buffer = new byte[4];

        UdpSockets.Send(client.Value, "question"u8, SocketName.From(new(IPAddress.Loopback, UdpSockets.LocalName(server).Port))).OrThrow("sendto");
        SeqPacketSocket.WaitFor(server, Libc.POLLIN, TimeSpan.FromSeconds(10));
        var length = UdpSockets.Receive(server.Value, buffer, out var from).Value;
        UdpSockets.Send(server.Value, "answer"u8, from).OrThrow("sendto");
        SeqPacketSocket.WaitFor(client, Libc.POLLIN, TimeSpan.FromSeconds(10));

        Assert.Equal(8, length); // it was cut, and says so
        Assert.Equal("ques"u8, buffer);
        Assert.Equal(UdpSockets.LocalName(client).ToEndPoint(), from.ToEndPoint());
        Assert.Equal(6, UdpSockets.Receive(client.Value, new byte[10], out _).Value);
    }

    private static Descriptor Dial(TemporaryNamespace inside, int port)
    {
        var socket = inside.Namespace.Run(() => OutgoingSocket.Open(AddressFamily.InterNetwork, new()));
        OutgoingSocket.TryBindSource(socket, IPAddress.Loopback).OrThrow("bind");
        return Loopback.Connect(socket, new(IPAddress.Loopback, port));
    }

    private static int Option(Descriptor socket, int level, int option) => SocketOptions.Get(socket, level, option).Value;
}
