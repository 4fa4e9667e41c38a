namespace Ambient.Model.Workloads;

public enum ApplicationTunnelProtocol
{
    None,

    /// <summary>The application expects a PROXY protocol v2 header.</summary>
    Proxy,
}

/// <summary>How the application itself takes tunnelled connections, as a sandboxed waypoint does.</summary>
/// <param name="Port">Replaces the destination port; null keeps it. Never 0.</param>
public sealed record ApplicationTunnel(ApplicationTunnelProtocol Protocol, ushort? Port);
