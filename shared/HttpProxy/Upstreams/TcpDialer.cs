using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Transport;

namespace Ambient.HttpProxy.Upstreams;

/// <summary>Dials servers by plain TCP.</summary>
/// <param name="timeout">For one attempt.</param>
public sealed class TcpDialer(TimeSpan timeout) : IUpstreamDialer
{
    public async ValueTask<(Duplex? Stream, ConnectFailure Failure)> DialAsync(EventLoop loop, UpstreamEndpoint endpoint, string? protocol)
    {
        Descriptor descriptor;
        try { descriptor = TcpSockets.Create(endpoint.Address.AddressFamily); }
        catch (LinuxException error) { return (null, ConnectFailure.Of(error.Errno)); }

        SocketOptions.NoDelay(descriptor);
        var (socket, failure) = await LoopSocket.ConnectAsync(loop, descriptor, endpoint.Address, timeout);
        return (socket, failure);
    }
}
