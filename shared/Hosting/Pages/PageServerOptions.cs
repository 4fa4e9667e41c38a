using Ambient.Http1;

namespace Ambient.Hosting.Pages;

/// <summary>Limits of a <see cref="PageServer"/>.</summary>
public sealed record PageServerOptions
{
    /// <summary>For a request's head to arrive once it has begun, and for the first one since the connection was accepted. Default 2 s.</summary>
    public TimeSpan HeaderTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Silence between requests after which the connection is closed. Default 60 s: scrapers come every 15 or 30.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A client that takes no byte of a response for so long is cut off. Default 10 s.</summary>
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Connections at the same time. One more closes the one whose client has kept us waiting longest; if none does, it is answered 503. Default 64.</summary>
    public int MaxConnections { get; init; } = 64;

    /// <summary>Default: 8 KiB for a head, 64 KiB for a body, which is dropped.</summary>
    public Http1Limits Limits { get; init; } = new()
    {
        RequestLineBytes = 4096, FieldLineBytes = 4096, HeadBytes = 8192, FieldCount = 64, BodyBytes = 65536,
    };
}
