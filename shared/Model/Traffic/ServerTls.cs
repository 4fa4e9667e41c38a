namespace Ambient.Model.Traffic;

/// <summary>TLS that waypoints begin towards a destination's servers. Immutable, equal by content.</summary>
public sealed record ServerTls
{
    /// <summary>For SNI, and what certificates must be for if there are no <see cref="Names"/>; empty for the service's host.</summary>
    public string ServerName { get; init; } = "";

    /// <summary>DNS names or URIs, of which a certificate must have one.</summary>
    public EquatableArray<string> Names { get; init; }

    /// <summary>Certificate authorities, PEM; empty: those of <see cref="RootsFile"/>.</summary>
    public string Roots { get; init; } = "";

    /// <summary>Where the waypoint finds certificate authorities, PEM; empty: those of its system.</summary>
    public string RootsFile { get; init; } = "";

    /// <summary>Where the waypoint finds its own certificate, and the key of it; both empty for none.</summary>
    public string CertificateFile { get; init; } = "";

    public string KeyFile { get; init; } = "";

    /// <summary>Any certificate will do.</summary>
    public bool AcceptsAnyone { get; init; }
}
