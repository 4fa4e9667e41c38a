namespace Ambient.Http2;

/// <summary>What a connection reports to its owner.</summary>
/// <remarks>
/// Called from inside <see cref="Http2Connection.Receive"/>, except <see cref="OnStreamClosed"/> and (when the connection
/// ends or <see cref="Http2Connection.CheckTimeouts"/> finds something) <see cref="OnReset"/>, which also follow from the
/// owner's own calls. Every method of the
/// connection except <see cref="Http2Connection.Receive"/> may be called from inside; a stream may thereby be closed when
/// the call returns.
/// </remarks>
public interface IHttp2Handler
{
    /// <summary>A request, response, interim response or trailers has arrived: see <see cref="HeaderList.Kind"/>.</summary>
    /// <param name="headers">Borrowed: valid until this call returns. Already checked against RFC 9113 §8.</param>
    /// <param name="endStream">Nothing follows; <see cref="OnData"/> is not called for the end.</param>
    void OnHeaders(Http2Stream stream, HeaderList headers, bool endStream);

    /// <summary>Content has arrived. One DATA frame may come in several chunks.</summary>
    /// <param name="chunk">A slice of what <see cref="Http2Connection.Receive"/> was given; empty only with the end.
    /// Give the window back with <see cref="Http2Connection.Credit"/> once consumed.</param>
    void OnData(Http2Stream stream, ReadOnlyMemory<byte> chunk, bool endStream);

    /// <summary>
    /// The stream was reset: by the peer (RST_STREAM), by us because the peer broke a rule on it, or because the
    /// connection ended. <see cref="OnStreamClosed"/> follows.
    /// </summary>
    /// <remarks><see cref="Http2ErrorCode.RefusedStream"/> means that the peer did not act on it (RFC 9113 §8.7), so it
    /// may be opened again elsewhere.</remarks>
    void OnReset(Http2Stream stream, Http2ErrorCode code);

    /// <summary>A stream for which <see cref="Http2Connection.Sendable"/> said 0 may send again.</summary>
    void OnSendable(Http2Stream stream);

    /// <summary>
    /// The peer wants no new streams. Streams above <paramref name="lastStreamId"/> are reset with
    /// <see cref="Http2ErrorCode.RefusedStream"/> right after this call; the others go on. May come twice, with a lower id.
    /// </summary>
    void OnGoAway(uint lastStreamId, Http2ErrorCode code);

    /// <summary>The peer answered <see cref="Http2Connection.Ping"/>.</summary>
    void OnPingAck(ulong opaque);

    /// <summary>The peer's SETTINGS were applied: its limits may have changed.</summary>
    void OnPeerSettings();

    /// <summary>The stream is over in both directions; the connection has forgotten it. Called once for every stream.</summary>
    void OnStreamClosed(Http2Stream stream);

    /// <summary>A request was refused before the owner saw it. Nothing needs to be done; for logs and counters.</summary>
    /// <param name="reason">A sentence: what was wrong and which rule or limit it broke.</param>
    void OnRefused(uint streamId, Http2ErrorCode code, string reason) { }
}
