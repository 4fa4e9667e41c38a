namespace Ambient.Http2;

/// <summary>
/// What one peer may make us do that moves no data (RFC 9113 §10.5). Above a limit the connection ends with
/// ENHANCE_YOUR_CALM and a sentence that names the limit.
/// </summary>
public sealed class FloodLimits
{
    /// <summary>
    /// RST_STREAM from a client before we answered its request (rapid reset, CVE-2023-44487). Each answered request takes one
    /// off again, so only a client that mostly cancels gets here. Default 200, then 100 per second.
    /// </summary>
    public RateLimit EarlyResets { get; set; } = new(200, 100);

    /// <summary>
    /// Faults of the peer that make us reset or refuse a stream (CVE-2019-9514; MadeYouReset, CVE-2025-8671). Default 500,
    /// then 50 per second.
    /// </summary>
    public RateLimit StreamFaults { get; set; } = new(500, 50);

    /// <summary>PING frames to be answered (CVE-2019-9512). Default 500, then 200 per second.</summary>
    public RateLimit Pings { get; set; } = new(500, 200);

    /// <summary>SETTINGS frames, acknowledgements included (CVE-2019-9515). Default 100, then 10 per second.</summary>
    public RateLimit Settings { get; set; } = new(100, 10);

    /// <summary>DATA, HEADERS and CONTINUATION frames with nothing in them that end nothing (CVE-2019-9518). Default 100,
    /// then 20 per second.</summary>
    public RateLimit EmptyFrames { get; set; } = new(100, 20);

    /// <summary>
    /// WINDOW_UPDATE frames (CVE-2019-9511). Each DATA frame that we send takes two off, and one more for each KiB in it.
    /// Default 5000, then 1000 per second.
    /// </summary>
    public RateLimit WindowUpdates { get; set; } = new(5000, 1000);

    /// <summary>
    /// Frames that we ignore: PRIORITY, PRIORITY_UPDATE and unknown types (CVE-2019-9513). Each stream that is opened takes
    /// one off. Default 500, then 100 per second.
    /// </summary>
    public RateLimit IgnoredFrames { get; set; } = new(500, 100);

    /// <summary>CONTINUATION frames of one header block (CVE-2024-27316): 0 or more, default 32.</summary>
    /// <remarks>The bytes are bounded by <see cref="Http2Options.MaxHeaderBlockBytes"/>.</remarks>
    public int MaxContinuations { get; set; } = 32;

    /// <summary>
    /// Bytes of answers (acknowledgements, resets, window updates) that may wait because the peer does not read: 1 KiB or
    /// more, default 256 KiB. Measured to within a factor of two.
    /// </summary>
    public int MaxUnsentControlBytes { get; set; } = 256 * 1024;

    /// <summary>
    /// How long a stream may wait for the peer to open a window before it is reset by
    /// <see cref="Http2Connection.CheckTimeouts"/>. Default: for ever, as a TCP receiver may stop reading for as long as it
    /// likes. Set it where buffers are held for waiting streams (CVE-2019-9511, CVE-2019-9517).
    /// </summary>
    public TimeSpan? MaxSendBlock { get; set; }
}
