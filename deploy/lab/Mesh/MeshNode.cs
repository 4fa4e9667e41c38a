using System.Text.Json;
using Ambient.Lab.Network;
using Ambient.Lab.Processes;

namespace Ambient.Lab.Mesh;

/// <summary>What makes a node part of the mesh: its agent and its ztunnel, as processes on that node.</summary>
public sealed class MeshNode
{
    private readonly IReadOnlyDictionary<string, string> _environment;

    /// <param name="environment">Of its ztunnel: where that learns of the mesh and who signs its certificates.</param>
    public MeshNode(LabNode node, IReadOnlyDictionary<string, string> environment) => (Lab, _environment) = (node, environment);

    public LabNode Lab { get; }
    public string Name => Lab.Name;

    /// <summary>Added to every ztunnel that is started from now on.</summary>
    public Dictionary<string, string> ZtunnelSettings { get; } = [];

    /// <summary>The latest; it may have ended.</summary>
    public Daemon Ztunnel { get; private set; } = null!;

    public Daemon Agent { get; private set; } = null!;

    internal string ZdsSocket => Lab.PathOf("zds.sock");

    private string PodDirectory => Lab.PathOf("pods");

    /// <summary>Starts ztunnel and returns once it says that it is ready.</summary>
    public async Task StartZtunnelAsync()
    {
        BeginZtunnel();
        await ReadyAsync();
    }

    /// <summary>Starts ztunnel and does not wait until it is ready.</summary>
    public Daemon BeginZtunnel()
    {
        var environment = NodePrograms.ZtunnelEnvironment(this);
        foreach (var (name, value) in _environment) environment[name] = value;
        foreach (var (name, value) in ZtunnelSettings) environment[name] = value;
        return Ztunnel = Lab.Start("ztunnel", environment, NodePrograms.Ztunnel);
    }

    /// <summary>Lets ztunnel drain and starts it again, with <see cref="ZtunnelSettings"/> as they are now; the pods stay enrolled.</summary>
    public async Task RestartZtunnelAsync()
    {
        await Ztunnel.StopAsync();
        await StartZtunnelAsync();
    }

    public Task ReadyAsync() => Until.TrueAsync(async () =>
    {
        if (!Ztunnel.IsRunning) throw new LabException($"ztunnel on {Name} ended with {Ztunnel.ExitCode}:\n{Ztunnel.LogTail()}");
        return (await GetAsync(15021, "healthz/ready")).Succeeded;
    }, () => $"ztunnel on {Name} is ready. Its log ends with:\n{Ztunnel.LogTail()}\nand the agent's with:\n{Agent.LogTail(10)}");

    /// <summary>Takes a pod into the mesh: its traffic is captured from now on, and served once this returns.</summary>
    public async Task EnrolAsync(LabPod pod)
    {
        await RequestEnrolmentAsync(pod);
        await Until.TrueAsync(async () => await StatusAsync(pod) is "enrolled", () =>
            $"{pod.Name} is enrolled (it is '{StatusAsync(pod).Result}'). The agent's log ends with:\n{Agent.LogTail()}\nztunnel's with:\n{Ztunnel.LogTail()}");
    }

    /// <summary>Asks the agent to take a pod into the mesh and does not wait.</summary>
    public async Task RequestEnrolmentAsync(LabPod pod, params IEnumerable<KeyValuePair<string, string>> annotations)
    {
        var file = PodFile(pod, "json");
        await File.WriteAllTextAsync(file + ".new", PodDescription.Write(pod, annotations));
        File.Move(file + ".new", file, overwrite: true);
    }

    /// <summary>Takes a pod out of the mesh; returns once the agent has undone everything.</summary>
    public async Task ReleaseAsync(LabPod pod)
    {
        File.Delete(PodFile(pod, "json"));
        await Until.TrueAsync(() => !File.Exists(PodFile(pod, "status")), $"{pod.Name} is released");
    }

    /// <summary>enrolled, pending or failed; null before the agent has seen the pod.</summary>
    public async Task<string?> StatusAsync(LabPod pod)
    {
        var file = PodFile(pod, "status");
        if (!File.Exists(file)) return null;
        using var status = JsonDocument.Parse(await File.ReadAllTextAsync(file));
        return status.RootElement.GetProperty("state").GetString();
    }

    public async Task<string> MetricsAsync() => (await GetAsync(15020, "metrics")).OutputOrThrow();

    public async Task<string> ConfigDumpAsync() => (await GetAsync(15000, "config_dump")).OutputOrThrow();

    /// <summary>An HTTP request to one of ztunnel's own pages, made on the node.</summary>
    public Task<CommandResult> GetAsync(int port, string path, params IEnumerable<string> options) =>
        Lab.RunAsync("curl", ["-sS", "--fail-with-body", "--max-time", "5", .. options, $"http://127.0.0.1:{port}/{path}"]);

    /// <summary>Starts the agent and ztunnel; returns once ztunnel is ready.</summary>
    public async Task StartAsync()
    {
        Directory.CreateDirectory(PodDirectory);
        Agent = Lab.Start("agent", [new("POD_DIRECTORY", PodDirectory), new("ZTUNNEL_UDS_ADDRESS", ZdsSocket)], NodePrograms.Agent);
        await StartZtunnelAsync();
    }

    private string PodFile(LabPod pod, string extension) => Path.Combine(PodDirectory, $"{pod.MeshNamespace}.{pod.Name}.{extension}");
}
