using System.Collections;

namespace Ambient.Ztunnel.Options;

/// <summary>Everything that can be set from outside, read once at start. Nothing else reads the environment.</summary>
/// <remarks>Precedence: a variable of its own > PROXY_CONFIG > the mesh file > the default. Immutable; one part for each concern.</remarks>
internal sealed partial record ZtunnelOptions
{
    /// <summary>Where the mesh file lies, relative to the working directory.</summary>
    public const string MeshFile = "etc/istio/config/mesh";

    public required NodeOptions Node { get; init; }
    public required ListenerOptions Listeners { get; init; }
    public required SocketSettings Sockets { get; init; }
    public required TunnelOptions Tunnels { get; init; }
    public required DiscoveryOptions Discovery { get; init; }
    public required AuthorityOptions Authority { get; init; }
    public required DnsOptions Dns { get; init; }
    public required TelemetryOptions Telemetry { get; init; }
    public required DrainOptions Drain { get; init; }

    /// <summary>Event loops that carry traffic: see <see cref="MeshProxy.Options.WorkerThreads"/>.</summary>
    public required int WorkerThreads { get; init; }

    /// <summary>Reads this process's environment.</summary>
    /// <exception cref="OptionsException">With every mistake that was found.</exception>
    public static ZtunnelOptions FromEnvironment()
    {
        var environment = new Dictionary<string, string>();
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables()) environment[(string)variable.Key] = (string?)variable.Value ?? "";
        return Read(environment, Environment.CurrentDirectory, Environment.ProcessorCount);
    }

    /// <param name="directory">What relative paths start from.</param>
    /// <param name="processors">CPUs of the machine.</param>
    /// <exception cref="OptionsException">With every mistake that was found.</exception>
    public static ZtunnelOptions Read(IReadOnlyDictionary<string, string> environment, string directory, int processors)
    {
        var settings = new SettingsReader(environment);
        var config = ReadProxyConfig(settings, directory);
        var node = NodeOptions.Read(settings, config);
        var options = new ZtunnelOptions
        {
            Node = node,
            Listeners = ListenerOptions.Read(settings, config),
            Sockets = SocketSettings.Read(settings, node.Mode),
            Tunnels = TunnelOptions.Read(settings),
            Discovery = DiscoveryOptions.Read(settings, config, directory),
            Authority = AuthorityOptions.Read(settings, config, directory),
            Dns = DnsOptions.Read(settings, node),
            Telemetry = TelemetryOptions.Read(settings, node),
            Drain = DrainOptions.Read(settings),
            WorkerThreads = MeshProxy.Options.WorkerThreads.Read(settings, "ZTUNNEL", config.Concurrency, processors),
        };
        Validate(settings, options);
        return settings.Mistakes.Count == 0 ? options : throw new OptionsException(settings.Mistakes);
    }

    private static ProxyConfig ReadProxyConfig(SettingsReader settings, string directory)
    {
        var own = settings.Text("PROXY_CONFIG") is { } text ? ProxyConfigReader.ReadConfig(settings, "PROXY_CONFIG", text) : ProxyConfig.Empty;
        var path = Path.Combine(directory, MeshFile);
        if (!File.Exists(path)) return own;

        try { return own.Over(ProxyConfigReader.ReadMesh(settings, path, File.ReadAllText(path))); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            settings.Mistake(path, null, $"exists but cannot be read: {e.Message}");
            return own;
        }
    }

    // What no part can see alone.
    private static void Validate(SettingsReader settings, ZtunnelOptions options)
    {
        if (!options.Node.ProxyEnabled && !options.Dns.Enabled)
            settings.Mistake("ENABLE_PROXY", "false", "with ISTIO_META_DNS_CAPTURE off as well there is nothing to do; set one of them to true");

        if (options.Discovery.OnDemand && options.Dns.Enabled)
            settings.Mistake("XDS_ON_DEMAND", "true", "the DNS proxy must know every service; set ISTIO_META_DNS_CAPTURE to false as well, or leave XDS_ON_DEMAND out");

        var (admin, stats, ready) = (options.Listeners.AdminPort, options.Listeners.StatsPort, ListenerOptions.ReadinessPort);
        if (admin == stats || admin == ready || stats == ready)
            settings.Mistake("PROXY_CONFIG", null, $"proxyAdminPort ({admin}), statsPort ({stats}) and the readiness port ({ready}) must differ");
    }
}
