using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Ambient.Grpc.Channel;

/// <summary>Makes the HTTP/2 connection pool of one channel.</summary>
internal static class ChannelHandler
{
    // Keepalive of the connection itself, below HTTP/2's PING: as Istio's proxies set it.
    private const int KeepAliveSeconds = 300, KeepAliveIntervalSeconds = 75, KeepAliveProbes = 9;

    public static SocketsHttpHandler Create(GrpcChannelOptions options)
    {
        CheckAddress(options.Address);
        var verification = new ServerVerification(options.Address.IdnHost.Trim('[', ']'), options.AlternativeHostName, options.Roots);
        return new()
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            ConnectTimeout = options.ConnectTimeout,
            KeepAlivePingDelay = options.PingInterval,
            KeepAlivePingTimeout = options.PingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            ConnectCallback = options.UnixSocket is { } path ? (_, stop) => ConnectAsync(path, stop) : ConnectAsync,
            SslOptions = new SslClientAuthenticationOptions
            {
                ApplicationProtocols = [SslApplicationProtocol.Http2],
                RemoteCertificateValidationCallback = verification.Verify,
            },
        };
    }

    private static void CheckAddress(Uri address)
    {
        if (address.Scheme == Uri.UriSchemeHttps) return;
        if (address.Scheme != Uri.UriSchemeHttp)
            throw new ArgumentException($"'{address}' is not the address of a gRPC server: write https://HOST:PORT.");
        if (!address.IsLoopback)
            throw new ArgumentException($"'{address}' would send credentials in plaintext: write https://, or use a loopback address.");
    }

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken stop)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, stop); // a socket with options of its own could not go on to the name's next address
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveIntervalSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveProbes);
            CheckPlaintextPeer(context, socket);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken stop)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // "localhost" is a name, and names lead where the resolver says.
    private static void CheckPlaintextPeer(SocketsHttpConnectionContext context, Socket socket)
    {
        if (context.InitialRequestMessage.RequestUri?.Scheme == Uri.UriSchemeHttps) return;
        var peer = ((IPEndPoint)socket.RemoteEndPoint!).Address;
        if (!IPAddress.IsLoopback(peer.IsIPv4MappedToIPv6 ? peer.MapToIPv4() : peer))
            throw new HttpRequestException($"{context.DnsEndPoint.Host} is {peer}, which is not loopback: plaintext is refused.");
    }
}
