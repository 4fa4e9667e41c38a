using Ambient.Lab;
using Ambient.Lab.Network;
using Ambient.Lab.Mesh;
using Ambient.Lab.Processes;

namespace Ambient.Playground.Cluster;

/// <summary>The control plane as a process on the network between the nodes.</summary>
public sealed class ControlPlaneProcess : IAsyncDisposable
{
    public const string Host = "istiod.istio-system.svc";

    private readonly NetworkLab _network;
    private readonly string _kubeconfig;
    private Daemon _process = null!;

    internal ControlPlaneProcess(NetworkLab network, string kubeconfig) => (_network, _kubeconfig) = (network, kubeconfig);

    /// <summary>Added to every process that is started from now on.</summary>
    public Dictionary<string, string> Settings { get; } = [];

    public Daemon Process => _process;

    /// <summary>Starts it and returns once it says that it is ready.</summary>
    public async Task StartAsync()
    {
        var environment = new Dictionary<string, string>
        {
            ["KUBECONFIG"] = _kubeconfig,
            ["POD_NAME"] = "istiod-0",
            ["POD_NAMESPACE"] = "istio-system",
            ["CLUSTER_ID"] = "Kubernetes",
            ["DOTNET_gcServer"] = "0",
        };
        foreach (var (name, value) in Settings) environment[name] = value;
        _process = Daemon.Start("control plane", _network.Underlay, _network.PathOf("control-plane.log"), environment, NodePrograms.ControlPlane);
        await Until.TrueAsync(async () =>
        {
            if (!_process.IsRunning) throw new LabException($"the control plane ended with {_process.ExitCode}:\n{_process.LogTail()}");
            return (await GetAsync(8080, "ready")).Succeeded;
        }, () => $"the control plane is ready. Its log ends with:\n{_process.LogTail()}", TimeSpan.FromSeconds(60));
    }

    public Task KillAsync() => _process.KillAsync();

    /// <summary>An HTTP request to one of its pages.</summary>
    public Task<CommandResult> GetAsync(int port, string path) =>
        Command.RunInAsync(_network.Underlay, "curl", "-sS", "--fail-with-body", "--max-time", "5", $"http://127.0.0.1:{port}/{path}");

    public ValueTask DisposeAsync() => _process?.DisposeAsync() ?? default;
}
