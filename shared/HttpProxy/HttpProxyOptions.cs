using Ambient.Http1;

namespace Ambient.HttpProxy;

/// <summary>Limits of the engine. Immutable; one object for all connections.</summary>
public sealed record HttpProxyOptions
{
    public static readonly HttpProxyOptions Default = new();

    /// <summary>Of requests and responses alike.</summary>
    public Http1Limits Limits { get; init; } = Http1Limits.Default;

    /// <summary>From a request's first byte to the end of its head. Default 30 s; then 408.</summary>
    public TimeSpan HeaderTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Between requests on a client's connection. Default 1 h.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long a client may take to hear a last answer before the connection is closed under it. Default 5 s.</summary>
    public TimeSpan LingerTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a peer that floods over HTTP/2 (ENHANCE_YOUR_CALM) waits for its last answer, and for the connection's end; and who sends what is no request over
    /// HTTP/1.1, where there are many. Default 1 s.</summary>
    public TimeSpan FloodPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a connection without a request is kept open once it drains: its next request may be on its way. Default 2 s.</summary>
    public TimeSpan DrainIdleTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Tells servers which attempt it is (x-envoy-attempt-count) and what was asked for before a rewrite (x-envoy-original-path), and clients how long the server took (x-envoy-upstream-service-time). Default false.</summary>
    public bool WritesEnvoyFields { get; init; }

    /// <summary>Idle connections kept for each server and worker. Default 256.</summary>
    public int UpstreamIdleConnections { get; init; } = 256;

    /// <summary>How long an unused connection to a server is kept. Default 60 s.</summary>
    public TimeSpan UpstreamIdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Of one request's body, kept while another attempt may need it; a longer one streams on and is not tried again. Default 1 MiB.</summary>
    public int ReplayBytes { get; init; } = 1024 * 1024;

    /// <summary>Of all requests' bodies that one worker keeps so, in slabs of 32 KiB. Default 64 MiB.</summary>
    public long ReplayBytesPerWorker { get; init; } = 64 * 1024 * 1024;

    /// <summary>Of messages that one worker holds, in slabs; beyond, those end whose clients have been waited for longest, and for a second at least. Default 256 MiB.</summary>
    public long HeldBytesPerWorker { get; init; } = 256 * 1024 * 1024;

    /// <summary>Requests that a client may have under way on one connection of HTTP/2, and that we have on one to a server at most. Default 100.</summary>
    public int Http2Streams { get; init; } = 100;

    /// <summary>Bytes of one body that are taken in before they are passed on, 64 KiB or more. Default 256 KiB.</summary>
    public int Http2StreamWindow { get; init; } = 256 * 1024;

    /// <summary>The same for all streams of a client's connection together. Default 2 MiB.</summary>
    public int Http2ConnectionWindow { get; init; } = 2 * 1024 * 1024;

    /// <summary>How long a connection of HTTP/2 with open streams may be silent before its peer is asked for a sign of life. Default 30 s.</summary>
    public TimeSpan Http2PingAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the peer may take to give one. Default 10 s.</summary>
    public TimeSpan Http2PingTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
