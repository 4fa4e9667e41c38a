using System.Net;
using Ambient.Transport;

namespace Ambient.HttpProxy.Upstreams;

/// <summary>Opens streams to servers: plain TCP, or through the mesh.</summary>
public interface IUpstreamDialer
{
    /// <summary>On <paramref name="loop"/>; does not throw.</summary>
    /// <returns>The stream, which belongs to the caller, or null and why.</returns>
    ValueTask<(Duplex? Stream, ConnectFailure Failure)> DialAsync(EventLoop loop, IPEndPoint endpoint);
}
