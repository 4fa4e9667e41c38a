namespace Ambient.Tls;

/// <summary>How TLS is begun towards servers that are not of the mesh.</summary>
public sealed record OriginSettings
{
    /// <summary>Sent as SNI if it is a host name; the certificate must be for it, unless there are <see cref="Names"/>. A host name or an IP address.</summary>
    public required string ServerName { get; init; }

    /// <summary>DNS names and URIs of which the certificate must have one; empty for the server's name.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>PEM; null trusts what the system trusts.</summary>
    public string? Roots { get; init; }

    /// <summary>Our certificate and those that lead from it to a root, PEM; null for none.</summary>
    public string? Certificates { get; init; }

    /// <summary>Of the first of <see cref="Certificates"/>, PEM.</summary>
    public string? Key { get; init; }

    /// <summary>Any certificate will do, as users sometimes ask for: whoever stands between reads along.</summary>
    public bool AcceptsAnyone { get; init; }
}
