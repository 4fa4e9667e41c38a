using System.Globalization;
using Ambient.Lab.Network;
using Ambient.Lab.Processes;

namespace Ambient.EndToEnd.Tests.Runtime;

/// <summary>A containerd of our own on a lab's node: its state, images, CNI configuration and socket lie in the lab's directory.</summary>
internal sealed class Containerd : IAsyncDisposable
{
    public const string Image = "localhost/lab/busybox:1";

    private readonly LabNode _node;
    private readonly Daemon _daemon;

    private Containerd(LabNode node, Daemon daemon) => (_node, _daemon, Runtime) = (node, daemon, new(SocketOf(node)));

    public ContainerRuntime Runtime { get; }

    /// <summary>Where the runtime looks for its network's configuration.</summary>
    public static string ConfigurationDirectory(LabNode node) => node.PathOf("net.d");

    /// <summary>Where it looks for plugins.</summary>
    public static string PluginDirectory(LabNode node) => node.PathOf("cni-bin");

    /// <summary>With one image, which is also what holds a pod's namespaces.</summary>
    public static async Task<Containerd> StartAsync(LabNode node)
    {
        var configuration = node.PathOf("containerd.toml");
        await File.WriteAllTextAsync(configuration, Configuration(node));
        // Not by `ip netns exec`, which mounts /sys anew: the control groups would be hidden.
        var daemon = Daemon.Start("containerd", null, node.PathOf("containerd.log"), [], "nsenter", $"--net={LabId.NamespaceDirectory}/{node.Namespace}", "containerd", "--config", configuration);
        var containerd = new Containerd(node, daemon);
        await Until.TrueAsync(containerd.Runtime.AnswersAsync, () => $"containerd answers. Its log ends with:\n{daemon.LogTail()}", TimeSpan.FromSeconds(60));
        await containerd.ImportImageAsync();
        return containerd;
    }

    public string LogTail() => _daemon.LogTail(15);

    public async ValueTask DisposeAsync()
    {
        try
        {
            foreach (var sandbox in await Runtime.SandboxesAsync())
            {
                await Runtime.StopSandboxAsync(sandbox);
                await Runtime.RemoveSandboxAsync(sandbox);
            }
        }
        catch (Grpc.RpcException)
        {
            // What a broken runtime leaves is ended below.
        }
        Runtime.Dispose();
        await _daemon.StopAsync();
        await _daemon.DisposeAsync();
        foreach (var process in LeftProcesses()) await Command.RunAsync("kill", "-KILL", process.ToString(CultureInfo.InvariantCulture));
        foreach (var mount in LeftMounts()) await Command.RunAsync("umount", "--lazy", mount);
    }

    /// <summary>Shims and containers that are still there: they outlive the daemon.</summary>
    public IReadOnlyList<int> LeftProcesses() => !Directory.Exists(StateOf(_node)) ? [] :
        [.. Directory.EnumerateFiles(StateOf(_node), "*.pid", SearchOption.AllDirectories).Select(File.ReadAllText)
            .Select(text => int.TryParse(text, out var id) ? id : 0).Where(id => id > 0 && Directory.Exists($"/proc/{id}"))];

    private IEnumerable<string> LeftMounts() =>
        File.ReadLines("/proc/self/mounts").Select(line => line.Split(' ')[1]).Where(path => path.StartsWith(_node.PathOf("containerd"), StringComparison.Ordinal)).Reverse().ToList();

    private async Task ImportImageAsync()
    {
        var archive = _node.PathOf("image.tar");
        await OciArchive.WriteAsync(archive, Image, ["/bin/busybox", "sleep", "2147483647"], ("bin/busybox", "/bin/busybox"), ("bin/sh", "/bin/busybox"));
        await ImportAsync(archive);
    }

    /// <summary>Takes the images of an archive.</summary>
    public async Task ImportAsync(string archive) => (await ControlAsync("images", "import", "--snapshotter", "native", archive)).OutputOrThrow();

    /// <summary>Runs a command in a container of an image, whose files cannot be written, as the image's user, until it ends.</summary>
    public Task<CommandResult> RunAsync(string image, string name, params IEnumerable<string> command) =>
        ControlAsync(["run", "--rm", "--read-only", "--snapshotter", "native", image, name, .. command]);

    /// <summary>Names of the images that are here.</summary>
    public async Task<string[]> ImagesAsync() => (await ControlAsync("images", "list", "--quiet")).OutputOrThrow().Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private Task<CommandResult> ControlAsync(params IEnumerable<string> arguments) =>
        Command.RunAsync("ctr", ["--address", SocketOf(_node), "--namespace", "k8s.io", .. arguments]);

    /// <summary>Pods on a bridge of the node, addresses from 10.88.0.0/24: the node's network before the mesh comes.</summary>
    public static async Task PrepareNetworkAsync(LabNode node)
    {
        Directory.CreateDirectory(ConfigurationDirectory(node));
        Directory.CreateDirectory(PluginDirectory(node));
        foreach (var plugin in (string[])["bridge", "host-local", "loopback"]) File.CreateSymbolicLink(Path.Combine(PluginDirectory(node), plugin), $"/usr/lib/cni/{plugin}");
        await File.WriteAllTextAsync(Path.Combine(ConfigurationDirectory(node), "10-bridge.conflist"), $$"""
            {
              "cniVersion": "1.0.0",
              "name": "lab",
              "plugins": [
                {
                  "type": "bridge", "bridge": "cni0", "isGateway": true, "isDefaultGateway": true,
                  "ipam": { "type": "host-local", "dataDir": "{{node.PathOf("addresses")}}", "ranges": [[{ "subnet": "10.88.0.0/24" }]] }
                }
              ]
            }
            """);
    }

    private static string Configuration(LabNode node) => $"""
        version = 2
        root = "{node.PathOf("containerd-root")}"
        state = "{StateOf(node)}"
        disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]

        [grpc]
          address = "{SocketOf(node)}"

        [plugins."io.containerd.grpc.v1.cri"]
          sandbox_image = "{Image}"
          disable_apparmor = true
          restrict_oom_score_adj = true
          [plugins."io.containerd.grpc.v1.cri".containerd]
            snapshotter = "native"
            [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
              runtime_type = "io.containerd.runc.v2"
          [plugins."io.containerd.grpc.v1.cri".cni]
            bin_dir = "{PluginDirectory(node)}"
            conf_dir = "{ConfigurationDirectory(node)}"
        """;

    private static string StateOf(LabNode node) => node.PathOf("containerd-state");

    private static string SocketOf(LabNode node) => node.PathOf("containerd.sock");
}
