using Ambient.CniAgent.Install;
using Ambient.Hosting.Options;
using Ambient.Kubernetes.Configuration;

namespace Ambient.CniAgent.PodWatch;

/// <summary>What only matters when pods come from the Kubernetes API.</summary>
internal sealed record ClusterOptions
{
    public required string NodeName { get; init; }

    /// <summary>The agent's own namespace.</summary>
    public required string AgentNamespace { get; init; }

    /// <summary>Where ztunnel and the control plane run.</summary>
    public required string SystemNamespace { get; init; }

    /// <summary>Pods of these are never enrolled.</summary>
    public required IReadOnlySet<string> ExcludedNamespaces { get; init; }

    /// <summary>A pod that any of them selects is to be in the mesh.</summary>
    public required IReadOnlyList<EnablementSelector> Selectors { get; init; }

    /// <summary>Directory of the plugin's socket.</summary>
    public required string RunDirectory { get; init; }

    /// <summary>Outlives a reboot.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>Null if somebody else installs the plugin.</summary>
    public required InstallOptions? Install { get; init; }

    public required string? Kubeconfig { get; init; }

    public required string? ServiceHost { get; init; }

    public required string? ServicePort { get; init; }

    public string PluginSocket => Path.Combine(RunDirectory, "pluginevent.sock");

    public static ClusterOptions Read(SettingsReader settings)
    {
        var options = new ClusterOptions
        {
            NodeName = settings.Text("NODE_NAME", ""),
            AgentNamespace = settings.Text("POD_NAMESPACE", "istio-system"),
            SystemNamespace = settings.Text("SYSTEM_NAMESPACE", "istio-system"),
            ExcludedNamespaces = (settings.RawText("EXCLUDE_NAMESPACES") ?? "kube-system")
                .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal),
            Selectors = ReadSelectors(settings),
            RunDirectory = AgentOptions.AbsolutePath(settings, "CNI_AGENT_RUN_DIR", "/var/run/istio-cni"),
            StateDirectory = AgentOptions.AbsolutePath(settings, "AGENT_STATE_DIR", "/var/lib/ambient"),
            Install = settings.Bool("CNI_INSTALL", true) ? InstallOptions.Read(settings) : null,
            Kubeconfig = settings.Text("KUBECONFIG"),
            ServiceHost = settings.Text("KUBERNETES_SERVICE_HOST"),
            ServicePort = settings.Text("KUBERNETES_SERVICE_PORT"),
        };
        AgentOptions.RequireSocketLength(settings, "CNI_AGENT_RUN_DIR", options.PluginSocket);
        if (options.NodeName.Length == 0)
            settings.Mistake("NODE_NAME", null, "the node's name is needed, from the downward API (spec.nodeName)");
        if (options.Kubeconfig is null && (options.ServiceHost is null || options.ServicePort is null))
            settings.Mistake("KUBECONFIG", null, "outside a cluster it must name a kubeconfig file; within one, KUBERNETES_SERVICE_HOST and _PORT are set by the kubelet");
        return options;
    }

    private static IReadOnlyList<EnablementSelector> ReadSelectors(SettingsReader settings)
    {
        const string Name = "AMBIENT_ENABLEMENT_SELECTOR";
        if (settings.Text(Name) is not { } text)
            return EnablementSelector.Default;
        try
        {
            return EnablementSelector.Parse(text);
        }
        catch (ConfigurationException error)
        {
            settings.Mistake(Name, text, $"a YAML list of podSelector and namespaceSelector is needed: {error.Message}");
            return [];
        }
    }

    /// <exception cref="ConfigurationException">It cannot be read or used.</exception>
    public ApiConfiguration OpenApi(TimeProvider time) => Kubeconfig is { } path
        ? ApiConfiguration.FromKubeconfig(path, time)
        : ApiConfiguration.InCluster(ServiceHost, ServicePort, time);
}
