using Ambient.Model.Identities;

namespace Ambient.Certificates.Store;

/// <summary>Who goes first when fetches queue.</summary>
public enum FetchPriority
{
    /// <summary>A connection waits for it.</summary>
    RealTime,

    /// <summary>A pod came to this node and will need it soon.</summary>
    Warmup,

    /// <summary>Renewal and retries.</summary>
    Background,
}

/// <summary>What the store can say about an identity.</summary>
public enum CertificateState
{
    /// <summary>The first fetch is queued or running.</summary>
    Initializing,

    /// <summary>There is a valid certificate.</summary>
    Available,

    /// <summary>The last fetch failed and nothing valid is left; it is retried.</summary>
    Unavailable,
}

/// <summary>One identity as the configuration dump shows it: no secrets.</summary>
/// <param name="Error">Why the last fetch failed; may stand beside a certificate that is still valid.</param>
/// <param name="NextFetch">When the next fetch starts; null while one is queued or running.</param>
public sealed record CertificateStatus(
    SpiffeId Identity, CertificateState State, string? Error, DateTimeOffset? NextFetch,
    IReadOnlyList<CertificateDetails> Chain, IReadOnlyList<CertificateDetails> Roots);
