using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Transport;
using Ambient.Ztunnel.Dns;
using Ambient.Ztunnel.Dns.Forwarding;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Ztunnel.Tests.Dns;

/// <summary>A DNS proxy on real sockets of loopback, between a client and upstreams of the test.</summary>
internal sealed class DnsLab : IAsyncDisposable
{
    private readonly EventLoop _loop;
    private readonly Descriptor _udp, _tcp;

    private DnsLab(TestMesh mesh, ResolverConfiguration resolvers, IDnsClientSource client, TimeProvider time, UpstreamSocketFactory? sockets)
    {
        _loop = new("dns", time);
        _loop.Start();
        _udp = UdpSockets.Create(AddressFamily.InterNetwork);
        UdpSockets.TryBind(_udp, new(IPAddress.Loopback, 0)).OrThrow("bind");
        Udp = UdpSockets.LocalName(_udp).ToEndPoint();
        _tcp = ListeningSocket.Open(new(IPAddress.Loopback, 0), new());
        Tcp = TcpSockets.LocalName(_tcp).ToEndPoint();
        Proxy = new DnsProxies(new(), resolvers, mesh.State, Metrics, NullLogger<DnsProxy>.Instance).Create(_loop, client, sockets ?? OpenAsync);
    }

    public DnsProxy Proxy { get; }
    public IPEndPoint Udp { get; }
    public IPEndPoint Tcp { get; }
    public CountingMetrics Metrics { get; } = new();

    public static Task<DnsLab> StartAsync(params Upstream[] upstreams) => StartAsync(new TestMesh(), upstreams);

    public static Task<DnsLab> StartAsync(TestMesh mesh, params Upstream[] upstreams) => StartAsync(mesh, Towards(upstreams));

    public static async Task<DnsLab> StartAsync(
        TestMesh mesh, ResolverConfiguration resolvers, IDnsClientSource? client = null, TimeProvider? time = null, UpstreamSocketFactory? sockets = null)
    {
        var lab = new DnsLab(mesh, resolvers, client ?? new FixedClient(TestMesh.Client), time ?? TimeProvider.System, sockets);
        await lab.Proxy.StartAsync([lab._udp], [lab._tcp]);
        return lab;
    }

    public static ResolverConfiguration Towards(params Upstream[] upstreams) =>
        ResolverConfiguration.Empty with { Upstreams = [.. upstreams.Select(upstream => upstream.EndPoint)] };

    public static ValueTask<Descriptor> OpenAsync(DnsTransport transport, AddressFamily family) =>
        new(transport == DnsTransport.Udp ? UdpSockets.Create(family) : TcpSockets.Create(family));

    public DnsUdpClient NewUdpClient() => new(Udp);

    public async Task<DnsTcpClient> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync(Tcp);
        return new(client);
    }

    /// <summary>Asks once by UDP and takes the answer.</summary>
    public async Task<byte[]> AskAsync(byte[] message)
    {
        using var client = NewUdpClient();
        await client.SendAsync(message);
        return await client.ReceiveAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Proxy.StopAsync(TimeSpan.Zero);
        _udp.Dispose();
        _tcp.Dispose();
        _loop.Stop();
        _loop.Dispose();
    }
}

internal sealed class DnsUdpClient : IDisposable
{
    private readonly UdpClient _client = new(AddressFamily.InterNetwork);

    public DnsUdpClient(IPEndPoint proxy) => _client.Connect(proxy);

    public bool HasAnswer => _client.Available > 0;

    public async Task SendAsync(byte[] message) => await _client.SendAsync(message);

    public async Task<byte[]> ReceiveAsync() => (await _client.ReceiveAsync().WaitAsync(TimeSpan.FromSeconds(20))).Buffer;

    public void Dispose() => _client.Dispose();
}

internal sealed class DnsTcpClient(TcpClient client) : IDisposable
{
    private readonly NetworkStream _stream = client.GetStream();

    public Task SendAsync(params byte[][] messages) =>
        SendRawAsync([.. messages.SelectMany(message => (byte[])[(byte)(message.Length >> 8), (byte)message.Length, .. message])]);

    public async Task SendRawAsync(byte[] bytes) => await _stream.WriteAsync(bytes);

    public void FinishSending() => client.Client.Shutdown(SocketShutdown.Send);

    /// <returns>Null once the proxy has ended the connection.</returns>
    public async Task<byte[]?> ReceiveAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var length = new byte[2];
        if (await _stream.ReadAtLeastAsync(length, 2, throwOnEndOfStream: false, limit.Token) < 2)
            return null;
        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await _stream.ReadExactlyAsync(message, limit.Token);
        return message;
    }

    public void Dispose()
    {
        _stream.Dispose();
        client.Dispose();
    }
}
