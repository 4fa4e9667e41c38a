using Ambient.Lab.Processes;

namespace Ambient.Load.Waypoint;

/// <summary>A proxy that takes part, and where it can be asked for what.</summary>
/// <param name="Http1">Address for clients of HTTP/1.1, in front of a server of HTTP/1.1.</param>
/// <param name="Http2">For clients of HTTP/2, the same server.</param>
/// <param name="Http2Only">For clients of HTTP/2, in front of a server of HTTP/2; null if it cannot speak so with servers.</param>
/// <param name="Ruled">As the first, with routes, a policy and metrics.</param>
internal sealed record Contender(string Name, string Http1, string Http2, string? Http2Only, string? Ruled, params IReadOnlyList<Daemon> Proxies)
{
    public const string Ours = "ambient";

    public IEnumerable<int> Processes => Proxies.Select(static proxy => proxy.Id);
}
