using Ambient.Lab.Mesh;
using Ambient.Lab.Network;
using Ambient.Lab.Processes;

namespace Ambient.Footprint.Deployments;

/// <summary>Our own ztunnel in each pod, serving that pod alone; the client is in the mesh on another node.</summary>
internal sealed class ZtunnelSidecars : IDeployment
{
    private readonly MeshLab _mesh;
    private readonly LabPod _client;
    private readonly List<Daemon> _proxies = [];

    private ZtunnelSidecars(MeshLab mesh, LabPod client) => (_mesh, _client) = (mesh, client);

    public IReadOnlyList<LabPod> Pods => _mesh.Nodes[0].Lab.Pods;

    public IReadOnlyList<int> Processes => [.. _proxies.Select(proxy => proxy.Id)];

    public static async Task<ZtunnelSidecars> StartAsync(int pods)
    {
        var mesh = await MeshLab.StartAsync(["n1", "n2"], new KeyValuePair<string, string>("RUST_LOG", "warn"));
        var sidecars = new ZtunnelSidecars(mesh, await mesh.AddEnrolledPodAsync(mesh.Nodes[1], "client"));
        for (var i = 0; i < pods; i++) mesh.Workload(await mesh.AddPodAsync(mesh.Nodes[0], $"p{i}")).Enrolled = true;
        await mesh.PublishAsync();
        foreach (var pod in sidecars.Pods) sidecars._proxies.Add(pod.Start("ztunnel", sidecars.Environment(pod), NodePrograms.Ztunnel));
        foreach (var (pod, proxy) in sidecars.Pods.Zip(sidecars._proxies))
            await Until.TrueAsync(async () => (await pod.RunAsync("curl", "-sSf", "--max-time", "5", "http://127.0.0.1:15021/healthz/ready")).Succeeded,
                () => $"the ztunnel of {pod.Name} is ready. Its log ends with:\n{proxy.LogTail()}", TimeSpan.FromSeconds(60));
        return sidecars;
    }

    public async Task<Stream> ConnectAsync(LabPod pod) => await _client.ConnectAsync(pod.Address.V4, 7000);

    public ValueTask DisposeAsync() => _mesh.DisposeAsync();

    private Dictionary<string, string> Environment(LabPod pod) => new(NodePrograms.LocalMesh(_mesh.MeshFile, _mesh.AuthorityDirectory))
    {
        ["PROXY_MODE"] = "dedicated",
        ["PROXY_WORKLOAD_INFO"] = $"{pod.MeshNamespace}/{pod.Name}/{pod.ServiceAccount}",
        ["NODE_NAME"] = pod.Node.Name,
        ["ZTUNNEL_WORKER_THREADS"] = "1",
        ["ENABLE_ORIG_SRC"] = "false", // no redirection here that would lead the answers back
        ["RUST_LOG"] = "warn",
    };
}
