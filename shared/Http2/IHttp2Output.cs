namespace Ambient.Http2;

/// <summary>Where a connection's frames go. The owner buffers, seals and sends them in the order they were written.</summary>
public interface IHttp2Output
{
    /// <summary>Takes whole frames (at the start of a client also the preface) behind everything written before; of a DATA frame first
    /// the header, then the payload.</summary>
    /// <remarks>Copy the bytes: they are scratch memory. Must not call back into the connection.</remarks>
    void Write(ReadOnlySpan<byte> frameBytes);

    /// <summary>
    /// How many bytes of the connection have left our buffers for the peer since the start, counted as
    /// <see cref="Http2Connection.BytesWritten"/> counts them (so before TLS). Never larger than that.
    /// </summary>
    /// <remarks>
    /// Asked only when many answers were written, before another is, to see whether they pile up because the peer does not
    /// read (<see cref="FloodLimits.MaxUnsentControlBytes"/>). It must move on with what is sent, also while other bytes
    /// wait: an output that forgets to makes a busy connection look like one whose peer does not read.
    /// </remarks>
    long SentBytes { get; }
}
