using Ambient.Lab.Mesh;
using Ambient.Lab.Network;

namespace Ambient.Footprint.Deployments;

/// <summary>One ztunnel and one agent for all pods of the node.</summary>
internal sealed class AmbientMesh : IDeployment
{
    private readonly MeshLab _mesh;
    private readonly LabPod _client;

    private AmbientMesh(MeshLab mesh, LabPod client) => (_mesh, _client) = (mesh, client);

    public IReadOnlyList<LabPod> Pods => _mesh.Nodes[0].Lab.Pods;

    public IReadOnlyList<int> Processes => [_mesh.Nodes[0].Ztunnel.Id, _mesh.Nodes[0].Agent.Id];

    public static async Task<AmbientMesh> StartAsync(int pods)
    {
        var mesh = await MeshLab.StartAsync(["n1", "n2"], new KeyValuePair<string, string>("RUST_LOG", "warn"));
        var client = await mesh.AddPodAsync(mesh.Nodes[1], "client");
        var all = new List<LabPod> { client };
        for (var i = 0; i < pods; i++) all.Add(await mesh.AddPodAsync(mesh.Nodes[0], $"p{i}"));
        await mesh.EnrolAsync(all);
        return new(mesh, client);
    }

    public async Task<Stream> ConnectAsync(LabPod pod) => await _client.ConnectAsync(pod.Address.V4, 7000);

    public ValueTask DisposeAsync() => _mesh.DisposeAsync();
}
