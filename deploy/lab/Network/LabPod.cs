using System.Net;
using System.Net.Sockets;
using Ambient.Lab.Processes;

namespace Ambient.Lab.Network;

/// <summary>A pod: a namespace with one interface on its node's bridge, and who it is in the mesh.</summary>
public sealed class LabPod : IPod
{
    internal LabPod(LabNode node, string name, string ns, string serviceAccount, int number)
    {
        (Node, Name, MeshNamespace, ServiceAccount) = (node, name, ns, serviceAccount);
        Address = LabAddress.Pod(node.Number, number);
    }

    public LabNode Node { get; }
    public string Name { get; }

    /// <summary>The Kubernetes namespace it belongs to.</summary>
    public string MeshNamespace { get; }

    public string ServiceAccount { get; }
    public LabAddress Address { get; }

    /// <summary>Its network namespace, by name under /run/netns.</summary>
    public string Namespace => Node.Lab.Id.Namespace($"{Node.Name}-{Name}");

    public string NamespacePath => Path.Combine(LabId.NamespaceDirectory, Namespace);

    public string Uid => $"lab//Pod/{MeshNamespace}/{Name}";

    public string Identity => $"spiffe://cluster.local/ns/{MeshNamespace}/sa/{ServiceAccount}";

    public IPAddress AddressOf(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? Address.V6 : Address.V4;

    public Daemon Start(string name, string program, params IEnumerable<string> arguments) =>
        Start(name, [], program, arguments);

    public Daemon Start(string name, IEnumerable<KeyValuePair<string, string>> environment, string program, params IEnumerable<string> arguments) =>
        Node.Track(Daemon.Start($"{name} in {Name}", Namespace, Node.PathOf($"{Name}.{name}.log"), environment, program, arguments));

    public Task<CommandResult> RunAsync(string program, params IEnumerable<string> arguments) => Command.RunInAsync(Namespace, program, arguments);

    internal async Task MakeAsync()
    {
        await NamespaceFiles.WriteResolverAsync(Namespace, Node.Lab.UnderlayAddress);
        await Command.IpAsync(null, $"netns add {Namespace}");
        await Command.RunInAsync(Namespace, "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0");
        await Command.IpAsync(Namespace,
            "link set lo up",
            $"link add eth0 type veth peer name {PortName} netns {Node.Namespace}",
            $"addr add {Address.V4}/24 dev eth0", $"addr add {Address.V6}/64 dev eth0 nodad", "link set eth0 up",
            $"route add default via {Node.PodGateway.V4}", $"route add ::/0 via {Node.PodGateway.V6}");
        await Command.IpAsync(Node.Namespace, $"link set {PortName} master pods up");
    }

    internal async Task RemoveAsync()
    {
        await Command.IpAsync(Node.Namespace, $"link del {PortName}");
        await Command.IpAsync(null, $"netns del {Namespace}");
        Directory.Delete(Path.Combine("/etc/netns", Namespace), recursive: true);
    }

    // Interface names end at 15 characters; the address is unique on the node and short.
    private string PortName => $"pod{Address.V4.GetAddressBytes()[3]}";
}
