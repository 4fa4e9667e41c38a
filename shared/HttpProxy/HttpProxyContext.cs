using Ambient.Http2;
using Ambient.HttpProxy.Bodies;
using Ambient.HttpProxy.Downstreams;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Sessions;
using Ambient.HttpProxy.Upstreams;

namespace Ambient.HttpProxy;

/// <summary>What the connections of one worker share.</summary>
/// <param name="Upstreams">Of the same loop as the connections; the owner of the context disposes it after them.</param>
/// <param name="Random">For balancing and pauses; on the worker only.</param>
public sealed record HttpProxyContext(
    IRequestRouter Router, UpstreamPool Upstreams, IExchangeObserver Observer, Random Random, HttpProxyOptions Options)
{
    internal Http2Options Http2 { get; } = Http2Session.OptionsOf(Options);

    /// <summary>Exchanges of HTTP/2 that are over, for the next.</summary>
    internal Stack<Http2Downstream> Spare { get; } = new();

    internal ReplayRoom Replays { get; } = new(Options.ReplayBytesPerWorker);
}
