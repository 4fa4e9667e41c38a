using Ambient.Lab.Processes;

namespace Ambient.Lab.Network;

/// <summary>A machine: a namespace with a port on the wire and a bridge to which its pods are attached.</summary>
public sealed class LabNode
{
    private const int Gateway = 254;

    private readonly List<LabPod> _pods = [];
    private int _podsMade; // addresses of pods that are gone are not given again
    private readonly List<Daemon> _daemons = [];

    internal LabNode(NetworkLab lab, string name, int number)
    {
        (Lab, Name, Number) = (lab, name, number);
        Address = LabAddress.Underlay(number);
        PodGateway = LabAddress.Pod(number, Gateway);
    }

    public NetworkLab Lab { get; }
    public string Name { get; }
    public int Number { get; }
    public LabAddress Address { get; }
    public LabAddress PodGateway { get; }
    public string Namespace => Lab.Id.Namespace(Name);

    /// <summary>Given, for a bridge without one takes its lowest port's, and the pods know the old one when that port goes.</summary>
    private string PodGatewayMac => $"02:00:00:00:{Number:x2}:fe";

    public IReadOnlyList<LabPod> Pods => _pods;

    public string PathOf(string file) => Lab.PathOf($"{Name}.{file}");

    /// <summary>Makes a pod: its namespace, attached to this node. Nothing runs in it and nobody captures its traffic yet.</summary>
    public async Task<LabPod> AddPodAsync(string name, string serviceAccount = "default", string ns = "default")
    {
        var pod = new LabPod(this, name, ns, serviceAccount, ++_podsMade);
        await pod.MakeAsync();
        _pods.Add(pod);
        return pod;
    }

    public async Task RemovePodAsync(LabPod pod)
    {
        _pods.Remove(pod);
        await pod.RemoveAsync();
    }

    /// <summary>Starts a program on the node itself. It is killed with the lab, if not before.</summary>
    public Daemon Start(string name, IEnumerable<KeyValuePair<string, string>> environment, string program, params IEnumerable<string> arguments) =>
        Track(Daemon.Start($"{name} on {Name}", Namespace, PathOf($"{name}.log"), environment, program, arguments));

    public Task<CommandResult> RunAsync(string program, params IEnumerable<string> arguments) => Command.RunInAsync(Namespace, program, arguments);

    internal Daemon Track(Daemon daemon)
    {
        _daemons.Add(daemon);
        return daemon;
    }

    internal async Task MakeAsync(IReadOnlyList<LabNode> others)
    {
        await NamespaceFiles.WriteResolverAsync(Namespace, Lab.UnderlayAddress);
        await Command.IpAsync(null, $"netns add {Namespace}");
        await Command.RunInAsync(Namespace, "sysctl",
            "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv6.conf.default.accept_dad=0");
        await Command.IpAsync(Namespace,
        [
            "link set lo up",
            $"link add eth0 type veth peer name {Name} netns {Lab.Underlay}",
            $"addr add {Address.V4}/24 dev eth0", $"addr add {Address.V6}/64 dev eth0 nodad", "link set eth0 up",
            $"route add default via {Lab.UnderlayAddress.V4}", $"route add ::/0 via {Lab.UnderlayAddress.V6}",
            $"link add pods address {PodGatewayMac} type bridge",
            $"addr add {PodGateway.V4}/24 dev pods", $"addr add {PodGateway.V6}/64 dev pods nodad", "link set pods up",
            .. others.SelectMany(RoutesTo),
        ]);
        await Command.IpAsync(Lab.Underlay, [$"link set {Name} master wire up", .. RoutesTo(this)]);
        foreach (var other in others) await Command.IpAsync(other.Namespace, RoutesTo(this));
    }

    internal async Task StopAsync()
    {
        foreach (var daemon in _daemons) await daemon.DisposeAsync();
        _daemons.Clear();
    }

    private static string[] RoutesTo(LabNode node) =>
    [
        $"route add 10.1.{node.Number}.0/24 via {node.Address.V4}",
        $"route add fd10:0:0:{node.Number:x}::/64 via {node.Address.V6}",
    ];
}
