using Ambient.Http2;
using Ambient.HttpProxy.Bodies;
using Ambient.HttpProxy.Downstreams;
using Ambient.HttpProxy.Resilience;
using Ambient.HttpProxy.Sessions;
using Ambient.HttpProxy.Upstreams;

namespace Ambient.HttpProxy;

/// <summary>What the connections of one worker share.</summary>
/// <param name="upstreams">Of the same loop as the connections; the owner of the context disposes it after them.</param>
/// <param name="random">For balancing and pauses; on the worker only.</param>
public sealed class HttpProxyContext(UpstreamPool upstreams, Random random, HttpProxyOptions options)
{
    public UpstreamPool Upstreams { get; } = upstreams;

    public Random Random { get; } = random;

    public HttpProxyOptions Options { get; } = options;

    internal ClientWaits ClientWaits => Upstreams.ClientWaits;

    internal RefusalPace Refusals { get; } = new(upstreams.Loop.Time);

    internal Http2Options Http2 { get; } = Http2Session.OptionsOf(Http2Role.Server, options);

    /// <summary>Exchanges of HTTP/2 that are over, for the next.</summary>
    internal Stack<Http2Downstream> Spare { get; } = new();

    internal ReplayRoom Replays { get; } = new(options.ReplayBytesPerWorker);
}
