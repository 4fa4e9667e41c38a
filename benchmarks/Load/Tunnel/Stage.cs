using Ambient.Lab.Network;
using Ambient.Lab.Mesh;

namespace Ambient.Load.Tunnel;

/// <summary>The lab with every chain in it: the peers' in two pods outside the mesh, ours through captured pods on the same nodes.</summary>
internal sealed class Stage : IAsyncDisposable
{
    private const int EnrolledPodsOfANode = 10;

    private readonly NetworkLab _lab;
    private readonly MeshLab? _mesh;

    private Stage(NetworkLab lab, MeshLab? mesh) => (_lab, _mesh) = (lab, mesh);

    public List<Chain> Chains { get; } = [];
    public List<int> Applications { get; } = [];

    /// <summary>Our warm chain, if it takes part.</summary>
    public Chain? Ours => Chains.Find(chain => chain.Name == Chain.Ours);

    /// <summary>Where the slow application of our server pod listens.</summary>
    public string SlowAddress { get; private set; } = "";

    public static async Task<Stage> SetAsync(TunnelBenchmarkOptions options)
    {
        var mesh = options.Includes(Chain.Ours) ? await StartMeshAsync() : null;
        var stage = new Stage(mesh?.Network ?? await NetworkLab.CreateAsync("n1", "n2"), mesh);
        try
        {
            await stage.AddPeersAsync(options);
            if (mesh is not null) await stage.AddOursAsync(mesh);
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _mesh?.DisposeAsync() ?? _lab.DisposeAsync();

    // One worker, as the peers have. No line for each connection: the peers write none either.
    private static Task<MeshLab> StartMeshAsync() =>
        MeshLab.StartAsync(["n1", "n2", "n3", "n4"], new("ZTUNNEL_WORKER_THREADS", "1"), new("RUST_LOG", "warn"));

    private async Task AddPeersAsync(TunnelBenchmarkOptions options)
    {
        // The first pods of their nodes: the committed configurations name their addresses.
        var client = await PrepareAsync(await _lab.Nodes[0].AddPodAsync("client", "client", "load"));
        var server = await PrepareAsync(await _lab.Nodes[1].AddPodAsync("server", "server", "load"));
        Serve(server);

        var directory = _lab.PathOf("peers");
        Directory.CreateDirectory(directory);
        foreach (var file in Directory.EnumerateFiles(options.PeerConfigurations)) File.Copy(file, Path.Combine(directory, Path.GetFileName(file)));
        PeerCertificates.Write(directory);

        var peers = new PeerChains(directory, client, server);
        if (options.Includes("tcp")) Chains.Add(peers.Direct);
        if (options.Includes("haproxy")) Chains.Add(peers.HaProxy());
        if (options.Includes("nginx")) Chains.Add(peers.Nginx());
        if (options.Includes("nghttpx")) Chains.Add(peers.Nghttpx());
    }

    private async Task AddOursAsync(MeshLab mesh)
    {
        var ours = await AddOursAsync(mesh, "warm", mesh.Nodes[0], mesh.Nodes[1]) with { IdleConnections = 15_000 };

        var slow = mesh.Nodes[1].Lab.Pods.Single(pod => pod.Name == "warm-server");
        slow.Start("slow", Environment.ProcessPath!, "slowsink", "0.0.0.0:7001", "10");
        SlowAddress = $"{slow.Address.V4}:7001";

        // A stream to a tunnel: whoever opens a connection opens a tunnel, unless one is free.
        foreach (var node in mesh.Nodes.Skip(2))
        {
            node.ZtunnelSettings["POOL_MAX_STREAMS_PER_CONNECTION"] = "1";
            node.ZtunnelSettings["POOL_UNUSED_RELEASE_TIMEOUT"] = "1s"; // or the next round would find this one's tunnels
            await node.RestartZtunnelAsync();
        }
        var cold = await AddOursAsync(mesh, "cold", mesh.Nodes[2], mesh.Nodes[3]) with { Name = "ambient, a tunnel each", IsCold = true };
        Chains.AddRange([ours, cold]);
    }

    private async Task<Chain> AddOursAsync(MeshLab mesh, string name, MeshNode here, MeshNode there)
    {
        var client = await PrepareAsync(await mesh.AddPodAsync(here, $"{name}-client", "client", "load"));
        var server = await PrepareAsync(await mesh.AddPodAsync(there, $"{name}-server", "server", "load"));
        var pods = new List<LabPod> { client, server };
        foreach (var node in new[] { here, there })
            for (var i = 1; i < EnrolledPodsOfANode; i++) pods.Add(await mesh.AddPodAsync(node, $"quiet-{node.Lab.Name}-{i}", "quiet", "load"));
        await mesh.EnrolAsync(pods);
        Serve(server);
        return new(Chain.Ours, client, $"{server.Address.V4}:7000", here.Ztunnel, there.Ztunnel);
    }

    // Many short connections must not run out of ports or of connection tracking; the same for everybody.
    private static async Task<LabPod> PrepareAsync(LabPod pod)
    {
        (await pod.RunAsync("sysctl", "-qw", "net.ipv4.ip_local_port_range=1024 65000", "net.ipv4.tcp_max_tw_buckets=4096",
            "net.core.somaxconn=4096", "net.ipv4.tcp_max_syn_backlog=8192")).OutputOrThrow();
        await pod.RunAsync("sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_timeout_time_wait=5", "net.netfilter.nf_conntrack_tcp_timeout_close=2");
        return pod;
    }

    private void Serve(LabPod pod) => Applications.Add(pod.Start("application", Environment.ProcessPath!, "serve", "0.0.0.0:7000").Id);
}
