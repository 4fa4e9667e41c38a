namespace Ambient.Http1.Bodies;

/// <summary>How a message's body ends (RFC 9112 §6.3).</summary>
public enum BodyKind : byte
{
    None,
    Length,
    Chunked,

    /// <summary>The connection's end is the body's end: only for responses, and only where the peer knows no chunks.</summary>
    UntilClose,
}

/// <param name="Length">Bytes of the body for <see cref="BodyKind.Length"/>, else 0.</param>
public readonly record struct BodyFraming(BodyKind Kind, long Length)
{
    public static readonly BodyFraming None;
    public static readonly BodyFraming Chunked = new(BodyKind.Chunked, 0);
    public static readonly BodyFraming UntilClose = new(BodyKind.UntilClose, 0);

    public static BodyFraming OfLength(long bytes) => new(BodyKind.Length, bytes);

    /// <summary>At least one byte may follow the head.</summary>
    public bool HasBody => Kind is BodyKind.Chunked or BodyKind.UntilClose || Length > 0;
}
