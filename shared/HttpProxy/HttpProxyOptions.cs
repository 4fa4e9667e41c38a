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

    /// <summary>Idle connections kept for each server and worker. Default 256.</summary>
    public int UpstreamIdleConnections { get; init; } = 256;

    /// <summary>How long an unused connection to a server is kept. Default 60 s.</summary>
    public TimeSpan UpstreamIdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Of one request's body, kept while another attempt may need it; a longer one streams on and is not tried again. Default 1 MiB.</summary>
    public int ReplayBytes { get; init; } = 1024 * 1024;

    /// <summary>Of all requests' bodies that one worker keeps so, in slabs of 32 KiB. Default 64 MiB.</summary>
    public long ReplayBytesPerWorker { get; init; } = 64 * 1024 * 1024;
}
