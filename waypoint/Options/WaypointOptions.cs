using System.Collections;
using Ambient.Model.Identities;
using Ambient.Model.Routes;
using Ambient.Model.Workloads;

namespace Ambient.Waypoint.Options;

public enum AccessLogFormat { Off, Text, Json }

/// <summary>Everything that can be set from outside, read once at start. Nothing else reads the environment.</summary>
/// <remarks>Variables that ztunnel has too mean the same here. Immutable; one part for each concern.</remarks>
internal sealed record WaypointOptions
{
    public const ushort HbonePort = 15008, AdminPort = 15000, StatsPort = 15020, ReadinessPort = 15021;

    public required NodeOptions Node { get; init; }
    public required TunnelOptions Tunnels { get; init; }
    public required DiscoveryOptions Discovery { get; init; }
    public required AuthorityOptions Authority { get; init; }
    public required TelemetryOptions Telemetry { get; init; }
    public required DrainOptions Drain { get; init; }

    /// <summary>Event loops that carry traffic: see <see cref="MeshProxy.Options.WorkerThreads"/>, with the prefix WAYPOINT.</summary>
    public required int WorkerThreads { get; init; }

    /// <summary>GATEWAY_NAME: the Gateway that this is an instance of, in POD_NAMESPACE.</summary>
    public required string Gateway { get; init; }

    /// <summary>ACCESS_LOG: off (default), text (Istio's default format) or json.</summary>
    public AccessLogFormat AccessLog { get; init; }

    /// <summary>PATH_NORMALIZATION: none, base, merge-slashes (default) or decode-and-merge-slashes.</summary>
    public PathNormalization Paths { get; init; } = PathNormalization.MergeSlashes;

    /// <summary>XFCC_CLIENT_IDENTITY: tell servers the client's identity in x-forwarded-client-cert. Default false; what clients send is never passed on.</summary>
    public bool TellsClientIdentity { get; init; }

    /// <summary>Who we are: SERVICE_ACCOUNT of POD_NAMESPACE in TRUST_DOMAIN.</summary>
    public SpiffeId Identity => new(Node.TrustDomain, Node.PodNamespace!, Node.ServiceAccount!);

    /// <summary><c>namespace/name</c>.</summary>
    public string GatewayKey => $"{Node.PodNamespace}/{Gateway}";

    /// <summary>WAYPOINT_SERVICE: the Service in front of our instances. Default: of the Gateway's name.</summary>
    public required string ServiceName { get; init; }

    /// <summary>The same as others refer to us.</summary>
    public ServiceKey Service => new(Node.PodNamespace!, $"{ServiceName}.{Node.PodNamespace}.svc.{Node.ClusterDomain}");

    /// <summary>Reads this process's environment.</summary>
    /// <exception cref="OptionsException">With every mistake that was found.</exception>
    public static WaypointOptions FromEnvironment()
    {
        var environment = new Dictionary<string, string>();
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables()) environment[(string)variable.Key] = (string?)variable.Value ?? "";
        return Read(environment, Environment.CurrentDirectory, Environment.ProcessorCount);
    }

    /// <param name="directory">What relative paths start from.</param>
    /// <param name="processors">CPUs of the machine.</param>
    /// <exception cref="OptionsException">With every mistake that was found.</exception>
    public static WaypointOptions Read(IReadOnlyDictionary<string, string> environment, string directory, int processors)
    {
        var settings = new SettingsReader(environment);
        var config = settings.Text("PROXY_CONFIG") is { } text ? ProxyConfigReader.ReadConfig(settings, "PROXY_CONFIG", text) : ProxyConfig.Empty;
        var node = NodeOptions.Read(settings, config) with { Mode = ProxyMode.Dedicated };
        foreach (var name in (string[])["GATEWAY_NAME", "POD_NAME", "POD_NAMESPACE", "SERVICE_ACCOUNT", "INSTANCE_IP"])
            if (settings.Text(name) is null) settings.Mistake(name, null, "a waypoint needs it to know who it is");
        var options = new WaypointOptions
        {
            Node = node,
            Gateway = settings.Text("GATEWAY_NAME", ""),
            ServiceName = settings.Text("WAYPOINT_SERVICE") ?? settings.Text("GATEWAY_NAME", ""),
            Tunnels = TunnelOptions.Read(settings),
            Discovery = DiscoveryOptions.Read(settings, config, directory),
            Authority = AuthorityOptions.Read(settings, config, directory),
            Telemetry = TelemetryOptions.Read(settings, node),
            Drain = DrainOptions.Read(settings),
            WorkerThreads = MeshProxy.Options.WorkerThreads.Read(settings, "WAYPOINT", config.Concurrency, processors),
            AccessLog = settings.Choice("ACCESS_LOG", ("off", AccessLogFormat.Off), ("text", AccessLogFormat.Text), ("json", AccessLogFormat.Json)),
            Paths = settings.Choice("PATH_NORMALIZATION", ("merge-slashes", PathNormalization.MergeSlashes), ("base", PathNormalization.Base),
                ("none", PathNormalization.None), ("decode-and-merge-slashes", PathNormalization.DecodeAndMergeSlashes)),
            TellsClientIdentity = settings.Bool("XFCC_CLIENT_IDENTITY", false),
        };
        if (options.Discovery.Address is null) settings.Mistake("XDS_ADDRESS", "", "a waypoint knows nothing without its control plane");
        return settings.Mistakes.Count == 0 ? options : throw new OptionsException(settings.Mistakes);
    }
}
