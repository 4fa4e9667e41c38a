namespace Ambient.Http2;

/// <summary>When the connection's receive window is given back to the peer.</summary>
public enum ConnectionCredit : byte
{
    /// <summary>As bytes arrive: one stream whose reader is slow never stops the others. Streams are bounded one by one.</summary>
    OnReceipt,

    /// <summary>With <see cref="Http2Connection.Credit"/>: bounds what a connection buffers for all its streams together.</summary>
    OnConsumption,
}

/// <summary>How we speak HTTP/2 on a connection. Set once, before use; may be shared by many connections.</summary>
public sealed class Http2Options
{
    /// <summary>Receive window of each stream, SETTINGS_INITIAL_WINDOW_SIZE: 0 to 2^31-1 bytes, default 4 MiB.</summary>
    /// <remarks>Bounds what is buffered for a slow reader; a stream's throughput is at most this per round trip.</remarks>
    public int StreamWindow { get; set; } = 4 * 1024 * 1024;

    /// <summary>Receive window of the connection: 65535 to 2^31-1 bytes, default 16 MiB.</summary>
    public int ConnectionWindow { get; set; } = 16 * 1024 * 1024;

    /// <summary>Who gives connection window back. Default <see cref="Http2.ConnectionCredit.OnReceipt"/>.</summary>
    public ConnectionCredit ConnectionCredit { get; set; } = ConnectionCredit.OnReceipt;

    /// <summary>Largest frame that we take, SETTINGS_MAX_FRAME_SIZE: 16384 to 16777215 bytes, default 1 MiB.</summary>
    /// <remarks>Costs no memory: DATA is passed on as it comes, header blocks have their own limit.</remarks>
    public int MaxFrameSize { get; set; } = 1024 * 1024;

    /// <summary>Streams that the peer may have open, SETTINGS_MAX_CONCURRENT_STREAMS: 0 to 2^31-1, default 200. Server only.</summary>
    public int MaxConcurrentStreams { get; set; } = 200;

    /// <summary>
    /// Largest header list, SETTINGS_MAX_HEADER_LIST_SIZE: each field counts its name, its value and 32 bytes; default 64 KiB.
    /// A larger request is answered 431, larger responses and trailers reset the stream.
    /// </summary>
    public int MaxHeaderListBytes { get; set; } = 64 * 1024;

    /// <summary>Largest encoded header block, over all its frames, default 128 KiB. A larger one ends the connection.</summary>
    public int MaxHeaderBlockBytes { get; set; } = 128 * 1024;

    /// <summary>
    /// Compression table that we keep for the peer, SETTINGS_HEADER_TABLE_SIZE: 0 to 65536 bytes, default 0 (a tunnel then has
    /// no compression state). Until the peer has acknowledged it, 4096 bytes are in force as RFC 9113 §6.5.2 says.
    /// </summary>
    public int HeaderTableBytes { get; set; }

    /// <summary>Streams that a client opens before it knows the server's limit: 1 or more, default 100.</summary>
    public int AssumedMaxConcurrentStreams { get; set; } = 100;

    /// <summary>Extended CONNECT (RFC 8441): a server offers it, requests with <c>:protocol</c> are taken. Default off.</summary>
    public bool ExtendedConnect { get; set; }

    /// <summary>How long the peer may take to acknowledge our SETTINGS, as seen by
    /// <see cref="Http2Connection.CheckTimeouts"/>. Default 10 s.</summary>
    public TimeSpan SettingsTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>What the peer may make us do without moving data.</summary>
    public FloodLimits Floods { get; set; } = new();

    internal Http2Options Copy() => (Http2Options)MemberwiseClone();

    /// <summary>All settings that are out of range, each as a sentence; empty if none.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        Check(nameof(StreamWindow), StreamWindow, 0, int.MaxValue);
        Check(nameof(ConnectionWindow), ConnectionWindow, 65535, int.MaxValue);
        Check(nameof(MaxFrameSize), MaxFrameSize, 16384, 16777215);
        Check(nameof(MaxConcurrentStreams), MaxConcurrentStreams, 0, int.MaxValue);
        Check(nameof(MaxHeaderListBytes), MaxHeaderListBytes, 1024, 16 * 1024 * 1024);
        Check(nameof(MaxHeaderBlockBytes), MaxHeaderBlockBytes, 1024, 16 * 1024 * 1024);
        Check(nameof(HeaderTableBytes), HeaderTableBytes, 0, 65536);
        Check(nameof(AssumedMaxConcurrentStreams), AssumedMaxConcurrentStreams, 1, int.MaxValue);
        Check(nameof(FloodLimits.MaxContinuations), Floods.MaxContinuations, 0, int.MaxValue);
        Check(nameof(FloodLimits.MaxUnsentControlBytes), Floods.MaxUnsentControlBytes, 1024, int.MaxValue);
        return problems;

        void Check(string name, int value, int low, int high)
        {
            if (value < low || value > high)
                problems.Add($"{name} is {value}; allowed are {low} to {high}.");
        }
    }
}
