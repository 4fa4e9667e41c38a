using System.Net;
using System.Runtime.CompilerServices;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Resilience;
using Ambient.Model.Traffic;
using HttpVersion = Ambient.Http1.HttpVersion;

namespace Ambient.HttpProxy.Upstreams;

/// <summary>One server of a cluster. Thread-safe: all workers share it.</summary>
/// <param name="before">The same server as it was known until now: what it has done, and does, counts on. Null for a new one.</param>
public sealed class UpstreamEndpoint(IPEndPoint address, UpstreamEndpoint? before = null)
{
    private readonly StrongBox<int> _active = before?._active ?? new();

    public IPEndPoint Address { get; } = address;

    public UpstreamProtocol Protocol { get; init; }

    /// <summary>How it is connected to, for the dialer; null for what its address says. Connections are shared among endpoints with the same object.</summary>
    public object? Transport { get; init; }

    /// <summary>Connections to it are TLS: over HTTP/2 it is asked for <c>https</c>, which some servers insist on.</summary>
    public bool IsSecure { get; init; }

    /// <summary>What stands there, for whoever made this object.</summary>
    public object? Subject { get; init; }

    /// <summary>When it came to be known, by the clock of its cluster; 0: long ago.</summary>
    public long Since { get; init; } = before?.Since ?? 0;

    /// <summary>Of connections to it; what they leave open is as the pool's options have it.</summary>
    public ConnectionLimits Limits { get; init; } = ConnectionLimits.None;

    /// <summary>Requests under way there.</summary>
    public int Active => Volatile.Read(ref _active.Value);

    internal EndpointHealth Health { get; } = before?.Health ?? new();

    internal EndpointReach Reach { get; } = before?.Reach ?? new();

    internal EndpointPace Pace { get; } = before?.Pace ?? new();

    // The same in every process: replicas of a waypoint send the same client to the same server.
    internal ulong HashSeed { get; } = HashKeys.Of(System.Text.Encoding.ASCII.GetBytes(address.ToString()));

    internal bool SpeaksHttp2With(RequestHead request) =>
        Protocol == UpstreamProtocol.Http2 || (Protocol == UpstreamProtocol.SameAsClient && request.Version == HttpVersion.Http2 && !request.IsExtendedConnect);

    /// <summary>A connection that has carried so many requests carries no more.</summary>
    internal bool IsEnough(uint requests) => Limits.MaxRequestsPerConnection is > 0 and var most && requests >= most;

    internal TimeSpan IdleTimeoutOr(TimeSpan usual) => Limits.IdleTimeout > TimeSpan.Zero ? Limits.IdleTimeout : usual;

    internal ServerKey Key => new(Address, Transport);

    internal void Begin() => Interlocked.Increment(ref _active.Value);

    internal void End() => Interlocked.Decrement(ref _active.Value);
}

/// <summary>Whose connections are shared.</summary>
internal readonly record struct ServerKey(IPEndPoint Address, object? Transport);
