using Ambient.Lab.Network;
using Ambient.Lab.Processes;

namespace Ambient.Load.Tunnel;

/// <summary>
/// The proxies that we are compared with, in two pods of their own. They live inside the pods, as our listeners do, so
/// every packet takes the same way: loopback, pod, node, wire, node, pod, loopback.
/// </summary>
internal sealed class PeerChains(string directory, LabPod client, LabPod server)
{
    public Chain Direct { get; } = new("tcp", client, $"{server.Address.V4}:7000", null, null);

    public Chain HaProxy() => Start("haproxy", 18001, connect: false,
        ["haproxy", "-db", "-f", "haproxy-client.cfg"], ["haproxy", "-db", "-f", "haproxy-server.cfg"]);

    public Chain Nginx() => Start("nginx", 18002, connect: false,
        ["nginx", "-p", directory + "/", "-c", Path.Combine(directory, "nginx-client.conf")],
        ["nginx", "-p", directory + "/", "-c", Path.Combine(directory, "nginx-server.conf")]);

    // Its client side wants an HTTP CONNECT, so the load asks for one before it starts.
    public Chain Nghttpx() => Start("nghttpx", 18003, connect: true,
        ["nghttpx", "--conf=nghttpx-client.conf"], ["nghttpx", "--conf=nghttpx-server.conf"]);

    private Chain Start(string name, int port, bool connect, string[] clientSide, string[] serverSide)
    {
        var serverProxy = StartIn(server, name, serverSide);
        var clientProxy = StartIn(client, name, clientSide);
        return new(name, client, $"{(connect ? "connect:" : "")}127.0.0.1:{port}", clientProxy, serverProxy);
    }

    private Daemon StartIn(LabPod pod, string name, string[] command) => pod.Start(name, "env", ["-C", directory, .. command]);
}
