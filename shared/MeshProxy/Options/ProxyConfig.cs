namespace Ambient.MeshProxy.Options;

/// <summary>What the mesh file and PROXY_CONFIG may say. Null = not said.</summary>
public sealed record ProxyConfig
{
    public static readonly ProxyConfig Empty = new();

    public string? DiscoveryAddress { get; init; }

    public int? AdminPort { get; init; }

    public int? StatsPort { get; init; }

    public int? Concurrency { get; init; }

    /// <summary>Without the <c>ISTIO_META_</c> that some write in front.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>This one where it says something, <paramref name="other"/> elsewhere; metadata key by key.</summary>
    public ProxyConfig Over(ProxyConfig other)
    {
        var metadata = new Dictionary<string, string>(other.Metadata);
        foreach (var (key, value) in Metadata) metadata[key] = value;
        return new()
        {
            DiscoveryAddress = DiscoveryAddress ?? other.DiscoveryAddress,
            AdminPort = AdminPort ?? other.AdminPort,
            StatsPort = StatsPort ?? other.StatsPort,
            Concurrency = Concurrency ?? other.Concurrency,
            Metadata = metadata,
        };
    }
}
