using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.EndToEnd.Tests.Sockets;

namespace Ambient.EndToEnd.Tests.Scenarios;

/// <summary>A captured pod whose application stands in for other destinations: a waypoint that leaves the tunnel to its ztunnel.</summary>
public sealed class ApplicationTunnelTests(MeshFixture fixture) : IClassFixture<MeshFixture>
{
    private const int ApplicationPort = 15088;

    [Fact]
    public async Task An_application_that_asks_for_the_PROXY_protocol_is_told_who_calls_whom()
    {
        var announced = new TaskCompletionSource<ProxyHeader>();
        await using var application = PodServer.Start(fixture.Cart, ApplicationPort, async socket =>
        {
            announced.TrySetResult(await ProxyHeader.ReadAsync(socket));
            await PodServer.EchoAsync(socket);
        });
        await GuardAsync("proxied", "10.96.0.60", "{protocol: PROXY, port: 15088}");

        using var client = await fixture.Web.ConnectAsync(new(IPAddress.Parse("10.96.0.60"), 80));
        Assert.Equal("behind the header", await client.AskAsync("behind the header"));

        var header = await announced.Task.WaitAsync(PodSockets.Limit);
        Assert.Equal(fixture.Web.Address.V4, header.Source.Address); // with the port of the tunnel, not of the application
        Assert.Equal(new(IPAddress.Parse("10.96.0.60"), 80), header.Destination);
        Assert.Equal(fixture.Web.Identity, header.Identity);
        await GuardAsync(null, null, null);
    }

    [Fact]
    public async Task An_application_that_asks_for_no_header_gets_the_bytes_alone()
    {
        await using var application = PodServer.Echo(fixture.Cart, ApplicationPort);
        await GuardAsync("plain", "10.96.0.61", "{protocol: NONE, port: 15088}");

        using var client = await fixture.Web.ConnectAsync(new(IPAddress.Parse("10.96.0.61"), 80));

        Assert.Equal("as they are", await client.AskAsync("as they are"));
        Assert.Equal(fixture.Web.Address.V4, application.Callers.Single().Address);
        await GuardAsync(null, null, null);
    }

    /// <summary>A service without endpoints, all of whose connections go to cart as its waypoint; or none.</summary>
    private async Task GuardAsync(string? name, string? address, string? tunnel)
    {
        fixture.Mesh.Workload(fixture.Cart).ApplicationTunnel = tunnel;
        fixture.Mesh.Services.Clear();
        if (name is not null)
            fixture.Mesh.Services.Add(new(name, "shop", [address!], new Dictionary<int, int> { [80] = 80 }, []) { Waypoint = $"/{fixture.Cart.Address.V4}" });
        await fixture.Mesh.PublishAsync();
    }

    /// <summary>What a program that knows the PROXY protocol (version 2, section 2.2) reads before the first byte.</summary>
    private sealed record ProxyHeader(IPEndPoint Source, IPEndPoint Destination, string Identity)
    {
        public static async Task<ProxyHeader> ReadAsync(Socket socket)
        {
            var start = await ReadExactlyAsync(socket, 16);
            Assert.Equal("\r\n\r\n\0\r\nQUIT\n"u8.ToArray(), start[..12]);
            Assert.Equal([0x21, 0x11], start[12..14]); // version 2, PROXY; TCP over IPv4
            var rest = await ReadExactlyAsync(socket, BinaryPrimitives.ReadUInt16BigEndian(start.AsSpan(14)));
            Assert.Equal(0xD0, rest[12]);
            return new(EndPoint(rest, 0, 8), EndPoint(rest, 4, 10), Encoding.ASCII.GetString(rest[15..]));
        }

        private static IPEndPoint EndPoint(byte[] block, int address, int port) =>
            new(new IPAddress(block[address..(address + 4)]), BinaryPrimitives.ReadUInt16BigEndian(block.AsSpan(port)));

        private static async Task<byte[]> ReadExactlyAsync(Socket socket, int length)
        {
            var bytes = new byte[length];
            using var expiry = new CancellationTokenSource(PodSockets.Limit);
            for (var read = 0; read < length;)
                read += await socket.ReceiveAsync(bytes.AsMemory(read), expiry.Token) is var count and > 0 ? count : throw new EndOfStreamException();
            return bytes;
        }
    }
}
