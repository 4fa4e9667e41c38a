namespace Ambient.Hbone.Tunnels;

/// <summary>What answers the CONNECTs of one listener. Called on the tunnel's loop.</summary>
public interface ITunnelServer
{
    /// <summary>A peer asks for a connection. The callee owns <paramref name="stream"/>: accepts or refuses it, and disposes it.</summary>
    void OnConnect(HboneStream stream, ConnectRequest request);

    /// <summary>A request was answered with 400 before it reached anybody.</summary>
    void OnRefused(Tunnel tunnel, string why);
}
