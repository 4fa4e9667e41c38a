namespace Ambient.Certificates.Store;

/// <summary>How certificates are fetched and renewed. Set once, before the store is made.</summary>
public sealed class CertificateStoreOptions
{
    /// <summary>Fetches at the same time: 1–256, default 8. More load the authority when a node starts.</summary>
    public int MaxConcurrentFetches { get; set; } = 8;

    /// <summary>Identities held at most, default 8192: far more than pods fit a node; bounds memory.</summary>
    public int MaxIdentities { get; set; } = 8192;

    /// <summary>Longest one call to the authority may take. Default 20 s.</summary>
    public TimeSpan FetchTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Longest a request waits for the first certificate of an identity. Default 10 s.</summary>
    public TimeSpan FirstFetchWait { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Longest a <see cref="FetchPriority.RealTime"/> request waits for a retry that is already on its way when earlier
    /// attempts failed. Default 2 s; zero answers with the last error at once.
    /// </summary>
    public TimeSpan RetryWait { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Pause after the first failure; doubles up to <see cref="MaxBackoff"/>, each varied by 20 %. Default 1 s.</summary>
    public TimeSpan FirstBackoff { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Default 150 s.</summary>
    public TimeSpan MaxBackoff { get; set; } = TimeSpan.FromSeconds(150);

    /// <summary>
    /// Certificates are renewed at a random moment between this part of their life and half of it, 0–0.5, default 0.4: a
    /// node's certificates do not all come due together, and every one outlives an outage of half its life.
    /// </summary>
    public double EarliestRenewal { get; set; } = 0.4;
}
