using Ambient.Xds.Server;

namespace Ambient.ControlPlane.Distribution;

/// <summary>How discovery is served. Set once, before the control plane starts.</summary>
internal sealed class AdsOptions
{
    /// <summary>Changes are gathered for so long after those before them were sent; the first after a pause goes out at once. Default 100 ms.</summary>
    public TimeSpan PushInterval { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>A stream is ended cleanly after so long, so that clients spread over the replicas; ±10 %. Default 30 min.</summary>
    public TimeSpan StreamAge { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>Largest request, in bytes: a client that comes back may name all it holds, about 1 MiB per 10,000 resources. Default 64 MiB.</summary>
    public int MaxRequestBytes { get; set; } = 64 << 20;

    /// <summary>Requests of more than 256 KiB that are read at the same time; the others wait at their senders. Default 4.</summary>
    public int MaxLargeRequestsAtOnce { get; set; } = 4;

    /// <summary>Streams at the same time. Default 10,000.</summary>
    public int MaxStreams { get; set; } = 10_000;

    /// <summary>Callers on the plaintext port, which is bound to loopback, need no token. Default false.</summary>
    public bool AllowAnonymousPlaintext { get; set; }

    public SessionOptions Session { get; set; } = new();
}
