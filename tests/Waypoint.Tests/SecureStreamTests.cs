using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Ambient.Hbone.Tunnels;
using Ambient.Linux.Sockets;
using Ambient.TestKit;
using Ambient.Tls.OpenSsl;
using Ambient.Transport;
using Ambient.Waypoint.Upstreams;
using static Ambient.TestKit.Peers.ServerCertificates;

namespace Ambient.Waypoint.Tests;

public sealed class SecureStreamTests
{
    [Fact]
    public async Task What_was_taken_still_arrives_when_the_stream_is_disposed_before_the_server_reads()
    {
        using var loop = new EventLoop("secure", TimeProvider.System);
        loop.Start();
        using var authority = AuthorityOf("ours");
        await using var server = new Server(authority);
        var taken = await loop.RunAsync(async () => FillAndDispose(await server.ConnectAsync(loop)));

        var stream = await server.Stream;
        var (read, buffer) = (0L, new byte[64 * 1024]);
        while (await stream.ReadAsync(buffer, TestContext.Current.CancellationToken) is var got and > 0)
        {
            Assert.Equal(-1, buffer.AsSpan(0, got).IndexOfAnyExcept((byte)7));
            read += got;
        }
        Assert.Equal(taken, read);
    }

    [Fact]
    public async Task A_server_that_never_reads_is_left_when_the_time_is_over()
    {
        var time = new ManualTime();
        using var loop = new EventLoop("secure", time);
        loop.Start();
        using var authority = AuthorityOf("ours");
        await using var server = new Server(authority);
        var wire = await loop.RunAsync(async () =>
        {
            var secure = await server.ConnectAsync(loop);
            FillAndDispose(secure);
            return server.Wire!;
        });
        Assert.False(await loop.RunAsync(() => new ValueTask<bool>(wire.IsBroken)));

        time.Advance(SecureStream.Linger);

        await Until(async () => await loop.RunAsync(() => new ValueTask<bool>(wire.IsBroken)));
    }

    private static async Task Until(Func<Task<bool>> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!await holds()) await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, patience.Token);
    }

    private static long FillAndDispose(SecureStream stream)
    {
        var slab = stream.Loop.Slabs.Rent(SlabSize.Small);
        slab.Span.Fill(7);
        var taken = 0L;
        IoResult sent;
        while ((sent = stream.TrySend([slab.Vector])).Status == IoStatus.Done) taken += sent.Bytes;
        Assert.Equal(IoStatus.WouldBlock, sent.Status);
        stream.Loop.Slabs.Return(slab);
        stream.Dispose();
        return taken;
    }

    /// <summary>Of TLS, for one connection; reads nothing by itself.</summary>
    private sealed class Server : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly X509Certificate2 _certificate;
        private readonly OriginContext _context;

        public Server(X509Certificate2 authority)
        {
            _certificate = Issue(authority, "server", "web.example");
            _context = new(new() { ServerName = "web.example", Roots = authority.ExportCertificatePem() });
            _listener.Start();
            Stream = AcceptAsync();
        }

        public Task<SslStream> Stream { get; }

        /// <summary>The client's end, once it has connected.</summary>
        public Duplex? Wire { get; private set; }

        /// <summary>On the loop.</summary>
        public async Task<SecureStream> ConnectAsync(EventLoop loop)
        {
            var (wire, _) = await LoopSocket.ConnectAsync(loop, TcpSockets.Create(AddressFamily.InterNetwork), (IPEndPoint)_listener.LocalEndpoint, TimeSpan.FromSeconds(10));
            var session = new OriginSession(_context, null);
            Assert.Null(await HandshakeRun.RunAsync(wire!, session, TimeSpan.FromSeconds(10)));
            Wire = wire;
            return new(wire!, session);
        }

        public async ValueTask DisposeAsync()
        {
            await (await Stream).DisposeAsync();
            _listener.Dispose();
            _context.Dispose();
            _certificate.Dispose();
        }

        private async Task<SslStream> AcceptAsync()
        {
            var stream = new SslStream(new NetworkStream(await _listener.AcceptSocketAsync(), ownsSocket: true));
            await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate });
            return stream;
        }
    }
}
