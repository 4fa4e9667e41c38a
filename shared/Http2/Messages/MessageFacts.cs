namespace Ambient.Http2.Messages;

/// <summary>What the rules found out about a message on the way.</summary>
internal struct MessageFacts
{
    public MessageFacts() { }

    /// <summary>Bytes that must follow; -1 if nothing was promised.</summary>
    public long ContentLength { get; set; } = -1;

    /// <summary>A plain CONNECT, or the 2xx answer to one: bytes, not content.</summary>
    public bool IsConnect { get; set; }

    public bool IsHead { get; set; }

    /// <summary>A 1xx response.</summary>
    public bool IsInterim { get; set; }
}
