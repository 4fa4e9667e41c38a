using Ambient.Lab.Network;

namespace Ambient.Playground.Kubelet;

/// <summary>What a node keeps in files: each has a tree of its own, as the nodes of a lab share one file system.</summary>
public sealed class NodeFiles
{
    private const string StandardPlugins = "/usr/lib/cni";

    private readonly string _root;

    public NodeFiles(LabNode node) => _root = node.Lab.PathOf(node.Name);

    /// <summary>The networks; the runtime takes the first, by name.</summary>
    public string NetworkConfiguration => Path.Combine(_root, "etc/cni/net.d");

    public string NetworkPlugins => Path.Combine(_root, "opt/cni/bin");

    /// <summary>Gone after a reboot, as /run is.</summary>
    public string Run => Path.Combine(_root, "run");

    /// <summary>Survives a reboot.</summary>
    public string State => Path.Combine(_root, "var/lib");

    /// <summary>Where a path of the node is on this machine.</summary>
    internal string OnNode(string path) => Path.Combine(_root, path.TrimStart('/'));

    internal string Sandboxes => Path.Combine(State, "kubelet/sandboxes");

    internal const string PodsPath = "var/lib/kubelet/pods";

    internal string Pods => Path.Combine(_root, PodsPath);

    internal string Logs => Path.Combine(_root, "var/log/pods");

    /// <summary>Makes the tree, with the standard plugins where the runtime looks for plugins.</summary>
    internal void Make()
    {
        foreach (var directory in (ReadOnlySpan<string>)[NetworkConfiguration, NetworkPlugins, Run, Sandboxes, Pods, Logs]) Directory.CreateDirectory(directory);
        foreach (var plugin in Directory.Exists(StandardPlugins) ? Directory.EnumerateFiles(StandardPlugins) : [])
            if (Path.Combine(NetworkPlugins, Path.GetFileName(plugin)) is var link && !File.Exists(link)) File.CreateSymbolicLink(link, plugin);
    }

    /// <summary>Empties what does not survive a reboot.</summary>
    internal void ForgetRun()
    {
        Directory.Delete(Run, recursive: true);
        Directory.CreateDirectory(Run);
    }
}
