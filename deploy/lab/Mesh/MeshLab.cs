using Ambient.Lab.Network;
using Ambient.Lab.Processes;

namespace Ambient.Lab.Mesh;

/// <summary>A lab whose nodes run the mesh: agent and ztunnel on each, one certificate authority, one description of the mesh.</summary>
public sealed class MeshLab : IAsyncDisposable
{
    private readonly List<MeshNode> _nodes = [];
    private readonly Dictionary<LabPod, MeshWorkload> _workloads = [];
    private int _revision;

    private MeshLab(NetworkLab network) => Network = network;

    public NetworkLab Network { get; }
    public IReadOnlyList<MeshNode> Nodes => _nodes;
    public List<MeshService> Services { get; } = [];
    public List<MeshPolicy> Policies { get; } = [];

    /// <summary>The nodes whose proxies the mesh knows as workloads, so that pods reach them through tunnels.</summary>
    public List<MeshNode> KnownProxies { get; } = [];

    /// <summary>What the ztunnels read the mesh from.</summary>
    public string MeshFile => Network.PathOf("mesh.yaml");

    public string AuthorityDirectory => Network.PathOf("authority");

    /// <summary>Makes the network and starts the mesh on every node; no pods yet.</summary>
    /// <param name="settings">Environment of the ztunnels, above what the lab sets.</param>
    public static async Task<MeshLab> StartAsync(IEnumerable<string> nodes, params IEnumerable<KeyValuePair<string, string>> settings)
    {
        var mesh = new MeshLab(await NetworkLab.CreateAsync(nodes));
        try
        {
            await mesh.WriteAsync();
            foreach (var node in mesh.Network.Nodes)
            {
                var meshNode = new MeshNode(node, NodePrograms.LocalMesh(mesh.MeshFile, mesh.AuthorityDirectory));
                foreach (var (name, value) in settings) meshNode.ZtunnelSettings[name] = value;
                mesh._nodes.Add(meshNode);
            }
            await Task.WhenAll(mesh._nodes.Select(node => node.StartAsync()));
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }
    }

    /// <summary>A pod that the proxies know of once <see cref="PublishAsync"/> has run, and that is not enrolled yet.</summary>
    public async Task<LabPod> AddPodAsync(MeshNode node, string name, string serviceAccount = "default", string ns = "default")
    {
        var pod = await node.Lab.AddPodAsync(name, serviceAccount, ns);
        _workloads[pod] = new(pod);
        return pod;
    }

    /// <summary>A pod of the mesh: known to all proxies, captured, served.</summary>
    public async Task<LabPod> AddEnrolledPodAsync(MeshNode node, string name, string serviceAccount = "default", string ns = "default")
    {
        var pod = await AddPodAsync(node, name, serviceAccount, ns);
        await EnrolAsync(pod);
        return pod;
    }

    public async Task EnrolAsync(params IReadOnlyList<LabPod> pods)
    {
        foreach (var pod in pods) Workload(pod).Enrolled = true;
        await PublishAsync();
        await Task.WhenAll(pods.Select(pod => NodeOf(pod).EnrolAsync(pod)));
    }

    public async Task ReleaseAsync(LabPod pod)
    {
        await NodeOf(pod).ReleaseAsync(pod);
        Workload(pod).Enrolled = false;
        await PublishAsync();
    }

    public MeshWorkload Workload(LabPod pod) => _workloads[pod];

    public MeshNode NodeOf(LabPod pod) => _nodes.Single(node => node.Lab == pod.Node);

    /// <summary>Takes a pod out of the world: its namespace is gone and nobody is told of it any more.</summary>
    public async Task RemovePodAsync(LabPod pod)
    {
        _workloads.Remove(pod);
        await pod.Node.RemovePodAsync(pod);
        await PublishAsync();
    }

    /// <summary>Tells all running ztunnels what the mesh looks like now; returns once each has taken it in.</summary>
    public async Task PublishAsync()
    {
        var revision = await WriteAsync();
        foreach (var node in _nodes.Where(node => node.Ztunnel is { IsRunning: true }))
            await Until.TrueAsync(async () => (await node.GetAsync(15000, "config_dump")).Output.Contains(revision, StringComparison.Ordinal),
                () => $"ztunnel on {node.Name} reads {MeshFile}. Its log ends with:\n{node.Ztunnel.LogTail()}");
    }

    public ValueTask DisposeAsync() => Network.DisposeAsync();

    private async Task<string> WriteAsync()
    {
        var revision = $"revision-{++_revision}-end";
        await File.WriteAllTextAsync(MeshFile + ".new", Mesh.MeshFile.Write(_workloads.Values, KnownProxies.Select(node => node.Lab), Services, Policies, revision));
        File.Move(MeshFile + ".new", MeshFile, overwrite: true);
        return revision;
    }
}
