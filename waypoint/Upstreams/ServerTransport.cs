namespace Ambient.Waypoint.Upstreams;

/// <summary>How a server is reached if not by its address alone. Connections are shared among endpoints that have the same object.</summary>
/// <param name="host">To be resolved when a connection is made; empty for a server with an address.</param>
/// <param name="remote">It stands for all servers of another network; null for one of ours.</param>
/// <param name="tls">Begun on each connection; null for none.</param>
internal sealed class ServerTransport(string host, RemoteServers? remote, TlsOrigin? tls)
{
    public string Host => host;

    public RemoteServers? Remote => remote;

    public TlsOrigin? Tls => tls;
}
