using System.Net;

namespace Ambient.HttpProxy.Upstreams;

/// <summary>One server of a cluster. Thread-safe: all workers share it.</summary>
public sealed class UpstreamEndpoint(IPEndPoint address)
{
    private int _active;

    public IPEndPoint Address { get; } = address;

    public UpstreamProtocol Protocol { get; init; }

    /// <summary>Requests under way there.</summary>
    public int Active => Volatile.Read(ref _active);

    internal void Begin() => Interlocked.Increment(ref _active);

    internal void End() => Interlocked.Decrement(ref _active);
}
