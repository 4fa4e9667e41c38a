namespace Ambient.MeshProxy.Options;

public enum ProxyMode
{
    /// <summary>One proxy for all captured pods of a node; sockets are made inside each pod's network namespace.</summary>
    Shared,

    /// <summary>One proxy for one workload, in the namespace it was started in.</summary>
    Dedicated,
}

/// <param name="Name">Of the pod or machine.</param>
public sealed record DedicatedWorkload(string Namespace, string Name, string ServiceAccount);

/// <summary>Who and where we are.</summary>
public sealed record NodeOptions
{
    /// <summary>PROXY_MODE: shared (default) or dedicated.</summary>
    public ProxyMode Mode { get; init; }

    /// <summary>PROXY_WORKLOAD_INFO, <c>namespace/name/service-account</c>: whom a dedicated proxy serves, null in shared mode.</summary>
    public DedicatedWorkload? Workload { get; init; }

    /// <summary>ENABLE_PROXY: carry traffic. Default true; false leaves DNS alone.</summary>
    public bool ProxyEnabled { get; init; } = true;

    /// <summary>NETWORK: id of our network. Default empty.</summary>
    public string Network { get; init; } = "";

    /// <summary>NODE_NAME: null takes every workload for local but fetches no certificate ahead.</summary>
    public string? NodeName { get; init; }

    /// <summary>ISTIO_META_CLUSTER_ID, then CLUSTER_ID. Default Kubernetes.</summary>
    public string ClusterId { get; init; } = "Kubernetes";

    /// <summary>CLUSTER_DOMAIN, as names are compared: lower case, no trailing dot. Default cluster.local.</summary>
    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>TRUST_DOMAIN: of our own identity only, on the listener for the proxy itself. Default cluster.local.</summary>
    public string TrustDomain { get; init; } = "cluster.local";

    /// <summary>POD_NAME, POD_NAMESPACE, SERVICE_ACCOUNT: all three enable the listener for the proxy itself.</summary>
    public string? PodName { get; init; }

    public string? PodNamespace { get; init; }

    public string? ServiceAccount { get; init; }

    /// <summary>INSTANCE_IP: our address as told to the control plane. Default 1.1.1.1.</summary>
    public string InstanceIp { get; init; } = "1.1.1.1";

    /// <summary>ISTIO_META_*, over the proxy configuration's proxyMetadata; names without the prefix.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>ISTIO_METAJSON_*: JSON texts, by name without the prefix.</summary>
    public IReadOnlyDictionary<string, string> JsonMetadata { get; init; } = new Dictionary<string, string>();

    public bool ServesItself => PodName is not null && PodNamespace is not null && ServiceAccount is not null;

    public static NodeOptions Read(SettingsReader settings, ProxyConfig config)
    {
        var metadata = new Dictionary<string, string>(config.Metadata);
        foreach (var (name, value) in settings.StartingWith("ISTIO_META_")) metadata[name] = value;
        var mode = settings.Choice("PROXY_MODE", ("shared", ProxyMode.Shared), ("dedicated", ProxyMode.Dedicated));
        return new()
        {
            Mode = mode,
            Workload = ReadWorkload(settings, mode),
            ProxyEnabled = settings.Bool("ENABLE_PROXY", true),
            Network = settings.Text("NETWORK", ""),
            NodeName = settings.Text("NODE_NAME"),
            ClusterId = NotEmpty(metadata.GetValueOrDefault("CLUSTER_ID")) ?? settings.Text("CLUSTER_ID", "Kubernetes"),
            ClusterDomain = settings.Text("CLUSTER_DOMAIN", "cluster.local").TrimEnd('.').ToLowerInvariant(),
            TrustDomain = ReadTrustDomain(settings),
            PodName = settings.Text("POD_NAME"),
            PodNamespace = settings.Text("POD_NAMESPACE"),
            ServiceAccount = settings.Text("SERVICE_ACCOUNT"),
            InstanceIp = ReadInstanceIp(settings),
            Metadata = metadata,
            JsonMetadata = ReadJsonMetadata(settings),
        };
    }

    private static DedicatedWorkload? ReadWorkload(SettingsReader settings, ProxyMode mode)
    {
        const string name = "PROXY_WORKLOAD_INFO";
        var text = settings.Text(name);
        if (text is null && mode == ProxyMode.Dedicated)
            settings.Mistake(name, null, "PROXY_MODE dedicated needs it: namespace/name/service-account");
        if (text is null) return null;

        var parts = text.Split('/');
        if (parts.Length == 3 && parts.All(part => part.Length is > 0 and <= 253)) return new(parts[0], parts[1], parts[2]);
        settings.Mistake(name, text, "allowed is namespace/name/service-account");
        return null;
    }

    private static string ReadTrustDomain(SettingsReader settings)
    {
        var domain = settings.Text("TRUST_DOMAIN", "cluster.local");
        if (domain.Contains('/') || domain.Length > 255)
            settings.Mistake("TRUST_DOMAIN", domain, "allowed is a domain name without '/', at most 255 characters");
        return domain;
    }

    private static string ReadInstanceIp(SettingsReader settings)
    {
        var ip = settings.Text("INSTANCE_IP", "1.1.1.1");
        if (!System.Net.IPAddress.TryParse(ip, out _)) settings.Mistake("INSTANCE_IP", ip, "allowed is an IP address");
        return ip;
    }

    private static Dictionary<string, string> ReadJsonMetadata(SettingsReader settings)
    {
        var all = settings.StartingWith("ISTIO_METAJSON_");
        foreach (var (name, text) in all)
            if (!IsJson(text)) settings.Mistake($"ISTIO_METAJSON_{name}", text, "must be JSON");
        return all;
    }

    private static bool IsJson(string text)
    {
        var reader = new System.Text.Json.Utf8JsonReader(System.Text.Encoding.UTF8.GetBytes(text));
        try
        {
            while (reader.Read()) { }
            return true;
        }
        catch (System.Text.Json.JsonException) { return false; }
    }

    private static string? NotEmpty(string? text) => text is { Length: > 0 } ? text : null;
}
