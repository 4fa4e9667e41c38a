using Ambient.Transport;

namespace Ambient.HttpProxy.Upstreams;

/// <summary>Opens streams to servers: plain TCP, or through the mesh.</summary>
public interface IUpstreamDialer
{
    /// <summary>On <paramref name="loop"/>; does not throw.</summary>
    /// <param name="protocol">What will be spoken, by its name in ALPN (RFC 7301); null if that is not known.</param>
    /// <returns>The stream, which belongs to the caller, or null and why.</returns>
    ValueTask<(Duplex? Stream, ConnectFailure Failure)> DialAsync(EventLoop loop, UpstreamEndpoint endpoint, string? protocol);
}
