namespace Ambient.Certificates.Authority;

/// <summary>How a development authority is made. Set once, before it is opened.</summary>
public sealed class LocalAuthorityOptions
{
    /// <summary>The only trust domain whose identities are signed; null signs for every one. Default cluster.local.</summary>
    public string? TrustDomain { get; set; } = "cluster.local";

    /// <summary>Sign with an intermediate below the root instead of the root itself. Only read when the authority is made.</summary>
    public bool WithIntermediate { get; set; }

    /// <summary>Life of the root and intermediate. Default 3650 days.</summary>
    public TimeSpan AuthorityLifetime { get; set; } = TimeSpan.FromDays(3650);

    /// <summary>Longest life of a workload's certificate; longer requests are cut. Default 24 h, at least 1 s.</summary>
    public TimeSpan MaxLeafLifetime { get; set; } = TimeSpan.FromHours(24);
}
