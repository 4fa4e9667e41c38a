using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Transport;

namespace Ambient.HttpProxy.Upstreams;

/// <summary>Dials servers by plain TCP.</summary>
/// <param name="timeout">For one attempt.</param>
/// <param name="reserve">Descriptors that it leaves to others.</param>
public sealed class TcpDialer(TimeSpan timeout, DescriptorReserve reserve) : IUpstreamDialer
{
    public async ValueTask<(Duplex? Stream, ConnectFailure Failure)> DialAsync(EventLoop loop, UpstreamEndpoint endpoint, string? protocol)
    {
        Descriptor descriptor;
        try { descriptor = TcpSockets.Create(endpoint.Address.AddressFamily); }
        catch (LinuxException error) { return (null, ConnectFailure.Of(error.Errno)); }

        if (reserve.Holds(descriptor))
        {
            descriptor.Dispose();
            return (null, ConnectFailure.OutOfDescriptors);
        }

        SocketOptions.NoDelay(descriptor);
        var (socket, failure) = await LoopSocket.ConnectAsync(loop, descriptor, endpoint.Address, timeout);
        return (socket, failure);
    }
}
