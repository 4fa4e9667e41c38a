using Ambient.Lab.Processes;

namespace Ambient.Load.Waypoint;

/// <summary>A proxy that takes part, and where it can be asked for what.</summary>
/// <param name="Http1">Address for clients of HTTP/1.1, in front of a server of HTTP/1.1.</param>
/// <param name="Http2">For clients of HTTP/2, the same server.</param>
/// <param name="Http2Only">For clients of HTTP/2, in front of a server of HTTP/2; null if it cannot speak so with servers.</param>
internal sealed record Contender(string Name, string Http1, string Http2, string? Http2Only, params IReadOnlyList<Daemon> Proxies)
{
    public const string Ours = "ambient";

    // nginx does its work in a child of the process that we started; the others in the process itself.
    public IEnumerable<int> Processes => Proxies.SelectMany(static proxy => Family(proxy.Id));

    public static IEnumerable<int> Family(int id) =>
        [id, .. File.ReadAllText($"/proc/{id}/task/{id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
}
