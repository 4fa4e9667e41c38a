namespace Ambient.Ztunnel.Dns;

/// <summary>What the DNS proxies of all pods have in common.</summary>
internal sealed record DnsSettings
{
    /// <summary>Domain of the cluster's own names: lower case, no trailing dot. Default "cluster.local".</summary>
    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>False answers questions for IPv6 addresses of mesh names with none. Default true.</summary>
    public bool IPv6Enabled { get; init; } = true;

    /// <summary>Wins where several namespaces define a name and neither the client's namespace nor a canonical one does.</summary>
    public string? PreferredServiceNamespace { get; init; }

    /// <summary>The clients' search list; null takes the one that Kubernetes gives to the pods of each namespace.</summary>
    public IReadOnlyList<string>? Search { get; init; }

    /// <summary>What one forwarded query may take in all. Default 5 s: longer than that, clients ask again themselves.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
