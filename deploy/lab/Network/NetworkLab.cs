using System.Runtime.InteropServices;
using Ambient.Lab.Capture;
using Ambient.Lab.Processes;

namespace Ambient.Lab.Network;

/// <summary>
/// Nodes and pods made of network namespaces, joined by a bridge that stands for the network between machines. Everything
/// lives in namespaces of its own, so labs do not meet each other or the host.
/// </summary>
/// <remarks>
/// Disposing removes everything, as do Ctrl-C and SIGTERM; a lab whose process was killed is removed by the next
/// <see cref="CreateAsync"/>. Needs root.
/// </remarks>
public sealed class NetworkLab : IAsyncDisposable
{
    private readonly List<LabNode> _nodes = [];
    private readonly List<PosixSignalRegistration> _signals = [];

    private NetworkLab(LabId id) => Id = id;

    /// <summary>A signal ends this process: what is in a lab fails from now on.</summary>
    public static bool IsEnding { get; private set; }

    public LabId Id { get; }

    /// <summary>The namespace of the bridge between the nodes: where the wire is.</summary>
    public string Underlay => Id.Namespace("underlay");

    /// <summary>The bridge's own address: a host on the network that is no node of the cluster; names are resolved there.</summary>
    public LabAddress UnderlayAddress { get; } = LabAddress.Underlay(254);

    public IReadOnlyList<LabNode> Nodes => _nodes;

    public IEnumerable<LabPod> Pods => _nodes.SelectMany(node => node.Pods);

    public static async Task<NetworkLab> CreateAsync(params IEnumerable<string> nodes)
    {
        await LabCleaner.SweepAsync();
        var lab = new NetworkLab(LabId.Create());
        try
        {
            lab.CleanUpOnSignals();
            await lab.MakeUnderlayAsync();
            foreach (var name in nodes) await lab.AddNodeAsync(name);
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>A path in the lab's own directory, which vanishes with it.</summary>
    public string PathOf(string file) => Path.Combine(Id.Directory, file);

    public async Task<LabNode> AddNodeAsync(string name)
    {
        var node = new LabNode(this, name, _nodes.Count + 1);
        await node.MakeAsync(_nodes);
        _nodes.Add(node);
        return node;
    }

    /// <summary>Records everything on the wire between the nodes until disposed.</summary>
    public Task<PacketCapture> CaptureAsync(string name) => PacketCapture.StartAsync(this, PathOf($"{name}.pcap"));

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes) await node.StopAsync();
        await LabCleaner.RemoveAsync(Id);
        foreach (var signal in _signals) signal.Dispose();
        _signals.Clear();
    }

    private async Task MakeUnderlayAsync()
    {
        await NamespaceFiles.WriteResolverAsync(Underlay, UnderlayAddress);
        await Command.IpAsync(null, $"netns add {Underlay}");
        await Command.RunInAsync(Underlay, "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0");
        await Command.IpAsync(Underlay,
            "link set lo up", "link add wire type bridge", "link set wire up",
            $"addr add {UnderlayAddress.V4}/24 dev wire", $"addr add {UnderlayAddress.V6}/64 dev wire nodad");
    }

    private void CleanUpOnSignals()
    {
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP })
            _signals.Add(PosixSignalRegistration.Create(signal, _ =>
            {
                IsEnding = true;
                LabCleaner.RemoveAsync(Id).GetAwaiter().GetResult();
            }));
    }
}
