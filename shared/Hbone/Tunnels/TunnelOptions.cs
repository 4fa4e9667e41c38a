using Ambient.Http2;

namespace Ambient.Hbone.Tunnels;

/// <summary>The knobs of tunnels, the same for every tunnel of a process.</summary>
public sealed class TunnelOptions
{
    /// <summary>Bytes a stream may receive beyond what its reader took, so the most that one stream holds here: 64 KiB to 16 MiB.</summary>
    /// <remarks>
    /// Higher lets a single stream fill a long, fast path; lower bounds memory for slow readers. A stream whose reader takes
    /// everything at once gets <see cref="FastStreamWindowBytes"/> for as long as it does.
    /// </remarks>
    public int StreamWindowBytes { get; set; } = 256 * 1024;

    internal int FastStreamWindowBytes => Math.Min(4 * StreamWindowBytes, ConnectionWindowBytes);

    /// <summary>Bytes that all streams of a tunnel may have under way together: at least <see cref="StreamWindowBytes"/>.</summary>
    public int ConnectionWindowBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>Largest frame that peers may send: 16 KiB to 16 MiB. Payload is not buffered, so it costs no memory.</summary>
    public int FrameBytes { get; set; } = 1024 * 1024;

    /// <summary>Streams on one tunnel before another is dialled: 1 to 1000.</summary>
    /// <remarks>Higher saves handshakes and memory; lower loses less when a tunnel dies.</remarks>
    public int MaxStreams { get; set; } = 100;

    /// <summary>Streams that a peer may open on one tunnel to us.</summary>
    public int MaxServedStreams { get; set; } = 200;

    /// <summary>How long a tunnel without streams is kept; of several to one peer only the first ones that long.</summary>
    public TimeSpan ReleaseAfter { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Silence after which the peer is pinged.</summary>
    public TimeSpan PingAfter { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Time for the answer; peers that speak HBONE answer within 20 s.</summary>
    public TimeSpan PingTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Time for the TCP connection of a dial.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Time for a TLS handshake, either side.</summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Time for the answer to a CONNECT; longer than the 10 s that the peer gives its own connection attempt.</summary>
    public TimeSpan AnswerTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Time for a peer to show a sign of life while another one would do as well, see <see cref="Client.TunnelPool.ConnectAsync"/>.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(2);

    internal Http2Options ToHttp2(bool client) => new()
    {
        StreamWindow = StreamWindowBytes,
        ConnectionWindow = ConnectionWindowBytes,
        MaxFrameSize = FrameBytes,
        MaxHeaderListBytes = client ? 16 * 1024 : 64 * 1024,
        MaxConcurrentStreams = MaxServedStreams,
    };
}
