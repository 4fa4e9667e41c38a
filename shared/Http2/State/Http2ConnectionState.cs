namespace Ambient.Http2;

/// <summary>A connection at rest, to be continued in another process.</summary>
/// <param name="Bytes">Self-contained and versioned; has no secrets but the header fields of a block that is under way.</param>
public sealed record Http2ConnectionState(byte[] Bytes);
