using Ambient.Lab.Network;

namespace Ambient.Footprint.Deployments;

/// <summary>Pods that speak plain TCP with each other.</summary>
internal sealed class NoMesh : IDeployment
{
    private readonly NetworkLab _lab;
    private readonly LabPod _client;

    private NoMesh(NetworkLab lab, LabPod client, IReadOnlyList<LabPod> pods) => (_lab, _client, Pods) = (lab, client, pods);

    public IReadOnlyList<LabPod> Pods { get; }

    public IReadOnlyList<int> Processes => [];

    public static async Task<NoMesh> StartAsync(int pods)
    {
        var lab = await NetworkLab.CreateAsync("n1", "n2");
        var all = new List<LabPod>();
        for (var i = 0; i < pods; i++) all.Add(await lab.Nodes[0].AddPodAsync($"p{i}"));
        return new(lab, await lab.Nodes[1].AddPodAsync("client"), all);
    }

    public async Task<Stream> ConnectAsync(LabPod pod) => await _client.ConnectAsync(pod.Address.V4, 7000);

    public ValueTask DisposeAsync() => _lab.DisposeAsync();
}
