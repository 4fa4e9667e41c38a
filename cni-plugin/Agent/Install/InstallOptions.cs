using Ambient.Hosting.Options;

namespace Ambient.CniAgent.Install;

/// <summary>Where the plugin is installed on the node.</summary>
internal sealed record InstallOptions
{
    /// <summary>Directory of CNI configurations; the first file in it is the one that the runtime uses.</summary>
    public required string ConfigurationDirectory { get; init; }

    /// <summary>Directory of CNI plugins.</summary>
    public required string BinaryDirectory { get; init; }

    /// <summary>Name of the configuration file; null for the first.</summary>
    public required string? ConfigurationName { get; init; }

    /// <summary>While this DaemonSet exists, a stopping agent is only being replaced and leaves everything installed.</summary>
    public required string DaemonSet { get; init; }

    /// <summary>The plugin as it came with the agent.</summary>
    public string Binary { get; init; } = Path.Combine(AppContext.BaseDirectory, ConflistEditor.PluginType);

    public static InstallOptions Read(SettingsReader settings)
    {
        var name = settings.Text("CNI_CONF_NAME");
        if (name is not null && name != Path.GetFileName(name))
            settings.Mistake("CNI_CONF_NAME", name, "the name of a file in MOUNTED_CNI_NET_DIR is needed, without directory");
        return new InstallOptions
        {
            ConfigurationDirectory = AgentOptions.AbsolutePath(settings, "MOUNTED_CNI_NET_DIR", "/host/etc/cni/net.d"),
            BinaryDirectory = AgentOptions.AbsolutePath(settings, "MOUNTED_CNI_BIN_DIR", "/host/opt/cni/bin"),
            ConfigurationName = name,
            DaemonSet = settings.Text("CNI_DAEMONSET", "istio-cni-node"),
        };
    }
}
