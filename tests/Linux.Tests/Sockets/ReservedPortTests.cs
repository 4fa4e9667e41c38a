using System.Net;
using System.Net.Sockets;
using Ambient.TestKit;

namespace Ambient.Linux.Tests.Sockets;

/// <summary>What other tests build on.</summary>
public sealed class ReservedPortTests
{
    [Fact]
    public void It_goes_to_whoever_names_it_and_to_nobody_else()
    {
        using var inside = new TemporaryNamespace();
        inside.Sysctl("net.ipv4.ip_local_port_range", "40000 40001");
        inside.Namespace.Run(() =>
        {
            using var reserved = new ReservedPort();
            using var other = Bind(0);
            Assert.NotEqual(reserved.Number, PortOf(other));
            using var caller = NewSocket();
            Assert.Throws<SocketException>(() => caller.Connect(IPAddress.Loopback, reserved.Number)); // and does not meet itself

            using var server = Bind(reserved.Number);
            server.Listen();

            using var client = NewSocket();
            client.Bind(new IPEndPoint(IPAddress.Loopback, 39999));
            client.Connect(IPAddress.Loopback, reserved.Number);
            return true;
        });
    }

    private static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    private static Socket Bind(int port)
    {
        var socket = NewSocket();
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        return socket;
    }
}
