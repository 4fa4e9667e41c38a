namespace Ambient.Http1;

/// <summary>How much of a message the parser takes before it refuses. Every number is an upper bound that is itself allowed.</summary>
/// <remarks>Immutable and shared. Sizes are bytes on the wire; a line's own CRLF does not count towards the line.</remarks>
public sealed record Http1Limits
{
    public static readonly Http1Limits Default = new();

    /// <summary>Method, target and version in one line; of a response its status line. Default 8192 (RFC 9112 §3 asks for at least 8000). Over it: 414.</summary>
    public int RequestLineBytes { get; init; } = 8192;

    /// <summary>One field line, name and value. Default 16384. Over it: 431.</summary>
    public int FieldLineBytes { get; init; } = 16384;

    /// <summary>Request line and all field lines with their line ends. Default 61440, which is what Envoy takes. Over it: 431.</summary>
    public int HeadBytes { get; init; } = 61440;

    /// <summary>Field lines of one head. Default 100. Over it: 431.</summary>
    public int FieldCount { get; init; } = 100;

    /// <summary>Chunk size with its extensions. Default 256: nobody uses extensions except to waste our time. Over it: 400.</summary>
    public int ChunkLineBytes { get; init; } = 256;

    /// <summary>Body after decoding. Default unlimited, because a proxy streams it. Over it: 413.</summary>
    public long BodyBytes { get; init; } = long.MaxValue;

    /// <summary>All trailer lines of a chunked body with their line ends. Default 8192. Over it: 431.</summary>
    public int TrailerBytes { get; init; } = 8192;

    /// <summary>Trailer lines of a chunked body. Default 32. Over it: 431.</summary>
    public int TrailerCount { get; init; } = 32;
}
