namespace Ambient.Certificates.Service;

/// <summary>How the mesh's authority is reached, and as whom. Set once, before the client is made.</summary>
public sealed class AuthorityClientOptions
{
    /// <summary><c>https://host:port</c>; <c>http://</c> only on loopback.</summary>
    public required Uri Address { get; init; }

    /// <summary>File with the roots that the authority's server is verified by; looked at again before calls, so a changed one is used from the next call on.</summary>
    public string? RootsFile { get; init; }

    /// <summary>The roots as PEM text. With neither this nor <see cref="RootsFile"/> the machine's own are used.</summary>
    public string? RootsPem { get; init; }

    /// <summary>Also accepted as the server's name.</summary>
    public string? AlternativeHostName { get; init; }

    /// <summary>Sent with every call, names in lower case. May hold secrets.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>File with the bearer token, read for every call: it is renewed beneath us.</summary>
    public string? TokenFile { get; init; }

    /// <summary>The token itself. Secret.</summary>
    public string? Token { get; init; }

    /// <summary>Sent as <c>clusterid</c>.</summary>
    public string ClusterId { get; init; } = "Kubernetes";

    /// <summary>Life asked for. Default 24 h.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>True: ask for the identities of others, as a node proxy does for its pods. False: only for the caller's own.</summary>
    public bool Impersonate { get; init; } = true;

    /// <summary>Longest one call may take; the authority is told and gives up too. Default 15 s.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(15);
}
