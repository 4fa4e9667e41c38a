using System.Collections;
using System.Net;
using System.Text;
using Ambient.CniAgent.PodWatch;
using Ambient.Hosting.Logging;
using Ambient.Hosting.Options;

namespace Ambient.CniAgent;

/// <summary>Everything that can be set from outside, read once at start. Nothing else reads the environment.</summary>
internal sealed record AgentOptions
{
    public const string Usage =
        """
        ambient-agent: everything is set by environment variables; see ARCHITECTURE.md, "Pods". "ambient-agent version" prints the version.

          NODE_NAME                     this node, as its pods name it (required, unless POD_DIRECTORY is set)
          KUBECONFIG                    outside a cluster: how to reach the Kubernetes API
          POD_NAMESPACE                 the agent's own namespace (default istio-system)
          SYSTEM_NAMESPACE              where ztunnel and the control plane run (default istio-system)
          EXCLUDE_NAMESPACES            comma separated: pods of these are never enrolled (default kube-system)
          AMBIENT_ENABLEMENT_SELECTOR   which pods are enrolled: a YAML list of podSelector and namespaceSelector (default: the label istio.io/dataplane-mode)
          HOST_ROOT                     prefix of the node's own paths (default /host)
          HOST_NETNS                    the node's own network namespace (default HOST_ROOT/proc/1/ns/net; this process's own if HOST_ROOT is /)
          ZTUNNEL_UDS_ADDRESS           socket for node proxies (default /var/run/ztunnel/ztunnel.sock)
          CNI_AGENT_RUN_DIR             the plugin's socket lies in it (default /var/run/istio-cni)
          AGENT_STATE_DIR               what has to outlive a reboot (default /var/lib/ambient)
          CNI_INSTALL                   false leaves the CNI configuration and binary alone (default true)
          MOUNTED_CNI_NET_DIR           CNI configuration (default /host/etc/cni/net.d)
          MOUNTED_CNI_BIN_DIR           CNI plugins (default /host/opt/cni/bin)
          CNI_CONF_NAME                 this configuration file instead of the first
          CNI_DAEMONSET                 the agent's DaemonSet: without it, the agent uninstalls when it stops (default istio-cni-node)
          AMBIENT_DNS_CAPTURE           whether pods without annotation have their DNS captured (default true)
          AMBIENT_EXISTING_CONNECTIONS  keep or reset those that a running pod has when it is enrolled (default keep)
          AUDIT_INTERVAL                how often an enrolled pod is looked at and repaired, 1s to 1h (default 30s)
          MONITORING_ADDRESS            /metrics and /healthz/ready (default 0.0.0.0:15014; off for none)
          LOG_FORMAT                    plain or json (default plain)
          LOG_LEVEL                     for example info, or info,zds=debug (default info)
          POD_DIRECTORY                 instead of the Kubernetes API: each NAME.json in it is a pod to enrol
        """;

    /// <summary>Where pods come from instead of the Kubernetes API; null if they come from there.</summary>
    public required string? PodDirectory { get; init; }

    /// <summary>Null if <see cref="PodDirectory"/> is set.</summary>
    public required ClusterOptions? Cluster { get; init; }

    public required string ZdsPath { get; init; }

    public required string HostRoot { get; init; }

    /// <summary>The node's own network namespace; its addresses are where the kubelet's probes come from.</summary>
    public required string HostNetns { get; init; }

    public required bool CaptureDns { get; init; }

    /// <summary>Connections from before the enrolment of a running pod go on, in plaintext as they began, until they end.</summary>
    public required bool KeepsConnections { get; init; }

    public required TimeSpan AuditInterval { get; init; }

    /// <summary>Where metrics and health are served; null if they are not.</summary>
    public required IPEndPoint? Pages { get; init; }

    public required LogFormat LogFormat { get; init; }

    public required LogFilter LogFilter { get; init; }

    /// <exception cref="OptionsException">With every mistake that was found.</exception>
    public static AgentOptions FromEnvironment()
    {
        var environment = new Dictionary<string, string>();
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
            environment[(string)variable.Key] = (string?)variable.Value ?? "";
        return Read(environment);
    }

    /// <exception cref="OptionsException">With every mistake that was found.</exception>
    public static AgentOptions Read(IReadOnlyDictionary<string, string> environment)
    {
        var settings = new SettingsReader(environment);
        var directory = settings.Text("POD_DIRECTORY");
        var root = AbsolutePath(settings, "HOST_ROOT", directory is null ? "/host" : "/");
        var options = new AgentOptions
        {
            PodDirectory = directory is null ? null : Path.GetFullPath(directory),
            Cluster = directory is null ? ClusterOptions.Read(settings) : null,
            ZdsPath = ReadSocket(settings),
            HostRoot = root,
            // Who sees the node's own root is on the node itself, in its network.
            HostNetns = AbsolutePath(settings, "HOST_NETNS", root == "/" ? "/proc/self/ns/net" : Path.Join(root, "proc/1/ns/net")),
            CaptureDns = settings.Bool("AMBIENT_DNS_CAPTURE", true),
            KeepsConnections = settings.Choice("AMBIENT_EXISTING_CONNECTIONS", ("keep", true), ("reset", false)),
            AuditInterval = settings.Duration("AUDIT_INTERVAL", TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
            Pages = ReadPages(settings, directory is null ? "0.0.0.0:15014" : "off"),
            LogFormat = settings.Choice("LOG_FORMAT", ("plain", LogFormat.Plain), ("json", LogFormat.Json)),
            LogFilter = ReadLogFilter(settings),
        };
        return settings.Mistakes.Count == 0 ? options : throw new OptionsException(settings.Mistakes);
    }

    internal static string AbsolutePath(SettingsReader settings, string name, string fallback)
    {
        var path = settings.Text(name, fallback);
        if (!Path.IsPathRooted(path))
            settings.Mistake(name, path, "an absolute path is needed");
        return path;
    }

    /// <summary>A mistake if <paramref name="path"/> is longer than a Unix socket's may be.</summary>
    internal static void RequireSocketLength(SettingsReader settings, string name, string path)
    {
        const int MaxPath = 107; // sockaddr_un, unix(7)
        if (Encoding.UTF8.GetByteCount(path) > MaxPath)
            settings.Mistake(name, path, $"a Unix socket's path has at most {MaxPath} bytes");
    }

    private static string ReadSocket(SettingsReader settings)
    {
        const string Name = "ZTUNNEL_UDS_ADDRESS";
        var path = AbsolutePath(settings, Name, "/var/run/ztunnel/ztunnel.sock");
        RequireSocketLength(settings, Name, path);
        return path;
    }

    private static IPEndPoint? ReadPages(SettingsReader settings, string fallback)
    {
        var text = settings.Text("MONITORING_ADDRESS", fallback);
        if (text == "off")
            return null;
        if (!IPEndPoint.TryParse(text, out var address) || address.Port == 0)
            settings.Mistake("MONITORING_ADDRESS", text, "an address with port is needed, such as 127.0.0.1:15014, or off");
        return address;
    }

    private static LogFilter ReadLogFilter(SettingsReader settings)
    {
        var text = settings.Text("LOG_LEVEL", "info");
        try
        {
            return LogFilter.Parse(text);
        }
        catch (FormatException error)
        {
            settings.Mistake("LOG_LEVEL", text, error.Message);
            return LogFilter.Parse("info");
        }
    }
}
