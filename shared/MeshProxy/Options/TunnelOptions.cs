namespace Ambient.MeshProxy.Options;

/// <summary>HBONE: TLS, HTTP/2 and the pool of tunnels.</summary>
public sealed record TunnelOptions
{
    private const int DefaultStreamWindow = 256 << 10;
    private static readonly TimeSpan ShortestTimeout = TimeSpan.FromMilliseconds(100), LongestTimeout = TimeSpan.FromMinutes(10);

    /// <summary>HTTP2_STREAM_WINDOW_SIZE: bytes in flight for one connection, 64 KiB − 1 to 1 GiB. Default 256 KiB.</summary>
    /// <remarks>It is the most that a proxy holds for one slow reader, so it is small; peers' own windows are theirs to choose.</remarks>
    public int StreamWindowBytes { get; init; } = DefaultStreamWindow;

    /// <summary>HTTP2_CONNECTION_WINDOW_SIZE: bytes in flight for one tunnel. Default 16 MiB: four stalled streams do not stop the others.</summary>
    public int ConnectionWindowBytes { get; init; } = 16 << 20;

    /// <summary>HTTP2_FRAME_SIZE: largest frame we take, 16384 to 16777215 (RFC 9113 §6.5.2). Default 1 MiB.</summary>
    public int FrameBytes { get; init; } = 1 << 20;

    /// <summary>POOL_MAX_STREAMS_PER_CONNECTION: connections on one tunnel before another is dialled, 1 to 10000. Default 100.</summary>
    public int MaxStreams { get; init; } = 100;

    /// <summary>AMBIENT_MAX_INBOUND_STREAMS: connections that a peer may open on one tunnel, 1 to 10000. Default 200.</summary>
    public int MaxInboundStreams { get; init; } = 200;

    /// <summary>POOL_UNUSED_RELEASE_TIMEOUT: how long a tunnel without connections is kept, up to a day. Default 5 min.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>AMBIENT_CONNECT_TIMEOUT: for TCP to be established, 100 ms to 10 min. Default 10 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>AMBIENT_TLS_HANDSHAKE_TIMEOUT: both as client and as server, 100 ms to 10 min. Default 10 s.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>AMBIENT_CONNECT_ANSWER_TIMEOUT: for the peer to answer CONNECT, which includes its own dial. Default 20 s.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>COMPLIANCE_POLICY=pqc: only the key exchange X25519MLKEM768. Default false.</summary>
    public bool PostQuantumOnly { get; init; }

    /// <summary>LOCALHOST_APP_TUNNEL: dial targets of the PROXY protocol on loopback. Default true.</summary>
    public bool LocalhostAppTunnel { get; init; } = true;

    public Hbone.Tunnels.TunnelOptions ToHbone() => new()
    {
        StreamWindowBytes = StreamWindowBytes,
        ConnectionWindowBytes = ConnectionWindowBytes,
        FrameBytes = FrameBytes,
        MaxStreams = MaxStreams,
        MaxServedStreams = MaxInboundStreams,
        ReleaseAfter = IdleTimeout,
        ConnectTimeout = ConnectTimeout,
        HandshakeTimeout = HandshakeTimeout,
        AnswerTimeout = AnswerTimeout,
    };

    public static TunnelOptions Read(SettingsReader settings)
    {
        RefuseTls12(settings);
        var options = new TunnelOptions
        {
            StreamWindowBytes = settings.Int("HTTP2_STREAM_WINDOW_SIZE", DefaultStreamWindow, ushort.MaxValue, 1 << 30),
            ConnectionWindowBytes = settings.Int("HTTP2_CONNECTION_WINDOW_SIZE", 16 << 20, ushort.MaxValue, 1 << 30),
            FrameBytes = settings.Int("HTTP2_FRAME_SIZE", 1 << 20, 16384, 16777215),
            MaxStreams = settings.Int("POOL_MAX_STREAMS_PER_CONNECTION", 100, 1, 10_000),
            MaxInboundStreams = settings.Int("AMBIENT_MAX_INBOUND_STREAMS", 200, 1, 10_000),
            IdleTimeout = settings.Duration("POOL_UNUSED_RELEASE_TIMEOUT", TimeSpan.FromMinutes(5), TimeSpan.Zero, TimeSpan.FromDays(1)),
            ConnectTimeout = Timeout(settings, "AMBIENT_CONNECT_TIMEOUT", 10),
            HandshakeTimeout = Timeout(settings, "AMBIENT_TLS_HANDSHAKE_TIMEOUT", 10),
            AnswerTimeout = Timeout(settings, "AMBIENT_CONNECT_ANSWER_TIMEOUT", 20),
            PostQuantumOnly = ReadCompliance(settings),
            LocalhostAppTunnel = settings.Bool("LOCALHOST_APP_TUNNEL", true),
        };
        if (options.ConnectionWindowBytes < options.StreamWindowBytes)
            settings.Mistake("HTTP2_CONNECTION_WINDOW_SIZE", $"{options.ConnectionWindowBytes}",
                $"must be at least HTTP2_STREAM_WINDOW_SIZE ({options.StreamWindowBytes}), or one connection blocks all others of its tunnel");
        return options;
    }

    private static TimeSpan Timeout(SettingsReader settings, string name, int seconds) =>
        settings.Duration(name, TimeSpan.FromSeconds(seconds), ShortestTimeout, LongestTimeout);

    private static bool ReadCompliance(SettingsReader settings)
    {
        var policy = settings.Text("COMPLIANCE_POLICY");
        if (policy is not (null or "pqc")) settings.Mistake("COMPLIANCE_POLICY", policy, "allowed is pqc, or nothing");
        return policy == "pqc";
    }

    // Asking for it and not getting it would be found out only when old peers fail.
    private static void RefuseTls12(SettingsReader settings)
    {
        if (settings.Bool("TLS12_ENABLED", false))
            settings.Mistake("TLS12_ENABLED", "true", "only TLS 1.3 is served, and every mesh peer speaks it; remove the variable");
    }
}
