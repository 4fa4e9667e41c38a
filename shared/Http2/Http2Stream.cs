namespace Ambient.Http2;

/// <summary>One stream of a connection. Small on purpose: a tunnel carries thousands.</summary>
/// <remarks>Belongs to its connection's thread.</remarks>
public sealed class Http2Stream
{
    internal StreamFlags Flags;
    internal int ReceiveTarget;         // size the receive window is kept at
    internal int Consumed;              // consumed by the application, not yet announced to the peer; negative while the window shrinks
    internal uint BlockedAt;            // seconds of the connection's clock, while Blocked
    internal long ContentRemaining = -1; // what content-length still promises; -1: nothing promised
    internal Http2Stream? NextWaiting;
    internal Http2Stream? PreviousWaiting;

    internal Http2Stream(uint id, int sendWindow, int receiveWindow)
    {
        Id = id;
        SendWindow = sendWindow;
        ReceiveWindow = ReceiveTarget = receiveWindow;
    }

    /// <summary>Odd, as clients open all streams (RFC 9113 §5.1.1).</summary>
    public uint Id { get; }

    /// <summary>The owner's own object; the connection does not look at it.</summary>
    public object? State { get; set; }

    /// <summary>What the peer lets us send on this stream, in bytes. Negative after the peer has lowered its initial
    /// window (RFC 9113 §6.9.2).</summary>
    public int SendWindow { get; internal set; }

    /// <summary>What the peer may still send on this stream, in bytes.</summary>
    public int ReceiveWindow { get; internal set; }

    /// <summary>We have sent END_STREAM, or the stream is closed.</summary>
    public bool LocalEnded => (Flags & (StreamFlags.LocalEnded | StreamFlags.Closed)) != 0;

    /// <summary>The peer has sent END_STREAM, or the stream is closed.</summary>
    public bool RemoteEnded => (Flags & (StreamFlags.RemoteEnded | StreamFlags.Closed)) != 0;

    /// <summary>Ended in both directions or reset: nothing can be sent any more.</summary>
    public bool IsClosed => (Flags & StreamFlags.Closed) != 0;

    /// <summary>The peer ended the stream with RST_STREAM.</summary>
    public bool WasResetByPeer => (Flags & StreamFlags.ResetByPeer) != 0;

    /// <summary>A plain CONNECT: its DATA is a byte stream, and trailers do not exist on it (RFC 9113 §8.5).</summary>
    public bool IsConnect => (Flags & StreamFlags.Connect) != 0;

    internal bool Has(StreamFlags flag) => (Flags & flag) != 0;
}
